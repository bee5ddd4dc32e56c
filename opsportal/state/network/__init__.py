"""Addresses, reverse DNS and prefixes as pages show them."""
