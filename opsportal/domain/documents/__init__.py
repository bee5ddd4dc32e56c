"""Issued documents on paper: how they are worded, and the PDFs that are kept of them."""
