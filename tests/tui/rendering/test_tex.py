"""Simple TeX becomes Unicode; anything not known for certain stays TeX."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metis_tui.tui.rendering.tex import tex_to_unicode


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x^2 + y_1", "x² + y₁"),
        ("x^{n+1}", "xⁿ⁺¹"),
        ("\\frac{a}{b}", "a/b"),
        ("\\frac{a+1}{2b}", "(a+1)/(2b)"),
        ("\\frac{a}{b}c", "(a/b)c"),
        ("\\frac{a}{b} + c", "a/b + c"),
        ("\\sqrt{x}^2", "(√x)²"),
        ("\\sqrt{xy}", "√(xy)"),
        ("\\frac{10}{n} \\times 2", "10/n × 2"),
        ("\\sqrt{x+1}", "√(x+1)"),
        ("\\alpha \\le \\beta", "α ≤ β"),
        ("\\log(n)", "log(n)"),
        ("O(n \\log n)", "O(n log n)"),
        ("\\left( x \\right)", "( x )"),
        ("\\text{if } x \\in A", "if x ∈ A"),
        ("10\\,\\%", "10 %"),
        ("a \\to \\infty", "a → ∞"),
    ],
)
def test_known(source: str, expected: str) -> None:
    assert tex_to_unicode(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "\\unknown",
        "x^{q}",
        "x_{b}",
        "\\frac{a}",
        "\\frac ab",
        "{x",
        "x}",
        "a & b",
        "\\begin{matrix}",
        "x^",
        "\\sqrt[3]{x}",
        "\\left. x",
        "",
        "\\mathbf{x}",
        "x" * 500,
    ],
)
def test_unknown(source: str) -> None:
    assert tex_to_unicode(source) is None


@given(st.text(alphabet="\\{}^_ abfrcsqt123$&", max_size=60))
def test_never_raises(source: str) -> None:
    tex_to_unicode(source)
