"""The inventory on pages: racks, parts, stock, labels, and one action for many servers."""
