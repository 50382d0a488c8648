"""Inline Markdown -> styled pieces. Knows nothing of widths or blocks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rich.style import Style

from metis_tui.chat.printable import printable
from metis_tui.tui.rendering.lines import Piece
from metis_tui.tui.rendering.palette import Palette
from metis_tui.tui.rendering.syntax import attribute, is_inline_too_hard, parse_inline
from metis_tui.tui.rendering.tex import tex_to_unicode
from metis_tui.tui.rendering.wrapping import expand_tabs

if TYPE_CHECKING:
    from markdown_it.token import Token

_ADDRESS = re.compile(r"https?://[^\s<>\"'`]+[^\s<>\"'`.,;:!?)\]}]")
_MARKUP_START = re.compile(r"[\\`*_~\[\]<>!$&\n]|https?:")


class InlineText:
    """The styled text of one paragraph, with the offsets at which a new line of the source begins."""

    __slots__ = ("breaks", "pieces")

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.breaks: list[int] = []


def inline_text(source: str, base: Style, palette: Palette, env: dict[str, Any]) -> InlineText:
    """Styled pieces for a paragraph's source; a newline in a piece is a hard break."""
    source = expand_tabs(source)
    inline = InlineText()
    if _MARKUP_START.search(source) is None:
        inline.pieces.append((source, base))
        return inline
    if is_inline_too_hard(source):
        inline.pieces.append((source, base))
        inline.breaks = [match.end() for match in re.finditer("\n", source)]
        return inline
    _InlineWriter(inline, base, palette).write(parse_inline(source, env))
    return inline


class _InlineWriter:
    """Writes inline tokens as pieces; styles nest as the tokens do."""

    def __init__(self, inline: InlineText, base: Style, palette: Palette) -> None:
        self._inline = inline
        self._palette = palette
        self._styles = [base]
        self._links: list[tuple[str, int]] = []
        self._length = 0

    def write(self, tokens: list[Token]) -> None:
        for token in tokens:
            self._token(token)

    def _add(self, text: str, style: Style | None = None) -> None:
        if not text:
            return
        if not text.isascii() or not text.isprintable():
            # The parser has turned references such as &#x202e; and &#13; into what they stand for.
            text = expand_tabs(printable(text))
        pieces = self._inline.pieces
        wanted = self._styles[-1] if style is None else self._styles[-1] + style
        if pieces and pieces[-1][1] == wanted:
            pieces[-1] = (pieces[-1][0] + text, wanted)
        else:
            pieces.append((text, wanted))
        self._length += len(text)

    def _token(self, token: Token) -> None:
        palette = self._palette
        match token.type:
            case "text" | "text_special":
                self._text(token.content)
            case "softbreak" | "hardbreak":
                self._add(" " if token.type == "softbreak" else "\n")
                self._inline.breaks.append(self._length)
            case "code_inline":
                self._add(token.content.replace("\n", " "), palette.code)
            case "html_inline":
                self._add(token.content.replace("\n", " "), palette.muted)
            case "math_inline":
                self._math(token)
            case "image":
                self._image(token)
            case "link_open":
                self._links.append((attribute(token.attrs, "href"), self._length))
                self._styles.append(self._styles[-1] + palette.link)
            case "link_close":
                self._close_link()
            case "strong_open" | "em_open" | "s_open":
                styles = {"strong_open": palette.strong, "em_open": palette.emphasis, "s_open": palette.strike}
                self._styles.append(self._styles[-1] + styles[token.type])
            case "strong_close" | "em_close" | "s_close":
                if len(self._styles) > 1:
                    self._styles.pop()
            case _:
                self._add(token.content)

    def _text(self, text: str) -> None:
        """Plain text; bare addresses are marked as links."""
        if "://" not in text or self._links:
            self._add(text)
            return
        end = 0
        for match in _ADDRESS.finditer(text):
            self._add(text[end : match.start()])
            self._add(match.group(), self._palette.link)
            end = match.end()
        self._add(text[end:])

    def _close_link(self) -> None:
        if len(self._styles) > 1:
            self._styles.pop()
        if not self._links:
            return
        address, start = self._links.pop()
        label = "".join(text for text, _ in self._inline.pieces)[start:] if address else ""
        if address and label.strip() not in (address, address.removeprefix("mailto:")):
            self._add(f" ({address})", self._palette.muted)

    def _image(self, token: Token) -> None:
        self._add(f"[image: {token.content}]" if token.content else "[image]", self._palette.link)
        self._add(f" ({attribute(token.attrs, 'src')})", self._palette.muted)

    def _math(self, token: Token) -> None:
        shown = tex_to_unicode(token.content)
        if shown is None:
            closing = {"\\(": "\\)", "\\[": "\\]"}.get(token.markup, token.markup)
            shown = " ".join((token.markup + token.content + closing).split("\n"))
        self._add(shown, self._palette.math)
