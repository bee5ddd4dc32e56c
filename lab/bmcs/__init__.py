"""Virtual BMCs on loopback: each answers RMCP+ on its own UDP port and owns a machine that boots.

`python -m lab.bmcs serve --state DIR --servers N` runs them, `DIR/fleet.json` lists them once they answer,
and `lab.bmcs.client` (or the command line) asks about machines and breaks them on purpose.

Only `bmc`, `sessions` and `sol` import pyghmi. The client does not, so it is safe in any process.
"""
