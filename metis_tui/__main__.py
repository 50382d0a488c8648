"""Starts metis-tui: reads the command line, runs what it asks for and turns the end into an exit code.

Imports nothing heavy by itself: --help and --version must answer at once.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Entry point of the console script; gives the exit code."""
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
    sys.exit(main())
