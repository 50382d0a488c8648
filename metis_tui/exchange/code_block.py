"""Puts text into a Markdown code block that nothing in it can end. Pure."""

from __future__ import annotations

import re


def code_block(text: str, language: str = "") -> str:
    """Empty for empty text."""
    if not text.strip():
        return ""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    name = "".join(character for character in language if character.isalnum() or character in "+-#._")[:40]
    return f"{fence}{name}\n{text.rstrip()}\n{fence}"
