"""Generation parameters: what the gateway would refuse is refused before anything is sent."""

from __future__ import annotations

import pytest

from metis_tui.chat.errors import InvalidRequest
from metis_tui.chat.parameters import PARAMETERS, check, format_parameters, parse_parameters, problems_with


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("temperature = 0", 0.0),
        ("temperature=2", 2.0),
        ("top_p = 0.95", 0.95),
        ("max_tokens = 500", 500),
        ("seed = -7", -7),
        ("frequency_penalty=-2", -2.0),
        ("presence_penalty=2", 2.0),
        ("stop = END", "END"),
        (r"stop = \n\n", "\n\n"),
        ('stop = ["a", "b"]', ["a", "b"]),
        ("reasoning_effort = high", "high"),
    ],
)
def test_good_settings(line: str, value: object) -> None:
    name = line.split("=")[0].strip()
    assert parse_parameters(line) == {name: value}


@pytest.mark.parametrize(
    "line",
    [
        "temperature = 2.1",
        "temperature = hot",
        "temperature = nan",
        "top_p = 1.01",
        "max_tokens = 0",
        "max_tokens = 1.5",
        "frequency_penalty = -2.5",
        'stop = ["a","b","c","d","e"]',
        "stop = []",
        "reasoning_effort = none",
        "top_k = 5",
        "temperature",
    ],
)
def test_bad_settings_are_named(line: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_parameters(line)
    assert line.split("=")[0].strip() in caught.value.reason


def test_empty_lines_comments_and_empty_values_mean_nothing() -> None:
    assert parse_parameters("\n# a note\n\ntemperature =\n") == {}


def test_every_problem_is_told() -> None:
    assert len(problems_with({"temperature": 9, "seed": True, "colour": "red"})) == 3
    with pytest.raises(InvalidRequest):
        check({"max_tokens": "5"})


def test_what_is_formatted_parses_to_the_same() -> None:
    params = {"temperature": 0.2, "max_tokens": 9, "stop": ["a", "b"], "reasoning_effort": "low"}
    assert parse_parameters(format_parameters(params)) == params
    assert set(params) <= set(PARAMETERS)
