"""Tickets as clients and staff see them, and the archive of mails."""
