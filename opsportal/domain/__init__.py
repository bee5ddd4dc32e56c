"""The rules. Plain synchronous Python over the models: no web, queue or hardware library in here."""
