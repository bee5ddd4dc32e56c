"""The inventory: racks, parts, stock, intake, labels and the aisle."""
