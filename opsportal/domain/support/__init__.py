"""Tickets: what clients ask, what staff answer, and what staff note among themselves."""
