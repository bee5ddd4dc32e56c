"""Thin Reflex states: parse, ask the domain, keep a view."""
