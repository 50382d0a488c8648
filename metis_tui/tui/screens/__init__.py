"""Screens: each composes widgets and answers their messages."""
