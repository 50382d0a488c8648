"""Makes the prompt out of the command line, standard input and files. Knows nothing of conversations."""

from __future__ import annotations

import os
import re
import select
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from metis_tui.chat.printable import printable_line
from metis_tui.cli import diagnostics
from metis_tui.cli.diagnostics import UsageProblem

LARGEST_PROMPT = 2_000_000
"""In bytes. The gateway takes about 2.5 MiB a request, with everything around the prompt."""
LARGEST_LIST = 100_000_000
"""In bytes, of a file of prompts."""
_PATIENCE_SECONDS = 2.0


def build_prompt(prompt: str, files: Sequence[str]) -> str:
    """The text to send: the prompt, then each file and standard input as fenced text with its name.

    Raises:
        UsageProblem: nothing to send, a file that cannot be read or is no UTF-8 text, or too much of it.
    """
    piped = _read_standard_input(is_wanted=prompt == "-")
    parts = [piped if prompt == "-" else prompt]
    parts += [_fenced(Path(name).name, _read_file(Path(name))) for name in files]
    if prompt != "-" and piped.strip():
        parts.append(_fenced("standard input", piped))
    if not parts[0].strip() and len(parts) == 1:
        raise UsageProblem("There is no text to send.", title="The prompt is empty")
    text = "\n\n".join(part.strip("\n") for part in parts if part.strip())
    if len(text.encode("utf-8", "replace")) > LARGEST_PROMPT:
        raise _too_large("The prompt with everything attached")
    return text


def read_text(name: str, most: int = LARGEST_LIST) -> str:
    """The text of a file, or of standard input for "-". Blocking.

    Raises:
        UsageProblem: it cannot be read, is no UTF-8 text or has more than `most` bytes.
    """
    return _read_standard_input(is_wanted=True, most=most) if name == "-" else _read_file(Path(name), most)


def _read_file(path: Path, most: int = LARGEST_PROMPT) -> str:
    shown = printable_line(str(path))
    try:
        if path.is_dir():
            raise UsageProblem(f"{shown} is a folder.", title="Not a file")
        with path.open("rb") as file:
            return _decoded(_read_capped(file, shown, most), shown)
    except OSError as error:
        raise UsageProblem(f"{shown}: {error.strerror}.", title="A file cannot be read") from error


def _read_standard_input(*, is_wanted: bool, most: int = LARGEST_PROMPT) -> str:
    """What is piped in; nothing when it is a terminal, unless it is the prompt itself."""
    if sys.stdin is None or (sys.stdin.isatty() and not is_wanted):
        return ""
    source = sys.stdin.buffer
    if not sys.stdin.isatty() and not _is_ready(source):
        diagnostics.warn("waiting for standard input to end; add </dev/null when there is none")
    return _decoded(_read_capped(source, "standard input", most), "standard input")


def _is_ready(source: BinaryIO) -> bool:
    """Whether something, or its end, came in soon. Scripts often hold a pipe open without knowing it."""
    try:
        if stat.S_ISREG(os.fstat(source.fileno()).st_mode):
            return True
        return bool(select.select([source], [], [], _PATIENCE_SECONDS)[0])
    except (OSError, ValueError):
        return True


def _read_capped(source: BinaryIO, name: str, most: int) -> bytes:
    raw = source.read(most + 1)
    if len(raw) > most:
        raise _too_large(name, most)
    return raw


def _too_large(name: str, most: int = LARGEST_PROMPT) -> UsageProblem:
    return UsageProblem(
        f"{name} is larger than {most / 1e6:g} MB.",
        title="Too large to send",
        hint="The gateway takes about 2.5 MiB in all. Send the part that matters.",
    )


def _decoded(raw: bytes, name: str) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageProblem(
            f"{name} has a byte at {error.start} that is not UTF-8.",
            title="Not text",
            hint="Attach text files; convert others first (iconv -t UTF-8).",
        ) from error
    if "\x00" in text:
        raise UsageProblem(f"{name} holds NUL bytes: it is no text.", title="Not text")
    return text.replace("\r\n", "\n")


def _fenced(name: str, text: str) -> str:
    """A code block that its own content cannot end."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    suffix = Path(name).suffix[1:]
    language = suffix if suffix.isascii() and suffix.isalnum() else ""
    label = printable_line(name).replace("`", "'")
    return f"`{label}`:\n{fence}{language}\n{text.strip(chr(10))}\n{fence}"
