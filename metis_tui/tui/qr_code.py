"""A QR code as lines of half blocks, two modules a character. Pure; knows nothing of terminals but their size."""

from __future__ import annotations

_QUIET_MODULES = 2
"""Light modules around the code. Four are recommended; readers take two, and the page around is light as well."""
_BLOCKS = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}
"""Upper and lower module; 1 is dark, the colour of the text."""


def qr_lines(text: str) -> list[str]:
    """The code with its light margin, dark modules as text; to be drawn dark on light.

    Raises:
        ValueError: the text is too long for a code.
    """
    import segno

    code = segno.make(text, error="l", boost_error=False, micro=False)
    dark = [[int(bool(module)) for module in row] for row in code.matrix_iter(border=_QUIET_MODULES)]
    if len(dark) % 2:
        dark.append([0] * len(dark[0]))
    return [
        "".join(_BLOCKS[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(dark[::2], dark[1::2], strict=True)
    ]
