"""The voice provider thinnest.ai: its HTTP, its words and its webhooks, and nothing of ours.

httpx lives only in wire.py and failures.py; everything else is pure translation into core/calls.py.
"""
