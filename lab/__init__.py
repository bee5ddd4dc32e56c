"""A data centre on a laptop: hardware that answers real protocols and fails on request.

Nothing uses `lab`; it may use everything.
"""
