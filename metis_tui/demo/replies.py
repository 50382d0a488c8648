"""Composes what a demo model answers, cut into deltas. Deterministic for one request and model. Pure."""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import re
from dataclasses import dataclass
from typing import Any

from .answers import ANSWERS, Ask, quoted
from .catalogue import DemoModel
from .events import Delta
from .faults import split_faults
from .knowledge import facts_on
from .phrases import THOUGHTS, paragraph, sentences
from .prompts import LengthWish, kind_of, length_wish, sum_in, topic_of
from .tokens import split_tokens

SMALL_BUDGET = 100
"""With fewer tokens than this to spend, a reasoning model answers at once, unless told how hard to think."""
DISTINCT_TOKENS = 4000
"""Very long replies repeat themselves after this many."""
_THOUGHTS = {"low": 1, "medium": 4, "high": 20}


@dataclass(frozen=True)
class Composed:
    """A reply in pieces, and the pace if the prompt asked for one."""

    deltas: list[Delta]
    finish_reason: str
    tokens_per_second: float | None = None
    at_full_speed: bool = False


def content_text(content: Any) -> str:
    """Text of a message's content, whichever of its forms it has."""
    if not isinstance(content, str):
        parts = content or []
        content = "\n".join(part if isinstance(part, str) else str(part.get("text") or "") for part in parts)
    # JSON may carry half of a surrogate pair, which no reply could be written with.
    return str(content).encode("utf-8", "replace").decode("utf-8")


def compose(payload: dict[str, Any], model: DemoModel) -> Composed:
    """The reply to a valid chat request."""
    ask, system = _read(payload, model)
    wish = length_wish(ask.prompt)
    if wish is not None:
        tokens = long_reply(ask, wish.tokens)
        return _limited([Delta("content", token) for token in tokens], payload, wish)
    text = _styled(_text(ask, payload), system)
    text = _stopped(text, payload.get("stop"))
    reasoning = _reasoning(ask, payload, model)
    if reasoning and model.reasoning_key == "think":
        text, reasoning = f"<think>\n{reasoning}\n</think>\n\n{text}", ""
    deltas = [Delta(model.reasoning_key or "", token) for token in split_tokens(reasoning)]
    deltas += [Delta("content", token) for token in split_tokens(text)]
    return _limited(deltas, payload, None)


def _read(payload: dict[str, Any], model: DemoModel) -> tuple[Ask, str]:
    messages = payload["messages"]
    prompts = [split_faults(content_text(m.get("content")))[0] for m in messages if m["role"] == "user"]
    replies = [content_text(m.get("content")) for m in messages if m["role"] == "assistant"]
    system = " ".join(content_text(m.get("content")) for m in messages if m["role"] in ("system", "developer"))
    prompt = prompts.pop() if prompts else ""
    facts = [model.name, model.cluster, prompt, payload.get("seed"), payload.get("temperature") or 0]
    rng = random.Random(hashlib.sha256(repr(facts).encode()).digest())
    return Ask(prompt, model.name, model.voice, tuple(prompts), tuple(replies), rng), system


def _text(ask: Ask, payload: dict[str, Any]) -> str:
    wanted = (payload.get("response_format") or {}).get("type")
    if wanted in ("json_object", "json_schema"):
        return json.dumps({"topic": ask.topic, "answer": ask.say()}, ensure_ascii=False)
    images = _image_count(payload)
    text = ANSWERS[kind_of(ask.prompt)](ask)
    if images:
        text = f"I see {images} image{'s' if images > 1 else ''}.\n\n{text}"
    return text


def _image_count(payload: dict[str, Any]) -> int:
    contents = [message.get("content") for message in payload["messages"] if message["role"] == "user"]
    parts = contents[-1] if contents and isinstance(contents[-1], list) else []
    return sum(isinstance(part, dict) and part.get("type") == "image_url" for part in parts)


_LANGUAGES = {
    "french": "Bien sûr.",
    "german": "Gern.",
    "spanish": "Claro que sí.",
    "italian": "Certo.",
    "pirate": "Arr!",
}


def _styled(text: str, system: str) -> str:
    """Follows the system prompt in a way one can see."""
    if not system.strip():
        return text
    if re.search(r"\b(?:terse|brief|concise|short|one sentence|laconic)\b", system, re.I):
        paragraphs = text.split("\n\n")
        body = paragraphs[1] if len(paragraphs) > 1 and "```" not in text else text
        return (
            body if body.startswith(("|", "```", "1.", "$$")) or "```" in body else re.split(r"(?<=[.!?])\s", body)[0]
        )
    for word, opener in _LANGUAGES.items():
        if re.search(rf"\b{word}\b", system, re.I):
            return f"{opener} {text}"
    return f"*As instructed: {quoted(system, 120)}*\n\n{text}"


def _stopped(text: str, stop: Any) -> str:
    for word in [stop] if isinstance(stop, str) else stop or []:
        if word and word in text:
            text = text[: text.index(word)]
    return text


def _reasoning(ask: Ask, payload: dict[str, Any], model: DemoModel) -> str:
    effort = payload.get("reasoning_effort")
    budget = _budget(payload)
    if model.reasoning_key is None or (effort is None and budget is not None and budget < SMALL_BUDGET):
        return ""
    rng = random.Random(f"{ask.prompt}|{model.slug}|thoughts")
    thoughts = [f'The user says: "{quoted(ask.prompt, 80)}".', f"So this is about {topic_of(ask.prompt)}."]
    found = sum_in(ask.prompt)
    if found is not None:
        thoughts.append(f"I compute {found[0]} and get {found[1]}.")
    count = _THOUGHTS[effort or "medium"]
    thoughts += [text.replace("{topic}", ask.topic) for text in rng.sample(THOUGHTS, min(count, len(THOUGHTS)))]
    thoughts += itertools.islice(sentences(rng, ask.topic), max(0, count - len(THOUGHTS)))
    thoughts.append("Time to answer.")
    return " ".join(thoughts[: 2 if effort == "low" else None])


def _budget(payload: dict[str, Any]) -> int | None:
    limits = [int(payload[key]) for key in ("max_tokens", "max_completion_tokens") if payload.get(key) is not None]
    # Zero still yields one token, as the real upstream does.
    return max(1, min(limits)) if limits else None


def _limited(deltas: list[Delta], payload: dict[str, Any], wish: LengthWish | None) -> Composed:
    budget, reason = _budget(payload), "stop"
    if budget is not None and len(deltas) > budget:
        deltas, reason = deltas[:budget], "length"
    if wish is None:
        return Composed(deltas, reason)
    return Composed(deltas, reason, wish.per_second, wish.at_full_speed)


def long_reply(ask: Ask, count: int) -> list[str]:
    """Exactly `count` tokens of headed prose on the prompt's topic."""
    topic = re.sub(r".*\b(?:about|on)\s+", "", ask.topic) if re.search(r"\b(?:about|on)\s", ask.topic) else "scale"
    tokens = split_tokens(f"# {count} tokens about {topic}\n\n")
    section, source = 0, sentences(ask.rng, topic, facts_on(topic, ask.rng))
    while len(tokens) < min(count, DISTINCT_TOKENS):
        section += 1
        text = f"## Part {section}\n\n{paragraph(source, 4)}\n\n{paragraph(source, 3)}\n\n"
        if section % 3 == 0:
            text += "\n".join(f"- {next(source)}" for _ in range(3)) + "\n\n"
        tokens += split_tokens(text)
    return list(itertools.islice(itertools.cycle(tokens), count))
