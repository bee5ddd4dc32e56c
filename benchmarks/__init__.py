"""Measurements beside a peer, in one run on one machine: `make bench`, or `make bench ONLY=name`."""
