"""The portal's own machinery: what is out of order, and who is told."""
