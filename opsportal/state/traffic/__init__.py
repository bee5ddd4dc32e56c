"""Traffic as clients and staff see it, and the pollers behind it."""
