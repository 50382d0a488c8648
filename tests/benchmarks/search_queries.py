"""Searches as people make them, drawn from a corpus by chance with a seed: to measure and to compare answers."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from corpus import ACCENTED, CHINESE, IDENTIFIERS, JAPANESE, RARE, TAGS

_WORD = re.compile(r"[A-Za-z]{3,}")
KINDS = ("common", "word", "rare", "several", "phrase", "identifier", "part", "script", "accent", "filter", "typing")


def queries(texts: Sequence[str], count: int, seed: int = 7) -> list[tuple[str, str]]:
    """(kind, what is typed), the kinds in turn. `texts`: of messages, to draw words from."""
    chance = random.Random(seed)
    return [(kind, _query(kind, texts, chance)) for number in range(count) for kind in [KINDS[number % len(KINDS)]]]


def _query(kind: str, texts: Sequence[str], chance: random.Random) -> str:
    words: list[str] = []
    while len(words) < 8:
        words = _WORD.findall(chance.choice(texts))
    start = chance.randrange(len(words) - 4)
    word = max(words[start : start + 4], key=len)
    match kind:
        case "common":
            return chance.choice(("the", "and", "plasma", "energy", "code", "python", "data", "that", "error"))
        case "rare":
            return chance.choice((*RARE, f"{chance.randrange(10**6)}", "0x" + f"{chance.randrange(16**3):03x}"))
        case "several":
            return " ".join(chance.sample(words, chance.randint(2, 3)))
        case "phrase":
            return f'"{" ".join(words[start : start + chance.randint(2, 3)])}"'
        case "identifier":
            return chance.choice(IDENTIFIERS)
        case "part":
            cut = chance.randrange(max(1, len(word) - 4))
            return word[cut : cut + chance.randint(3, 6)]
        case "script":
            text = chance.choice((*CHINESE, *JAPANESE))
            cut = chance.randrange(len(text) - 4)
            return text[cut : cut + chance.randint(1, 4)]
        case "accent":
            return chance.choice(ACCENTED)
        case "filter":
            return f"{word} {_filters(chance)}"
        case "typing":
            return word[: chance.randint(1, 4)]
        case _:
            return word


def _filters(chance: random.Random) -> str:
    return chance.choice(
        (
            f"tag:{chance.choice(TAGS)}",
            "role:user",
            "role:reply has:code",
            "model:llama",
            "is:pinned",
            "is:archived",
            "is:trash",
            "after:30d",
            "before:2026-01",
            "-the",
            "after:2y before:6m tag:mpi",
        )
    )
