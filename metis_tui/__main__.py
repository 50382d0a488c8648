"""Starts metis-tui: reads the command line, runs what it asks for and turns the end into an exit code.

Imports nothing heavy by itself: --help and --version must answer at once.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import NoReturn


def start() -> NoReturn:
    """Entry point of the console script: runs, and ends the process.

    Threads in the background may still load modules or wait for a disk. At Python's own end OpenSSL is torn down
    under them, and the process dies of a segmentation fault after all went well.
    """
    code = int(main())
    threading = sys.modules.get("threading")
    if threading is None or threading.active_count() == 1:
        sys.exit(code)
    import atexit
    import os

    atexit._run_exitfuncs()  # the log's last lines
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed, or nobody reads it, or never there
            stream.flush()
    os._exit(code)


def main() -> int:
    """Runs what the command line asks for; gives the exit code."""
    from metis_tui.cli.quick_start import read_start

    options = read_start(sys.argv[1:])
    if options is None:
        from metis_tui.cli import parser

        options = parser.parse()
    try:
        from metis_tui import wiring

        return wiring.run(options)
    except KeyboardInterrupt:
        from metis_tui.cli import diagnostics

        return diagnostics.interrupted()
    except BrokenPipeError:
        from metis_tui.cli import output

        return output.reader_has_gone()
    except Exception as error:  # the one place where a fault of ours ends, never as a traceback on the screen
        from metis_tui.cli import failure_log

        return failure_log.report(error, is_demo=options.demo)


if __name__ == "__main__":
    start()
