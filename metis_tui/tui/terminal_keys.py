"""Key sequences that Textual does not tell apart by itself. The one place that touches its table of sequences."""

from __future__ import annotations

from types import SimpleNamespace


def teach_alt_enter() -> bool:
    """Makes Alt+Enter (ESC CR in plain terminals) a key of its own; it arrives as Enter otherwise, and would send.

    The table is private to Textual, so this steps aside, returning False, when it is not what it was.
    """
    try:
        from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
    except ImportError:
        return False
    if not isinstance(ANSI_SEQUENCES_KEYS, dict) or not isinstance(ANSI_SEQUENCES_KEYS.get("\r"), tuple):
        return False
    ANSI_SEQUENCES_KEYS.setdefault("\x1b\r", (SimpleNamespace(value="alt+enter"),))
    return True


def plain_key_name(key: str) -> str:
    """xterm's modifyOtherKeys makes Shift+Enter arrive as "shift+" and a carriage return; other keys stay."""
    return key[:-1] + "enter" if key.endswith("+\r") else key
