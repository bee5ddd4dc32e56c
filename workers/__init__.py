"""Workers: they carry out on real hardware what the domain has decided, and report what they learn."""
