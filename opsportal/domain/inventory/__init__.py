"""Where machines stand, what they are made of, and whether they may be let."""
