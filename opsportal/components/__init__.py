"""Shared pieces of the interface: pure functions of Vars."""
