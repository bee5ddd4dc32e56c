"""The rack of real parts: each machine is a QEMU virtual machine behind OpenIPMI's `ipmi_sim`.

`python -m lab.qemu serve --state DIR --servers N` runs it; `DIR/fleet.json` lists the servers once their BMCs
answer, in the form of `lab.bmcs`. `packages` and `images` build what the machines boot and install.
Nothing here needs root, and nothing is left behind: see `supervisor`.
"""
