"""The demo's switches: snmpsim (BSD licence) with running counters, and which server hangs on which port."""
