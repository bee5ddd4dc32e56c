"""Putting systems on servers: what is offered, what is ordered, what the machine fetches and reports."""
