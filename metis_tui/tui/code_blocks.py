"""The code blocks of a message as they are taken out of it: by the numbers on screen, with their exact text. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from metis_tui.chat.printable import printable, printable_line
from metis_tui.tui.rendering.markdown import Rendered, render_as_it_is
from metis_tui.tui.rendering.palette import Palette

_WIDTH = 100
_ENDINGS = {
    **dict.fromkeys(("python", "py", "python3"), ".py"),
    **dict.fromkeys(("bash", "sh", "shell", "zsh", "console", "slurm", "pbs", "sbatch"), ".sh"),
    **dict.fromkeys(("fortran", "f90", "fortran90", "fortranfree"), ".f90"),
    **dict.fromkeys(("c++", "cpp", "cxx"), ".cpp"),
    **dict.fromkeys(("javascript", "js"), ".js"),
    **dict.fromkeys(("typescript", "ts"), ".ts"),
    **dict.fromkeys(("yaml", "yml"), ".yaml"),
    **dict.fromkeys(("markdown", "md"), ".md"),
    **dict.fromkeys(("tex", "latex"), ".tex"),
    **dict.fromkeys(("rust", "rs"), ".rs"),
    **dict.fromkeys(("diff", "patch"), ".patch"),
    **{
        name: f".{name}"
        for name in ("c", "h", "cu", "go", "java", "json", "toml", "ini", "xml", "html", "css", "sql")
    },
    **{name: f".{name}" for name in ("r", "jl", "lua", "csv", "cmake", "lisp", "pl", "rb", "swift", "awk", "sed")},
    **{"cuda": ".cu", "julia": ".jl", "perl": ".pl", "ruby": ".rb", "fish": ".fish"},
}
_WHOLE_NAMES = {"dockerfile": "Dockerfile", "makefile": "Makefile", "make": "Makefile"}
_NAME = r"[A-Za-z0-9_][\w.+-]*\.[A-Za-z][A-Za-z0-9]{0,7}"
_NAMED_BY_FENCE = re.compile(rf"(?:^|[\s=\"'{{:]){_NAME}")
_NAMED_IN_COMMENT = re.compile(
    rf"^\s*(?:#|//|!|--|;|%|/\*|<!--)\s*(?:file(?:name)?:\s*)?[\w./~-]*?({_NAME})\s*(?:\*/|-->)?\s*$"
)
_NAMED_BEFORE = re.compile(rf"[`*\"']([\w./~-]*?{_NAME})[`*\"']")


class CodeBlock(NamedTuple):
    number: int
    """As on screen, counted from 1."""
    language: str
    """As the model called it; may be empty."""
    text: str
    """Exactly as written, without the last line's end."""
    name: str
    """A file name without folders that fits it."""

    @property
    def data(self) -> bytes:
        """As a file holds it: its last line ends like all others."""
        text = self.text if not self.text or self.text.endswith("\n") else self.text + "\n"
        return text.encode("utf-8", "replace")

    @property
    def label(self) -> str:
        """One line that tells it from the others."""
        lines = self.text.count("\n") + 1
        first = next((line for line in self.text.split("\n") if line.strip()), "")
        size = f"{lines:,} line{'s' if lines > 1 else ''}"
        return printable_line(f"{self.language or 'text'} · {size} · {first.strip()}", 120)


def code_blocks(source: str) -> list[CodeBlock]:
    """The blocks of a message's Markdown source, in the order of their numbers. Takes its time for long ones."""
    shown = printable(source)
    rendered = render_as_it_is(shown, _WIDTH, Palette())
    if shown != source:
        exact = render_as_it_is(source, _WIDTH, Palette())
        if len(exact.code_blocks) == len(rendered.code_blocks):  # else what is on screen counts
            rendered = exact
    return [_block(source, number, text, rendered) for number, text in enumerate(rendered.code_blocks, 1)]


def _block(source: str, number: int, text: str, rendered: Rendered) -> CodeBlock:
    info = printable_line(rendered.code_infos.get(number, ""), 200)
    language = info.split(" ")[0].strip("{}.")
    return CodeBlock(number, language, text, _file_name(source, number, text, info, language.lower()))


def _file_name(source: str, number: int, text: str, info: str, language: str) -> str:
    """What the fence, the first line or the words before the block call it; else made of the language."""
    ending = _ENDINGS.get(language, ".txt")
    by_fence = re.search(rf"(?:[\s=\"':])({_NAME})", info)
    if by_fence is not None:
        return _safe(by_fence[1], ending)
    by_comment = _NAMED_IN_COMMENT.match(text.split("\n", 1)[0])
    if by_comment is not None:
        return _safe(by_comment[1], ending)
    place = source.find(text) if text else -1
    before = source[max(0, place - 400) : max(0, place)].rsplit("\n", 2)[0] if place > 0 else ""
    last_words = next((line for line in reversed(before.split("\n")) if line.strip()), "")
    named = _NAMED_BEFORE.findall(last_words)
    if named:
        return _safe(named[-1], ending)
    return _WHOLE_NAMES.get(language, f"code-{number}{ending}")


def _safe(name: str, ending: str) -> str:
    """Never a folder and never a hidden file: a model's words may not say where something is written."""
    name = name.replace("\\", "/").rpartition("/")[2].lstrip(".~-")
    return name[:80] or f"code{ending}"
