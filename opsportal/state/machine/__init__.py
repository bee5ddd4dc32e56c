"""Cards of a server's overview: health, block, description with sign-in data; and the ports of switches."""
