"""Saved conversations on disk: append-only JSON Lines, one file per conversation and kernel boot, never rewritten.

Knows files and threads. Knows nothing of HTTP, Globus or widgets.
"""
