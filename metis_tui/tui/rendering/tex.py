"""Shows simple TeX as Unicode, and returns None for anything it does not know, so that the source stays on screen.

A wrong formula is worse than an ugly one: no guess is ever made. Knows nothing of Markdown.
"""

from __future__ import annotations

import re

_GREEK = (
    "alpha α beta β gamma γ delta δ epsilon ϵ varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι kappa κ lambda λ "
    "mu μ nu ν xi ξ pi π rho ρ sigma σ tau τ upsilon υ phi ϕ varphi φ chi χ psi ψ omega ω Gamma Γ Delta Δ Theta Θ "
    "Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω"
)
_SIGNS = (
    "times × cdot · div ÷ pm ± mp ∓ le ≤ leq ≤ ge ≥ geq ≥ ne ≠ neq ≠ approx ≈ equiv ≡ sim ∼ simeq ≃ propto ∝ ll ≪ "
    "gg ≫ infty ∞ partial ∂ nabla ∇ sum ∑ prod ∏ int ∫ oint ∮ in ∈ notin ∉ subset ⊂ subseteq ⊆ cup ∪ cap ∩ "
    "emptyset ∅ forall ∀ exists ∃ neg ¬ land ∧ lor ∨ to → rightarrow → leftarrow ← Rightarrow ⇒ Leftarrow ⇐ "
    "leftrightarrow ↔ Leftrightarrow ⇔ iff ⇔ implies ⇒ mapsto ↦ ldots … dots … cdots ⋯ circ ∘ otimes ⊗ oplus ⊕ "
    "perp ⊥ parallel ∥ mid ∣ langle ⟨ rangle ⟩ lfloor ⌊ rfloor ⌋ lceil ⌈ rceil ⌉ hbar ℏ ell ℓ Re ℜ Im ℑ prime ′ "
    "degree ° star ⋆ ast ∗"
)
_WORDS = "log ln exp sin cos tan sinh cosh tanh min max lim sup inf det dim ker gcd arg arcsin arccos arctan"


def _pairs(table: str) -> dict[str, str]:
    parts = table.split()
    return dict(zip(parts[::2], parts[1::2], strict=True))


_SYMBOLS = {**_pairs(_GREEK), **_pairs(_SIGNS)}
_FUNCTIONS = frozenset(_WORDS.split())
_SPACES = {",": " ", ";": " ", ":": " ", " ": " ", "!": "", "quad": "  ", "qquad": "    "}
_OPERATOR_WORDS = (
    "times cdot div pm mp le leq ge geq ne neq approx equiv sim simeq propto ll gg in to rightarrow Rightarrow "
    "iff implies quad qquad right"
)
_OPERATORS = frozenset(_OPERATOR_WORDS.split())
_LITERAL = frozenset("%$&#_{}")
_UPRIGHT = frozenset(("text", "mathrm", "textrm", "operatorname"))
_RAISED = dict(zip("0123456789+-=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ", strict=True)) | {"T": "ᵀ", "′": "′", "∗": "*"}
_LOWERED = dict(zip("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))
_TOKEN = re.compile(r"\\([A-Za-z]+|.)|([{}^_])|([^\\{}^_]+)", re.DOTALL)
_PLAIN = re.compile(r"[\w\s+\-*/=<>()\[\].,;:!?|'\u0391-\u03c9]*")
_MAX_LENGTH = 400
_MAX_DEPTH = 12


class _Unknown(Exception):
    """Something this converter must not guess."""


def tex_to_unicode(source: str) -> str | None:
    """The formula in Unicode, or None when any part of it is not known for certain."""
    source = source.strip()
    if not source or len(source) > _MAX_LENGTH:
        return None
    try:
        reader = _Reader(source)
        shown = reader.sequence(0)
    except _Unknown:
        return None
    return " ".join(shown.split()) if shown.strip() else None


class _Reader:
    """One pass over the tokens of a formula."""

    def __init__(self, source: str) -> None:
        self._tokens = [match.groups() for match in _TOKEN.finditer(source)]
        self._next = 0

    def sequence(self, depth: int) -> str:
        """Everything up to the closing brace of this group, or to the end."""
        if depth > _MAX_DEPTH:
            raise _Unknown
        shown: list[str] = []
        while self._next < len(self._tokens):
            command, mark, plain = self._tokens[self._next]
            if mark == "}":
                if depth == 0:
                    raise _Unknown
                return "".join(shown)
            if mark in ("^", "_"):
                self._next += 1
                shown.append(self._script(_RAISED if mark == "^" else _LOWERED, depth))
            elif plain is not None:
                self._next += 1
                if _PLAIN.fullmatch(plain) is None:
                    raise _Unknown
                shown.append(plain)
            else:
                shown.append(self._command(command, depth) if command else self._group(depth))
        if depth:
            raise _Unknown
        return "".join(shown)

    def _group(self, depth: int) -> str:
        if self._next >= len(self._tokens) or self._tokens[self._next][1] != "{":
            raise _Unknown
        self._next += 1
        inside = self.sequence(depth + 1)
        self._next += 1
        return inside

    def _script(self, table: dict[str, str], depth: int) -> str:
        if self._next >= len(self._tokens):
            raise _Unknown
        command, mark, plain = self._tokens[self._next]
        if plain is not None:
            # Only the first character is the script; the rest of the token goes back.
            self._tokens[self._next] = (None, None, plain[1:])
            if len(plain) == 1:
                self._next += 1
            script = plain[0]
        elif mark == "{":
            script = self._group(depth)
        elif command is not None:
            script = self._command(command, depth)
        else:
            raise _Unknown
        try:
            return "".join(table[character] for character in script.replace(" ", ""))
        except KeyError:
            raise _Unknown from None

    def _command(self, name: str, depth: int) -> str:
        self._next += 1
        if name in _SYMBOLS:
            return _SYMBOLS[name]
        if name in _SPACES:
            return _SPACES[name]
        if name in _LITERAL:
            return name
        if name in _FUNCTIONS:
            return name + self._gap()
        if name in ("left", "right"):
            return self._delimiter()
        if name in _UPRIGHT:
            return self._group(depth)
        if name == "sqrt":
            return self._unit("√" + _enclosed(self._group(depth)))
        if name in ("frac", "tfrac", "dfrac"):
            return self._unit(_enclosed(self._group(depth)) + "/" + _enclosed(self._group(depth)))
        raise _Unknown

    def _unit(self, shown: str) -> str:
        """In parentheses where what follows could be read as part of it: a/b times c is not a/bc."""
        following = (token for token in self._tokens[self._next :] if token[2] is None or token[2].strip())
        command, mark, plain = next(following, (None, "}", None))
        if plain is not None:
            is_apart = plain.lstrip()[0] in "+-=<>),.;:]|"
        else:
            is_apart = mark == "}" or command in _OPERATORS
        return shown if is_apart else f"({shown})"

    def _gap(self) -> str:
        """A space between a function's name and the letter after it."""
        if self._next < len(self._tokens):
            command, _, plain = self._tokens[self._next]
            if (plain and plain[0].isalnum()) or (command and command not in ("left", "right")):
                return " "
        return ""

    def _delimiter(self) -> str:
        if self._next >= len(self._tokens):
            raise _Unknown
        _, _, plain = self._tokens[self._next]
        if plain is None or plain[0] not in "()[]|":
            raise _Unknown
        return ""


def _enclosed(part: str) -> str:
    part = part.strip()
    if not part:
        raise _Unknown
    return part if len(part) == 1 or part.isdigit() else f"({part})"
