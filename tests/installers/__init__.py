"""Distributions' own installers, run for real: `make installers`, never part of `make test` (see docs/lab.md)."""
