"""One function for each kind of answer: Markdown text from a prompt and what came before it. Pure."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from .knowledge import facts_on, names_for
from .phrases import EQUATIONS, HAIKUS, HEADINGS, VOICES, Voice, paragraph, sentences
from .prompts import language_in, sum_in, task_of, topic_of
from .snippets import snippet


@dataclass(frozen=True)
class Ask:
    """All an answer is made from."""

    prompt: str
    model: str
    voice_name: str
    earlier_prompts: tuple[str, ...]
    earlier_replies: tuple[str, ...]
    rng: random.Random

    @property
    def voice(self) -> Voice:
        return VOICES[self.voice_name]

    @property
    def topic(self) -> str:
        return topic_of(self.prompt)

    @property
    def subject(self) -> str:
        """The topic as a part of a sentence."""
        return self.topic if len(self.topic.split()) <= 5 else "this question"

    @cached_property
    def source(self) -> Iterator[str]:
        """Sentences on the topic, facts first; each is used once."""
        return sentences(self.rng, self.subject, facts_on(self.prompt, self.rng))

    def say(self, count: int = 1) -> str:
        """The next sentences in a row."""
        return paragraph(self.source, count)

    def opener(self) -> str:
        return self.rng.choice(self.voice.openers).replace("{topic}", self.topic)

    def closer(self) -> str:
        return self.rng.choice(self.voice.closers)


def quoted(text: str, longest: int = 160) -> str:
    """One line of a longer text, cut at a word."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[:longest].rsplit(" ", 1)[0] + "…"


def answer_sum(ask: Ask) -> str:
    found = sum_in(ask.prompt)
    if found is None:
        return answer_prose(ask)
    expression, result = found
    shown = re.sub(r"\s*([-+*/^%])\s*", r" \1 ", expression).replace(" * ", " × ").strip()
    if ask.voice_name == "teacher":
        return f"Let us work it out.\n\n$$\n{shown} = {result}\n$$\n\nSo the answer is **{result}**."
    if ask.voice_name == "crisp":
        return f"{result}"
    return f"{shown} = **{result}**"


def answer_code(ask: Ask) -> str:
    language = language_in(ask.prompt) or "python"
    task = task_of(ask.topic)
    word, code = snippet(language, task)
    notes = "\n".join(f"- {ask.say()}" for _ in range(2))
    opener = f"Here is {LANGUAGE_NAMES.get(language, language.capitalize())} for **{task}**:"
    return f"{opener}\n\n```{word}\n{code}```\n\nNotes:\n\n{notes}\n\n{ask.closer()}"


LANGUAGE_NAMES = {"mpi": "C with MPI", "cpp": "C++", "cuda": "CUDA", "bash": "a job script", "sql": "SQL"}


def answer_table(ask: Ask) -> str:
    rows = []
    for number, name in enumerate(("Baseline", "Refined", "Parallel", "Mixed precision"), 1):
        rows.append(
            f"| {number} | {name} | {ask.rng.uniform(0.5, 40):.1f} | {ask.rng.choice(['yes', 'no', 'partly'])} |"
        )
    head = f"| # | {ask.topic[:1].upper()}{ask.topic[1:40]} | Time (s) | Stable |\n|--:|:---|---:|:---:|"
    return f"{ask.opener()}\n\n{head}\n" + "\n".join(rows) + f"\n\n{ask.say()}"


def answer_compare(ask: Ask) -> str:
    sides = re.split(r"\s+(?:and|versus|vs\.?|or|with|to)\s+", ask.topic, maxsplit=1, flags=re.I)
    left, right = (side.strip(" ,.?") for side in (sides if len(sides) == 2 else (ask.topic, "the alternative")))
    rows = "\n".join(
        f"| {aspect} | {ask.rng.choice(levels)} | {ask.rng.choice(levels)} |"
        for aspect, levels in (
            ("Ease of use", ("gentle", "steep", "moderate")),
            ("Speed", ("high", "very high", "moderate")),
            ("Ecosystem", ("broad", "growing", "specialised")),
            ("Typical use", ("prototypes", "production codes", "teaching")),
        )
    )
    verdict = ask.rng.choice((left, right))
    return (
        f"### {left} and {right}\n\n| Aspect | {left} | {right} |\n|:---|:---|:---|\n{rows}\n\n"
        f"{ask.say(2)}\n\n"
        f"> **In one line:** start with {verdict} unless a constraint says otherwise."
    )


