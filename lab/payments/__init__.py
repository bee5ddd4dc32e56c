"""A payment gateway on a laptop: localstripe as a process of its own, behind a proxy of ours that breaks things.

localstripe (GPL) is only ever started by command and spoken to over HTTP; nothing here imports it.
"""
