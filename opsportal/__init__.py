"""opsportal: the client portal of a hosting company or data centre."""
