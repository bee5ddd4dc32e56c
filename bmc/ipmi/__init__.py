"""IPMI v2.0 by pyghmi, which only ever runs in child processes that can be thrown away.

pyghmi keeps sockets, sessions and locks in module globals, makes forked children hang once its parent
has used it, and after a BMC has hung mid-session even a new session in that process fails. So `control`
and `fleet` run here, in the caller's process, and never import it; `child`, `visits`, `sessions` and
`failures` run in the child.
"""
