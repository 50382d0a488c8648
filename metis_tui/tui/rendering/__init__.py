"""Turns Markdown source into styled lines at a width. Pure: knows nothing of widgets, apps or conversations."""
