"""The console gateway: the one process that connects browsers' consoles with BMCs. `python -m workers.consoles`"""
