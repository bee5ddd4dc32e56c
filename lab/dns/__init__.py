"""The demo's name server: enough of RFC 1034 and 2136 to be asked and updated, with TSIG checked (dnspython).

Tests of what the portal does with a name server run against Knot; this one only lets the demo show it live.
"""
