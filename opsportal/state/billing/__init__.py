"""States of what people see of money."""
