"""Reads what a prompt asks for: a topic, a sum, a language, a length. Pure."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MOST_TOKENS = 200_000

_LEADS = re.compile(
    r"^(?:please|hi|hello|hey|(?:can|could|would) you|i (?:want|need|would like)(?: you)? to|kindly|now|then|ok|so)"
    r"[\s,!.]+",
    re.I,
)
_VERBS = re.compile(
    r"^(?:explain(?: to me)?|describe|define|discuss|summari[sz]e|outline|"
    r"tell me(?: something| more| a few facts)?(?: about)?|what(?: is|'s| are| was| were)|who (?:is|was|were)|"
    r"why (?:is|are|do|does)|how (?:do|does|can|to|is|are)(?: i| you| we)?|"
    r"(?:write|give|show|make|create|draw|list|name|compare|produce|generate|implement|code)(?: me| us)?)\s+",
    re.I,
)
_FILLERS = re.compile(
    r"^(?:an?|the|some|any|few|(?:short |small |simple |long )?"
    r"(?:table|list|overview|summary|haiku|poem|explanation|comparison|equations?|formula)"
    r"|of|about|for|on|comparing|between|me)\s+",
    re.I,
)


def topic_of(prompt: str, longest: int = 70) -> str:
    """What a prompt is about, in a few of its own words."""
    lines = [line.strip() for line in prompt.splitlines() if line.strip() and not line.startswith("```")]
    topic = re.split(r"(?<=[.?!])\s", lines[0])[0] if lines else ""
    for pattern in (_LEADS, _LEADS, _VERBS, _FILLERS, _FILLERS, _FILLERS):
        shorter = pattern.sub("", topic, count=1)
        topic = shorter or topic
    topic = re.sub(r"\s+(?:in|as|with|using) (?:latex|markdown|tex|detail|simple terms)\b", "", topic, flags=re.I)
    topic = topic.strip(" \t.?!:;,\"'*_#`")
    if len(topic) > longest:
        topic = topic[:longest].rsplit(" ", 1)[0] + "…"
    return topic or "your message"


_CODE_WORDS = re.compile(
    r"\b(?:python|fortran|julia|rust|bash|shell|javascript|sql|cuda|mpi|c\+\+|numpy)(?![\w+])|"
    r"\b(?:code|function|script|program|snippet|class|implementation)\b|\bin c\b",
    re.I,
)


def task_of(topic: str) -> str:
    """What the code of a request is for, without the words for the code itself."""
    task = re.sub(r"\s+", " ", _CODE_WORDS.sub("", topic)).strip(" ,.:")
    task = re.sub(r"^(?:(?:an?|the|in|for|to|that|which|of|with)\s+|(?:that|which)$)+", "", task, flags=re.I)
    return re.sub(r"\s+(?:in|for|to|an?|the|with)$", "", task, flags=re.I) or "a small example"


# ----------------------------------------------------------------------------------------------------
# Lengths


@dataclass(frozen=True)
class LengthWish:
    """A reply of exactly so many deltas, at a given pace."""

    tokens: int
    per_second: float | None
    """None leaves the pace to the model."""
    at_full_speed: bool


_COUNT = re.compile(r"\b(\d[\d,_]*(?:\.\d+)?)\s*(k|thousand)?[\s-]*tokens?\b(?!\s*(?:/|per|a second))", re.I)
_RATE = re.compile(r"\b(\d[\d,_]*(?:\.\d+)?)\s*(k)?\s*(?:tokens?|toks?|t)\s*(?:/|per|a)\s*s(?:ec(?:ond)?)?\b", re.I)
_FULL_SPEED = re.compile(r"\b(?:max(?:imum|imal)?|full|top) speed\b|\bas fast as\b|\bat once\b", re.I)
_WISH = re.compile(r"^\W*(?:please\s+)?(?:\d|write|give|send|stream|generate|produce|reply|answer|talk|make)", re.I)


def length_wish(prompt: str) -> LengthWish | None:
    """What `2000 tokens at 1000 tokens/s`, `10k tokens at max speed` or `write 500 tokens` asks for, or None."""
    count = _COUNT.search(prompt)
    if count is None or len(prompt) > 400:
        return None
    rate, full = _RATE.search(prompt), _FULL_SPEED.search(prompt) is not None
    if rate is None and not full and not _WISH.search(prompt):
        return None
    tokens = min(MOST_TOKENS, max(1, int(_amount(count))))
    return LengthWish(tokens, max(0.1, _amount(rate)) if rate else None, full and rate is None)


def _amount(match: re.Match[str]) -> float:
    number = float(match[1].replace(",", "").replace("_", ""))
    return number * (1000 if match[2] else 1)


# ----------------------------------------------------------------------------------------------------
# Sums

_WORDS = (
    (r"\bsquare root of\s+(\d+(?:\.\d+)?)", r"sqrt(\1)"),
    (r"(\d)\s*(?:%|percent) of\s+", r"\1/100*"),
    (r"\bto the power(?: of)?\b", "**"),
    (r"\bdivided by\b|÷|:(?=\s*\d)", "/"),
    (r"\b(?:times|multiplied by)\b|×|·|(?<=\d)\s*x\s*(?=\d)", "*"),
    (r"\bplus\b", "+"),
    (r"\bminus\b|−|–", "-"),
    (r"\bsquared\b", "**2"),
    (r"\bcubed\b", "**3"),
    (r"\^", "**"),
    (r"(?<=\d),(?=\d{3}\b)", ""),
)
_SUM = re.compile(r"(?:sqrt\(|[-(\s])*\d[\d.]*(?:\)|\s|\*\*|[-+*/%(]|sqrt\(|\d[\d.]*)*")
_AROUND_A_SUM = re.compile(
    r"\b(?:please|what(?:'s| is)|how much is|calculate|compute|evaluate|solve|the result of|the|equals?|answer)\b"
)
_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


def sum_in(prompt: str) -> tuple[str, str] | None:
    """A sum found in a short prompt and its result, both as text; None when there is none or it cannot be done."""
    if len(prompt) > 200:
        return None
    text = prompt.lower()
    for pattern, sign in _WORDS:
        text = re.sub(pattern, sign, text)
    text = _AROUND_A_SUM.sub(" ", text).strip(" ?=.!")
    for match in sorted(_SUM.finditer(text), key=lambda match: -len(match[0])):
        expression = match[0].strip().rstrip("+-*/%(. ")
        if not re.search(r"\d\s*\)*\s*(?:\*\*|[-+*/%])\s*[-(]*\s*(?:\d|sqrt)|sqrt", expression):
            continue
        # A few digits inside a sentence are a date or a range, not a sum.
        if len(expression) < 0.6 * len(text):
            continue
        result = _evaluate(expression)
        if result is not None:
            return expression.replace("**", "^"), result
    return None


def _evaluate(expression: str) -> str | None:
    try:
        value = _value(ast.parse(expression, mode="eval").body)
    except (SyntaxError, ValueError, ArithmeticError, TypeError, RecursionError, MemoryError):
        return None
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.10g}"
    return str(value) if isinstance(value, int) and abs(value) < 10**60 else None


def _value(node: ast.AST) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return node.value
    if isinstance(node, ast.UnaryOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.operand))
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _value(node.left), _value(node.right)
        if isinstance(node.op, ast.Pow) and (abs(right) > 200 or abs(left) > 10**6):
            raise ValueError("the power is too large")
        return _OPERATORS[type(node.op)](left, right)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "sqrt":
        return math.sqrt(_value(node.args[0]))
    raise ValueError("not a sum")


# ----------------------------------------------------------------------------------------------------
# Kinds

LANGUAGES: tuple[tuple[str, str], ...] = (
    ("cuda", r"\bcuda\b"),
    ("mpi", r"\bmpi\b"),
    ("fortran", r"\bfortran\b"),
    ("julia", r"\bjulia\b"),
    ("rust", r"\brust\b"),
    ("cpp", r"\bc\+\+|\bcpp\b|\bkokkos\b|\bsycl\b"),
    ("bash", r"\bbash\b|\bshell\b|\bpbs\b|\bslurm\b|\bjob script\b"),
    ("javascript", r"\bjavascript\b|\btypescript\b"),
    ("sql", r"\bsql\b"),
    ("c", r"\bin c\b|\bc (?:code|program|function)\b|\bopenmp\b"),
    ("python", r"\bpython\b|\bnumpy\b|\bpytorch\b|\bpandas\b"),
)
_CODE = re.compile(r"\b(?:code|function|script|program|implement|snippet|class|algorithm)\b", re.I)

KINDS: tuple[tuple[str, str], ...] = (
    (
        "asked",
        r"\bwhat (?:did|have) i (?:just )?(?:ask|say|said|write|tell)|"
        r"\bmy (?:previous|last|first|earlier) (?:question|prompt|message)",
    ),
    (
        "summary",
        r"\bsumm?ari[sz]e (?:the above|this|that|our|what|it\b|everything)|\btl;?dr\b|"
        r"\b(?:sum|summary) (?:of|up) (?:the above|this|our|the conversation)",
    ),
    ("shorter", r"^\W*(?:shorter|in short|briefly|make it shorter|in one sentence)\b"),
    ("continue", r"^\W*(?:continue|go on|more|and then|keep going)\b"),
    ("title", r"\btitle\b.*\b(?:words?|short|conversation)\b|\b(?:short|brief)\b.*\btitle\b"),
    ("name", r"^\W*name (?:one|two|three|four|five|some|an?|\d+)\b"),
    ("haiku", r"\bhaiku\b"),
    ("poem", r"\b(?:poem|limerick|verse|rhyme|sonnet)\b"),
    ("compare", r"\bcompare|\bcomparison\b|\bversus\b|\bvs\.?\b|\bdifferences? between\b"),
    ("table", r"\btable\b|\bcolumns?\b"),
    (
        "equation",
        r"\bequations?\b|\blatex\b|\bformulas?\b|\bintegral\b|\bderiv(?:e|ation|ative)\b|"
        r"\bproof\b|\bprove\b|\btheorem\b",
    ),
    ("everything", r"\bmarkdown (?:demo|test|sampler|features)\b|\beverything you can\b|\ball (?:the )?markdown\b"),
    (
        "list",
        r"\blist\b|\bsteps\b|\bchecklist\b|\btips\b|\breasons\b|\bideas\b|\bfew facts\b|\bbullets?\b",
    ),
    ("greeting", r"^\W*(?:hi|hello|hey|good (?:morning|evening|afternoon)|moin|servus|bonjour|hallo)\b.{0,30}$"),
    ("thanks", r"^\W*(?:thanks?|thank you|thx|great|perfect|cheers)\b.{0,40}$"),
    ("who", r"\bwho are you\b|\bwhat (?:model|are you)\b|\bwhich model\b|\byour name\b"),
    ("test", r"^\W*(?:test|ping|are you there)\W*$"),
)


def language_in(prompt: str) -> str | None:
    """The programming language asked for; python when code is wanted and none is named; None when no code is."""
    wants_code = _CODE.search(prompt) is not None
    asks = (
        re.search(r"\b(?:write|show|give|implement|need|create|make|how (?:do|can|to))\b", prompt, re.I) is not None
    )
    for language, pattern in LANGUAGES:
        if re.search(pattern, prompt, re.I):
            return language if asks or wants_code else None
    return "python" if wants_code and asks else None


def kind_of(prompt: str) -> str:
    """The kind of answer that fits: one of KINDS, sum, code, or prose."""
    short = prompt[:600]
    kinds = [kind for kind, pattern in KINDS if re.search(pattern, short, re.I | re.S)]
    if kinds and kinds[0] in ("asked", "summary", "shorter", "continue", "title"):
        return kinds[0]
    if sum_in(short):
        return "sum"
    if language_in(short) and (not kinds or kinds[0] not in ("name", "haiku", "poem", "compare", "table", "list")):
        return "code"
    return kinds[0] if kinds else "prose"
