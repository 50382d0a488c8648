"""What numbers and their units are worth, however they are written. Pure arithmetic; knows no text around them."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_NOT_COUNTED = (
    "a an and are as at be but by can do each for from has have if in into is it its may no not of on or per so "
    "than that the then there these they this to up was were when which while will with you your e g i x times "
    "since because where would should could must also only about over under between after before until during "
    "however see note use using table figure section step version chapter equation"
)
STOP_WORDS = frozenset(_NOT_COUNTED.split())
"""Words behind a number that it does not count."""
_BYTES = {"byte": 1, "bytes": 1}  # B alone is often a billion of parameters
for _at, _letter in enumerate("kmgtpe", 1):
    _BYTES[f"{_letter}b"] = 1000**_at
    _BYTES[f"{_letter}ib"] = 1024**_at
_SECONDS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), Fraction(1)),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), Fraction(1, 1000)),
    **dict.fromkeys(("µs", "μs", "us", "microsecond", "microseconds"), Fraction(1, 10**6)),
    **dict.fromkeys(("ns", "nanosecond", "nanoseconds"), Fraction(1, 10**9)),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), Fraction(60)),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), Fraction(3600)),
    **dict.fromkeys(("day", "days"), Fraction(86400)),
}
_WORDS = {"percent": "%", "degrees": "°", "degree": "°", "kelvin": "K", "kelvins": "K", "metres": "m", "meters": "m"}

_UNIT = re.compile(
    r"%|°[CF]?|K|m|dB|ppm|rpm|fps"
    r"|(?:[kMGTPE]b|[kMGTPEmuµμnpc]?(?:Hz|W|V|A|J|eV|B|bit|bits|Pa|Ω|T|F|N|g|m|FLOPS?|flops))(?:/[a-z]+)?"
)
"""Case tells them apart: mW and MW, Gb and GB."""
_MOST_DIGITS = 40
"""What has more is no number that anybody compares."""


def value_of(match: re.Match[str]) -> Fraction | None:
    """The number that the groups of `chat.fact_patterns` hold; None when it is none to be compared."""
    groups = match.groupdict()
    if len(match["number"]) > _MOST_DIGITS:
        return None
    try:
        if groups.get("ten"):
            return _ten_to(groups["ten"])
        value = Fraction(Decimal(re.sub("[,_\u202f\u2009]", "", match["digits"])))
        if power := groups.get("power"):
            factor = _ten_to(power[1:] if power[0] in "eE" else power[power.index("10") + 2 :])
            if factor is None:
                return None
            value *= factor
        return -value if groups.get("sign") in ("-", "−") else value
    except (InvalidOperation, ValueError, OverflowError):
        return None


def _ten_to(text: str) -> Fraction | None:
    digits = re.sub(r"[\^{}*+]", "", text.translate(_SUPERSCRIPTS).replace("−", "-"))
    exponent = int(digits)
    return Fraction(10) ** exponent if abs(exponent) <= 400 else None


def measured(value: Fraction, unit: str) -> tuple[str, str, bool]:
    """(key, subject, whether the word behind the number is a unit)."""
    small = unit.casefold()
    if small in _BYTES and (unit.endswith("B") or unit == small or "yte" in unit):  # Mb are bits
        return f"{in_digits(value * _BYTES[small])} bytes", "bytes", True
    if small in _SECONDS and (unit == small or len(unit) > 2):
        return f"{in_digits(value * _SECONDS[small])} s", "s", True
    unit = _WORDS.get(small, unit)
    if _UNIT.fullmatch(unit):
        return f"{in_digits(value)} {unit}", unit, True
    if not unit or small in STOP_WORDS or len(small) < 3:
        return in_digits(value), "", False
    noun = small[:-1] if small.endswith("s") and not small.endswith("ss") else small
    return in_digits(value), noun, False


def in_digits(value: Fraction) -> str:
    """The shortest exact writing of a decimal number; others with 12 digits."""
    if value.denominator == 1 and abs(value) < 10**15:
        return str(value.numerator)
    number = float(value) if abs(value) < Fraction(10) ** 300 else float("inf")
    return f"{number:.12g}"
