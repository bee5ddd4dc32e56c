"""The Reinstall tab of a server."""
