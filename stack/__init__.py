"""One machine runs everything: embedded databases, secrets, frontend build, supervisor, demo."""
