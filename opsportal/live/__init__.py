"""What changed → which open pages show it → one coalesced push. Nothing polls."""
