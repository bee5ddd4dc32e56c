"""Servers and the jobs that act on them."""
