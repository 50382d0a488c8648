"""`config path` and `config show`: where the settings are and what they say. Never shows an access token."""

from __future__ import annotations

import argparse
from pathlib import Path

from metis_tui.cli import diagnostics
from metis_tui.cli.diagnostics import ExitCode
from metis_tui.cli.output import Output
from metis_tui.config.settings import Settings, as_toml


def run(
    options: argparse.Namespace, *, path: Path, settings: Settings, problems: list[str], output: Output
) -> ExitCode:
    if options.verb == "path":
        output.line(str(path))
        return ExitCode.OK
    for problem in problems:
        diagnostics.warn(problem)
    presence = "" if path.is_file() else " (no such file: these are the defaults)"
    output.line(f"# {path}{presence}")
    output.text(as_toml(settings))
    return ExitCode.OK