_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10}


def number_in(prompt: str, default: int = 1) -> int:
    """How many things a prompt wants, 1 to 99."""
    wanted = re.search(r"\b([1-9]\d?|" + "|".join(_NUMBERS) + r")\b", prompt.lower())
    return (_NUMBERS.get(wanted[1]) or int(wanted[1])) if wanted else default


def answer_list(ask: Ask) -> str:
    count = number_in(ask.prompt, 4)
    items = []
    for number in range(1, count + 1):
        items.append(f"{number}. {ask.say()}")
        if number == 2 and count > 2:
            items += [f"   - {ask.say()}", f"   - {ask.say()}"]
    return f"{ask.opener()}\n\n" + "\n".join(items) + f"\n\n{ask.closer()}"


def answer_equation(ask: Ask) -> str:
    words = set(re.findall(r"[a-z]{4,}", ask.prompt.lower()))
    known = [equation for equation in EQUATIONS if words & set(re.findall(r"[a-z]{4,}", equation[0].lower()))]
    name, formula, legend = known[0] if known else ask.rng.choice(EQUATIONS)
    return (
        f"{ask.opener()} A good example is {name}:\n\n$$\n{formula}\n$$\n\nHere {legend}. "
        f"For small values, $f(x) \\approx 1 - \\tfrac{{x^2}}{{2}}$ is often enough.\n\n"
        f"{ask.say(2)}"
    )


def answer_name(ask: Ask) -> str:
    names = names_for(ask.prompt, ask.rng)
    if not names:
        return answer_list(ask) if number_in(ask.prompt) > 1 else answer_prose(ask)
    return ", ".join(names[: number_in(ask.prompt)]).capitalize() + "."


def answer_haiku(ask: Ask) -> str:
    topic = ask.topic.removesuffix(" haiku")
    return "  \n".join(line.replace("{topic}", topic) for line in ask.rng.choice(HAIKUS))


def answer_poem(ask: Ask) -> str:
    lines = [f"*{ask.topic[:1].upper()}{ask.topic[1:]}*", ""]
    lines += ["A thousand tokens on the line,  ", f"each one about {ask.topic};  "]
    lines += ["the cluster warms, the numbers shine,  ", "and no one needs to stop it."]
    return "\n".join(lines)


def answer_asked(ask: Ask) -> str:
    if not ask.earlier_prompts:
        return "This is the first thing you asked me in this conversation."
    if re.search(r"\bfirst\b", ask.prompt, re.I):
        return f'Your first question was: "{quoted(ask.earlier_prompts[0])}"'
    listed = "\n".join(f"{number}. {quoted(text)}" for number, text in enumerate(ask.earlier_prompts, 1))
    return f'Just before, you asked: "{quoted(ask.earlier_prompts[-1])}"\n\nAll of it so far:\n\n{listed}'


def answer_summary(ask: Ask) -> str:
    if not ask.earlier_prompts:
        return f"There is nothing above yet. In this message you wrote: {quoted(ask.prompt)}"
    points = []
    for number, text in enumerate(ask.earlier_prompts):
        reply = ask.earlier_replies[number] if number < len(ask.earlier_replies) else ""
        points.append(
            f"- You asked about **{topic_of(text)}**" + (f"; the answer began: {quoted(reply, 90)}" if reply else ".")
        )
    return "So far in this conversation:\n\n" + "\n".join(points)


