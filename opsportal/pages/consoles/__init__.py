"""The console tab of the server page."""
