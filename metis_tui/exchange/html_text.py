"""Turns what models and users wrote into HTML that cannot do anything: no scripts, no raw HTML, nothing loaded.

Links go to http, https and mailto only; pictures elsewhere become links; formulas stay as they are written.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping, Sequence
from functools import lru_cache
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from metis_tui.chat.printable import printable
from metis_tui.exchange.math_source import keep_math

_LONGEST_MARKDOWN = 120_000
"""Characters of a text up to which it is read as Markdown; a longer one, such as a file, is shown as it is."""
_LONGEST_CODE = 100_000
"""Characters of a code block up to which it is coloured."""
_LINK = re.compile(r"(?:https?|mailto):", re.IGNORECASE)
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+\Z", re.IGNORECASE)


def text_html(text: str) -> str:
    """Markdown as HTML; what is very long as plain text."""
    text = printable(text).strip("\n")
    if len(text) > _LONGEST_MARKDOWN:
        return plain_html(text)
    try:
        return str(_parser().render(text))
    except (RecursionError, ValueError, IndexError):  # text made to break parsers is text all the same
        return plain_html(text)


def plain_html(text: str) -> str:
    return f'<pre class="plain">{escape(printable(text))}</pre>\n'


def line_html(text: str) -> str:
    """Plain text of one or more lines for use inside an element or a quoted attribute."""
    return escape(printable(text))


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 40}).enable(["table", "strikethrough"])
    parser.validateLink = _is_allowed  # type: ignore[assignment,method-assign]
    keep_math(parser)
    parser.add_render_rule("link_open", _link_open)
    parser.add_render_rule("image", _image)
    parser.add_render_rule("fence", _code)
    parser.add_render_rule("code_block", _code)
    parser.add_render_rule("table_open", lambda *_: '<div class="wide"><table>\n')
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    parser.add_render_rule("math_inline", _math)
    parser.add_render_rule("math_block", _math)
    for heading in ("heading_open", "heading_close"):
        parser.add_render_rule(heading, _heading)
    return parser


def _is_allowed(address: str) -> bool:
    return bool(_LINK.match(address) or _PICTURE.match(address))


def _link_open(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: MutableMapping[str, Any]
) -> str:
    address = str(tokens[index].attrGet("href") or "")
    if not _LINK.match(address):
        return "<a>"
    return f'<a href="{escape(address)}" rel="noreferrer noopener nofollow">'


def _image(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: MutableMapping[str, Any]
) -> str:
    token = tokens[index]
    address = str(token.attrGet("src") or "")
    name = escape(self.renderInlineAsText(token.children, options, env) if token.children else "")
    if _PICTURE.match(address):
        return f'<img src="{escape(address)}" alt="{name}">'
    return f'<a href="{escape(address)}" rel="noreferrer noopener nofollow">[picture: {name or escape(address)}]</a>'


def _code(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: MutableMapping[str, Any]
) -> str:
    token = tokens[index]
    language = token.info.split()[0][:40] if token.info.split() else ""
    label = f'<span class="language">{escape(language)}</span>' if language else ""
    return f'<pre class="code">{label}<code>{_coloured(token.content, language)}</code></pre>\n'


def _coloured(code: str, language: str) -> str:
    if not language or len(code) > _LONGEST_CODE:
        return escape(code)
    from pygments import highlight

    lexer = _lexer(language)
    return escape(code) if lexer is None else str(highlight(code, lexer, _formatter()))


@lru_cache(maxsize=1)
def _formatter() -> Any:
    from pygments.formatters.html import HtmlFormatter

    return HtmlFormatter(nowrap=True)


@lru_cache(maxsize=64)
def _lexer(language: str) -> Any:
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


def _math(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: MutableMapping[str, Any]
) -> str:
    token = tokens[index]
    if token.type == "math_block":
        return f'<pre class="math">{escape(token.content)}</pre>\n'
    return f'<code class="math">{escape(token.content)}</code>'


def _heading(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: MutableMapping[str, Any]
) -> str:
    """Below the headings of the page itself, which has three levels."""
    level = min(6, int(tokens[index].tag[1]) + 3)
    return f"<h{level}>" if tokens[index].nesting > 0 else f"</h{level}>\n"
