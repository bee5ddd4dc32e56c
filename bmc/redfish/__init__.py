"""Redfish (DMTF DSP0266) by pyghmi's Redfish `Command`, which only ever runs in a disposable child process.

`control` runs in the caller's process and never imports pyghmi; `child`, `actions`, `commands`,
`connections` and `failures` run in the child. One child speaks to one BMC, one request after the other.
Whatever a BMC links to, only the address and certificate of its endpoint are ever spoken to.
"""
