"""Sentences and voices of the demo models. Pure text."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Voice:
    """How one model opens and closes, and how much it says."""

    openers: tuple[str, ...]
    closers: tuple[str, ...]
    paragraphs: int
    likes_headings: bool = False


VOICES: dict[str, Voice] = {
    "engineer": Voice(
        ("Short version on **{topic}**:", "Here is how I would look at **{topic}**.", "**{topic}**, bottom up:"),
        ("Ask for numbers if you need them.", "I can go deeper on any of these points."),
        3,
        likes_headings=True,
    ),
    "friendly": Voice(
        ("Good question! Let's talk about **{topic}**.", "Happy to help with **{topic}**.", "Sure: **{topic}**."),
        ("Want me to go deeper into any of these?", "Shall I show an example next?"),
        2,
    ),
    "teacher": Voice(
        ("Let us take **{topic}** step by step.", "Picture **{topic}** like this."),
        ("Try it with a small case first; it sticks better.", "Can you say why the second point matters?"),
        3,
        likes_headings=True,
    ),
    "careful": Voice(
        ("What can be said about **{topic}** with some confidence:", "A careful answer on **{topic}**:"),
        ("Some of this depends on details I do not have.", "Please check the numbers against your own data."),
        3,
    ),
    "crisp": Voice(("**{topic}**, in brief.", "On **{topic}**:"), ("That is all.", "Ask for more if needed."), 1),
    "plain": Voice(("About **{topic}**:", "Some words on **{topic}**."), ("I hope this helps.",), 2),
}  # fmt: skip

SENTENCES: tuple[str, ...] = (
    "The first thing to settle about {topic} is which question is really being asked.",
    "It helps to write down what is known, what is assumed, and what would change the conclusion.",
    "Start with the smallest case that still shows the effect, and check it by hand.",
    "For {topic}, a rough estimate made today is worth more than an exact one next month.",
    "Keep one quantity fixed while changing another; otherwise cause and effect blur.",
    "If two sources disagree, look at how each of them measured before choosing a side.",
    "Most surprises come from the edges: the first step, the last element, the empty case.",
    "A plot with labelled axes and units settles many arguments.",
    "The cost usually sits in one place, so measure before improving anything.",
    "People who work on {topic} tend to disagree less about the facts than about the words.",
    "What works at a small scale may fail at a large one, and the reverse.",
    "Every number deserves a unit and an honest error bar.",
    "Simple models are wrong in ways one can understand, which makes them useful.",
    "Write the result down in one sentence; if that is hard, the idea is not finished.",
    "There are *{small} or so* standard approaches, and they differ mainly in what they neglect.",
    "Look for what stays constant: a conserved quantity, an invariant, a limit that is known.",
    "A good check on {topic} is to predict something that was not used to build the picture.",
    "Ask what would have to be true for the opposite to hold.",
    "Terms matter here: the same word often means different things in neighbouring fields.",
    "When in doubt, split {topic} into parts that can be tested alone.",
    "The history is short but instructive: early answers were simple, and later ones kept their core.",
    "Numbers from a `first run` are for orientation only; repeat before relying on them.",
    "Someone who meets {topic} for the first time gains most from one worked example.",
    "Beware of averages: they hide the tails, and the tails often matter.",
)
THOUGHTS: tuple[str, ...] = (
    "What does the question leave open?",
    "I should not claim more about {topic} than I can support.",
    "A short structure first, details after.",
    "Maybe an example would help more than a definition.",
    "Let me check for a trap in the wording.",
    "The length should fit the question.",
    "Is there a common misunderstanding about {topic}? Possibly.",
    "Units and limits: fine so far.",
    "An alternative reading would be narrower; I keep the broader one.",
    "That seems consistent with what was said before.",
)
HEADINGS: tuple[str, ...] = ("What matters", "A closer look", "In practice", "Limits", "Where to go next")

HAIKUS: tuple[tuple[str, str, str], ...] = (
    ("Racks hum in the dark,", "{topic}, deep in the wires -", "morning finds an answer."),
    ("A cursor, waiting.", "One thought about {topic}", "falls like autumn rain."),
    ("Silent lake of heat;", "a ripple from {topic}.", "Then the stars again."),
)
EQUATIONS: tuple[tuple[str, str, str], ...] = (
    (
        "the heat equation",
        r"\frac{\partial u}{\partial t} = \alpha \nabla^2 u",
        r"$u$ is the temperature, $\alpha$ the diffusivity in m²/s",
    ),
    (
        "the Navier–Stokes momentum equation",
        r"\rho\left(\frac{\partial \mathbf{v}}{\partial t} + \mathbf{v}\cdot\nabla\mathbf{v}\right) = "
        r"-\nabla p + \mu \nabla^2 \mathbf{v} + \mathbf{f}",
        r"$\mathbf{v}$ is the velocity, $p$ the pressure and $\mu$ the viscosity",
    ),
    (
        "the Gaussian integral",
        r"\int_{-\infty}^{\infty} e^{-x^2}\,dx = \sqrt{\pi}",
        r"the square of the integral is taken in polar coordinates, where $dx\,dy = r\,dr\,d\theta$",
    ),
    (
        "attention in a transformer",
        r"\mathrm{Attention}(Q, K, V) = \mathrm{softmax}\!\left(\frac{QK^{\top}}{\sqrt{d_k}}\right)V",
        r"$Q$, $K$ and $V$ are matrices, and $\sqrt{d_k}$ keeps the scores of order one",
    ),
)


def sentences(rng: random.Random, topic: str, first: Sequence[str] = ()) -> Iterator[str]:
    """Endless sentences: the given ones first, then general ones, none twice before all were used."""
    yield from first
    while True:
        for text in rng.sample(SENTENCES, len(SENTENCES)):
            yield text.replace("{topic}", topic).replace("{small}", str(rng.randrange(3, 8)))


def paragraph(source: Iterator[str], count: int) -> str:
    return " ".join(itertools.islice(source, count))
