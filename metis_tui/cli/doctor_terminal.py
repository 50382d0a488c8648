"""The part of `doctor` that looks at the terminal: its variables, and what tmux and screen say of themselves."""

from __future__ import annotations

import asyncio
import locale
import re
from collections.abc import Mapping

from metis_tui.chat.checkup import Finding
from metis_tui.chat.printable import printable_line

_PROGRAM_SECONDS = 2.0


async def examine(environ: Mapping[str, str]) -> list[Finding]:
    """TERM, colours, encoding, tmux or screen, the clipboard's way and the keys for a new line."""
    in_tmux, in_screen = bool(environ.get("TMUX")), _is_screen(environ)
    version, keys = "", ""
    if in_tmux:
        version, keys = await asyncio.gather(
            _said_by("tmux", "-V"), _said_by("tmux", "show-options", "-sv", "extended-keys")
        )
    elif in_screen:
        version = await _said_by("screen", "--version")
    findings = [_term(environ), _colours(environ, in_screen), _encoding()]
    if in_tmux or in_screen:
        findings.append(_multiplexer("tmux" if in_tmux else "GNU screen", version))
    return [*findings, _clipboard(environ, in_tmux, in_screen, version), _newline(in_tmux, in_screen, keys)]


def _term(environ: Mapping[str, str]) -> Finding:
    term = printable_line(environ.get("TERM", ""), 60)
    if term in ("", "dumb"):
        text = f"TERM is {term or 'not set'}: the application cannot draw, commands work"
        return Finding("terminal", "warn", text, "Set TERM to what your terminal is, such as xterm-256color.")
    program = printable_line(environ.get("TERM_PROGRAM", ""), 60)
    where = ", over SSH" if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY") else ""
    return Finding("terminal", "ok", f"TERM {term}{f', {program}' if program else ''}{where}")


def _colours(environ: Mapping[str, str], in_screen: bool) -> Finding:
    if environ.get("NO_COLOR"):
        return Finding("colours", "ok", "none: NO_COLOR is set")
    term = environ.get("TERM", "")
    if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit") and not in_screen:
        return Finding("colours", "ok", "24 bits")
    if "256color" in term:
        return Finding("colours", "ok", "256")
    fix = "If the terminal takes more, set TERM to its 256color kind, or COLORTERM=truecolor."
    return Finding("colours", "warn", "16 at most, by TERM and COLORTERM", fix)


def _encoding() -> Finding:
    # not the preferred encoding: Python's UTF-8 mode would hide what the terminal's other programs see
    name = locale.getpreferredencoding(False)
    if name.lower().replace("-", "") == "utf8":
        return Finding("encoding", "ok", "UTF-8")
    return Finding("encoding", "warn", f"{printable_line(name, 40)}: lines and symbols may be wrong", "LANG=C.UTF-8")


def _multiplexer(name: str, version: str) -> Finding:
    shown = printable_line(version, 60) or "version unknown"
    if name == "tmux" and version and _number(version) < (3, 2):
        fix = "Use tmux 3.2 or newer for copying to your own machine's clipboard."
        return Finding("multiplexer", "warn", shown, fix)
    return Finding("multiplexer", "ok", shown if name in shown else f"{name}, {shown}")


def _clipboard(environ: Mapping[str, str], in_tmux: bool, in_screen: bool, version: str) -> Finding:
    kept = "; always also last-copy.txt in the state folder"
    if in_tmux:
        if version and _number(version) < (3, 2):
            return Finding("clipboard", "warn", f"tmux's own buffer only{kept}", "Use tmux 3.2 or newer.")
        return Finding("clipboard", "ok", f"tmux's buffer and through it your terminal{kept}")
    if environ.get("DISPLAY") and not environ.get("SSH_CONNECTION"):
        return Finding("clipboard", "ok", f"the desktop's{kept}")
    through = "GNU screen and " if in_screen else ""
    return Finding("clipboard", "ok", f"through {through}your terminal (OSC 52), if it takes it{kept}")


def _newline(in_tmux: bool, in_screen: bool, extended_keys: str) -> Finding:
    text = "Ctrl+J and Alt+Enter"
    if in_screen:
        return Finding("new line", "ok", f"{text}; GNU screen passes no Shift+Enter on")
    if in_tmux and extended_keys not in ("on", "always"):
        return Finding("new line", "ok", f"{text}; Shift+Enter with tmux's option: set -s extended-keys on")
    return Finding("new line", "ok", f"{text}; Shift+Enter where the terminal sends it")


def _is_screen(environ: Mapping[str, str]) -> bool:
    return not environ.get("TMUX") and (bool(environ.get("STY")) or environ.get("TERM", "").startswith("screen"))


def _number(version: str) -> tuple[int, int]:
    found = re.search(r"(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else (99, 0)  # a build of the day has none


async def _said_by(*command: str) -> str:
    """The first line that a program says; empty when it says none in time."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return ""
    try:
        said, _ = await asyncio.wait_for(process.communicate(), _PROGRAM_SECONDS)
    except asyncio.TimeoutError:
        process.kill()
        return ""
    return said.decode("utf-8", "replace").partition("\n")[0].strip()
