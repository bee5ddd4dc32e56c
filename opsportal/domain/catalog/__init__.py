"""What clients have ordered."""
