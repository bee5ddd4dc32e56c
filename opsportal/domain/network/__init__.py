"""Prefixes, addresses and reverse DNS."""

from opsportal.domain.network.addresses import addresses_of, main_address, main_interface
from opsportal.domain.network.reverse import set_reverse

__all__ = ["addresses_of", "main_address", "main_interface", "set_reverse"]
