"""What the application is about: conversations, turns, served models and failures.

Pure Python and headless. Knows nothing of HTTP, files, Globus or widgets.
"""
