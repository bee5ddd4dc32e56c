"""Bytes: from counters of switches to graphs and figures that money is counted by.

Counters and samples speak the *switch's* words: its "in" came from the server. What people see is named from
the *server's* side. The one place that turns the one into the other is `directions`.
"""
