"""Runs a program and writes down every import and every opened file as they happen: start_watch.py LOG [SCRIPT] ...

Without a script the program is metis-tui with the arguments after `--`. Knows nothing of what is in the log; the
reading side is `read_log`.
"""

from __future__ import annotations

import os
import runpy
import sys
import time
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).parent.parent
WRITING = os.O_WRONLY | os.O_RDWR


class Event(NamedTuple):
    seconds: float
    """On the clock of time.monotonic, which all processes of a machine share."""
    kind: str
    """`import` (tried, not always found), `read` or `write` (a file was opened, or it was tried)."""
    name: str
    """The module or the path."""


def read_log(log: Path) -> list[Event]:
    fields = [line.split("\t", 2) for line in log.read_text(errors="surrogateescape").splitlines()]
    return [Event(float(seconds), kind, name) for seconds, kind, name in fields]


def watch(log: str) -> None:
    """From now on everything goes to the log, at once: the process may be killed."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if event == "import":
            kind, name = "import", arguments[0]
        elif event == "open" and not isinstance(arguments[0], int):
            kind, name = ("write" if int(str(arguments[2])) & WRITING else "read"), os.fsdecode(arguments[0])  # type: ignore[arg-type]
        else:
            return
        os.write(descriptor, f"{time.monotonic():.6f}\t{kind}\t{name}\n".encode(errors="surrogateescape"))

    sys.addaudithook(note)


def main() -> None:
    log, *rest = sys.argv[1:]
    if rest[0] == "--":
        sys.path[0] = str(PROJECT)
        sys.argv = ["metis-tui", *rest[1:]]
        watch(log)
        from metis_tui.__main__ import main as run

        sys.exit(run())
    sys.path[0] = str(Path(rest[0]).parent)
    sys.argv = rest
    watch(log)
    runpy.run_path(rest[0], run_name="__main__")


if __name__ == "__main__":
    main()
