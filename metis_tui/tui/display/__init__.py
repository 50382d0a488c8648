"""The frugal display: a copy of the terminal's cells, so that an update writes only what differs.

`frugal` joins the parts and is the only one that knows Textual's updates; the others are pure: pens (styles),
cells (rows), scrolling (rows that moved), painting (the fewest bytes), pace and window (how much the line takes).
"""
