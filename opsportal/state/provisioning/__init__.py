"""The Reinstall tab of a server: what can be installed, what is being done, what was done."""
