"""metis-tui: a terminal chat client for scientific inference services."""

__version__ = "0.1.0"
