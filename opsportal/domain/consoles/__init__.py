"""Consoles: who may watch a server's serial port or screen, who types, and when that ends."""
