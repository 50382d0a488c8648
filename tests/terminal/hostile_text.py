"""Text that tries to be more than text: pieces to make replies, names, titles and errors of."""

from __future__ import annotations

import random
from collections.abc import Iterator

COMMANDS = [
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x1b]2;title\x1b\\",
    "\x1b]8;;http://evil.example/\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]52;c;cm0gLXJmIH4=\x07",
    "\x1b[2J\x1b[3J\x1b[H",
    "\x1b[?1049l",
    "\x1b[?1003h",
    "\x1bPq#0;2;0;0;0\x1b\\",
    "\x1b_Gf=100;AAAA\x1b\\",
    "\x1bc",
    "\x1b[6n",
    "\x1b[>c",
    "\x1b(0",
    "\x1b",
    "\x9b2J",
    "\x9d52;c;eA==\x9c",
    "\x90q\x9c",
    "\x85",
    "\x00",
    "\x7f",
    "\x08\x08\x08",
    "\x07",
    "\r",
    "\x0c",
    "\x0e\x0f",
    "\u202eevil\u202c",
    "\u2066\u2067\u2069",
    "\u200b\u2060\ufeff",
    "\u2028\u2029",
    "e" + "\u0301" * 40,
    "\u200d" * 30,
    "\U000e0041\U000e007f",
]
REFERENCES = ["&#27;[31m", "&#x9b;2J", "&#x202e;", "&#13;", "&#12;", "&rlm;&ZeroWidthSpace;", "&Tab;&NewLine;"]
MARKUP = [
    "[bold red]x[/]",
    "[/bold]",
    "[@click=app.quit]x[/]",
    "[link=http://evil.example/]x[/link]",
    "[$error]",
    ":warning:",
    "\\[x]",
    "[",
    "]",
    "{x}",
    "%s",
]
STRUCTURE = [
    "```\n",
    "~~~ \x1b[31m\n",
    "`````",
    "> " * 9,
    "- " * 9,
    "| a | b |\n|---|---|\n| c | d |\n",
    "|" * 40,
    "# ",
    "\n\n",
    "\n",
    "![a](b)",
    "[a](<b c>)",
    "[a]: b 'c'\n",
    "<div>",
    "<!--",
    "$$",
    "$\\frac{a}{b}$",
    "\\(x",
    "***",
    "---\n",
    "\t",
    "漢字",
    "👩\u200d🚀",
    "word ",
]
PIECES = [*COMMANDS, *REFERENCES, *MARKUP, *STRUCTURE]
ALL_IN_ONE = " ".join([*COMMANDS, *REFERENCES, *MARKUP])
FREEZERS = [
    "x" * 1_000_000,
    "- " * 10_000 + "x\n",
    "\n".join(" " * (2 * n) + "- x" for n in range(1_000)),
    ">" * 10_000 + " x\n",
    "[" * 10_000,
    "|" + "a|" * 5_000 + "\n|" + "-|" * 5_000 + "\n|" + "x|" * 5_000 + "\n",
    "```\n~~~\n" * 2_000,
    "\u200b" * 100_000,
    "a" + "\u0301" * 100_000,
    "a" + "\u064b" * 100_000,
    "[bold][/bold]" * 10_000,
    "|a|b|\n|-|-|\n" * 4_000,
]


def hostile_deltas(size: int, seed: int, delta_size: int = 4_000, *, with_freezers: bool = True) -> Iterator[str]:
    """Deltas of hostile text, `size` characters in all or a little more; the same ones for the same seed."""
    chance, sent, held, held_size = random.Random(seed), 0, [], 0
    freezers = list(FREEZERS) if with_freezers else []
    every = size // (len(freezers) + 1)
    next_freezer = every
    while sent + held_size < size:
        if freezers and sent + held_size >= next_freezer:
            piece = f"\n\n{freezers.pop(0)}\n\n"
            next_freezer += every
        else:
            piece = chance.choice(PIECES)
        held.append(piece)
        held_size += len(piece)
        if held_size >= delta_size:
            text = "".join(held)
            for start in range(0, len(text), 200_000):
                yield text[start : start + 200_000]
            sent += len(text)
            held, held_size = [], 0
    yield "".join(held) + "\n\nthe end"
