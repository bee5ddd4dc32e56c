"""The traffic tab of a server, the dashboard's tile and the page of pollers."""
