"""Widgets: projections of state that others own. Data comes in by calls, news goes out as messages."""
