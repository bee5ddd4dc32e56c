"""The console tab's state."""
