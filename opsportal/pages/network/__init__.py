"""The Network tab of a server, and the page of prefixes."""
