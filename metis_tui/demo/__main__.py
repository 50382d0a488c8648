"""`python -m metis_tui.demo`: the demo gateway on its own."""

from __future__ import annotations

import argparse
import sys

from .scenario import scenario_names
from .server import run_forever


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="metis_tui.demo", description="A demo gateway on this machine.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--scenario", choices=scenario_names(), default="default")
    parser.add_argument("--models-route", action="store_true", help="serve {cluster}/models too")
    options = parser.parse_args(arguments)
    return run_forever(options.port, options.scenario, serve_models_route=options.models_route)


if __name__ == "__main__":
    sys.exit(main())
