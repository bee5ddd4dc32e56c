"""What runs on the host of the boot network's DHCP server."""