def answer_shorter(ask: Ask) -> str:
    if not ask.earlier_replies:
        return "There is no earlier answer to shorten."
    plain = re.sub(r"[*_#>`|]", "", ask.earlier_replies[-1])
    return quoted(re.split(r"(?<=[.!?])\s", " ".join(plain.split()))[0], 200)


def answer_continue(ask: Ask) -> str:
    topic = topic_of(ask.earlier_prompts[-1]) if ask.earlier_prompts else "your message"
    source = sentences(ask.rng, topic)
    return f"Going on with **{topic}**:\n\n" + "\n\n".join(paragraph(source, 4) for _ in range(2))


def answer_title(ask: Ask) -> str:
    source = ask.earlier_prompts[0] if ask.earlier_prompts else ask.prompt.splitlines()[-1]
    return " ".join(topic_of(source).split()[:6]).capitalize()


def answer_greeting(ask: Ask) -> str:
    hello = {"crisp": "Hello.", "friendly": "Hi there! Good to see you.", "engineer": "Hello. What are you building?"}
    return f"{hello.get(ask.voice_name, 'Hello!')} I am {ask.model}, a demo that runs on your own machine."


def answer_thanks(ask: Ask) -> str:
    return ask.rng.choice(("You are welcome.", "Any time.", "Glad it helped."))


def answer_who(ask: Ask) -> str:
    return f"I am the demo's **{ask.model}**: scripted text from this machine, no model behind it."


def answer_test(ask: Ask) -> str:
    return f"Test received: `{quoted(ask.prompt, 40)}`. {ask.model} is here."


def answer_everything(ask: Ask) -> str:
    pieces = [
        f"# {ask.topic[:1].upper()}{ask.topic[1:]}",
        ask.say(2),
        "## Lists",
        "- first\n  - nested *italic*\n  - nested **bold**\n    1. deeper\n    2. deeper\n- [x] done\n- [ ] open",
        "## Quote and link",
        "> A quotation over\n> two lines, with a [link](https://docs.alcf.anl.gov/services/inference-endpoints/).",
        "## Mathematics",
        "Inline $e^{i\\pi} + 1 = 0$ and\n\n$$\n" + EQUATIONS[2][1] + "\n$$",
        "## Table",
        "| Left | Right |\n|:---|---:|\n| `code` | 3.14 |\n| ~~struck~~ | 2.72 |",
        "## Code",
        "```python\n" + snippet("python", "fibonacci")[1] + "```",
        "---",
    ]
    return "\n\n".join(pieces)


def answer_prose(ask: Ask) -> str:
    lines = ask.prompt.count("\n") + 1
    parts = [ask.opener()]
    if lines > 12:
        parts.append(f"I read all {lines} lines you sent ({len(ask.prompt)} characters); this is what stands out.")
    headings = ask.rng.sample(HEADINGS, len(HEADINGS))
    for number in range(ask.voice.paragraphs):
        if ask.voice.likes_headings and number:
            parts.append(f"### {headings[number]}")
        parts.append(ask.say(ask.rng.randrange(2, 5)))
    if ask.voice.likes_headings:
        points = "\n".join(f"- **{word}**: {ask.say()}" for word in ("First", "Second", "Third"))
        parts += [points, f"> {ask.say()}"]
    parts.append(ask.closer())
    return "\n\n".join(parts)


ANSWERS: dict[str, Callable[[Ask], str]] = {
    "sum": answer_sum,
    "code": answer_code,
    "table": answer_table,
    "compare": answer_compare,
    "list": answer_list,
    "equation": answer_equation,
    "name": answer_name,
    "haiku": answer_haiku,
    "poem": answer_poem,
    "asked": answer_asked,
    "summary": answer_summary,
    "shorter": answer_shorter,
    "continue": answer_continue,
    "title": answer_title,
    "greeting": answer_greeting,
    "thanks": answer_thanks,
    "who": answer_who,
    "test": answer_test,
    "everything": answer_everything,
    "prose": answer_prose,
}
