"""The portal as people meet it: the real demo, its production build, a real browser."""
