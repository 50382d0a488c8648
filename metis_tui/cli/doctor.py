"""`doctor`: looks at everything that chatting depends on, each line with a verdict and what to do.

Each check has a time limit of its own and they run side by side, so that the answer comes also without a network or
with a disk that hangs. Shows no access token. Knows the ports only.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from metis_tui import __version__
from metis_tui.chat.background import in_background
from metis_tui.chat.checkup import DamageReport, Finding, NetworkFindings
from metis_tui.chat.printable import printable_line
from metis_tui.chat.sign_in import SignInService
from metis_tui.cli import doctor_access, doctor_folder, doctor_terminal
from metis_tui.cli.auth_status import IdentityTeller
from metis_tui.cli.diagnostics import ExitCode
from metis_tui.cli.output import Output

_LIMIT_SECONDS = 13.0
_DISK_SECONDS = 6.0
_LIBRARIES = ("textual", "openai", "globus-sdk")

Check = Callable[[], Awaitable[Sequence[Finding]]]


async def run(
    options: argparse.Namespace,
    *,
    base_url: str,
    network: Callable[[], Awaitable[NetworkFindings]],
    sign_in: SignInService,
    gateway: IdentityTeller,
    look_for_damage: doctor_folder.LookForDamage,
    data_folder: Path,
    state_folder: Path,
    problems: Sequence[str],
    output: Output,
    environ: Mapping[str, str] = os.environ,
) -> ExitCode:
    """Prints what it finds; 1 when something fails."""

    async def connected() -> Sequence[Finding]:
        found = await network()
        return [*found.findings, *await doctor_access.examine(sign_in, gateway if found.is_reachable else None)]

    async def configured() -> Sequence[Finding]:
        fix = "Correct config.toml (metis-tui config path names it)."
        return [Finding("settings", "warn", printable_line(problem, 300), fix) for problem in problems]

    report = DamageReport(0, 0)

    async def saved() -> Sequence[Finding]:
        nonlocal report
        found, report = await doctor_folder.examine_conversations(look_for_damage)
        return found

    findings = await gather(
        {
            "network": (connected, _LIMIT_SECONDS),
            "data folder": (lambda: in_background(lambda: doctor_folder.examine(data_folder)), _DISK_SECONDS),
            "state folder": (
                lambda: in_background(lambda: doctor_folder.examine(state_folder, "state folder")),
                _DISK_SECONDS,
            ),
            "conversations": (saved, _LIMIT_SECONDS),
            "terminal": (lambda: doctor_terminal.examine(environ), _DISK_SECONDS),
            "settings": (configured, _DISK_SECONDS),
            "versions": (lambda: in_background(versions), _DISK_SECONDS),
        }
    )
    is_ok = not any(finding.verdict == "fail" for finding in findings)
    if options.json:
        told = [as_json(finding) for finding in findings]
        damaged = [
            {"conversation": d.conversation_id, "saved_as": d.saved_as, **asdict(d.record)} for d in report.damages
        ]
        output.json({"base_url": base_url, "is_ok": is_ok, "findings": told, "damaged": damaged})
    else:
        output.line(f"gateway {printable_line(base_url)}")
        output.line(as_text(findings))
    return ExitCode.OK if is_ok else ExitCode.ERROR


async def gather(checks: Mapping[str, tuple[Check, float]]) -> list[Finding]:
    """The findings of all checks, in their order; a check that takes too long or breaks is a finding itself."""
    found = await asyncio.gather(*(_within(name, check, seconds) for name, (check, seconds) in checks.items()))
    return [finding for findings in found for finding in findings]


async def _within(name: str, check: Check, seconds: float) -> Sequence[Finding]:
    try:
        return await asyncio.wait_for(check(), seconds)
    except asyncio.TimeoutError:
        return [Finding(name, "fail", f"no result within {seconds:.0f} s", "It hangs: ask who runs this machine.")]
    except Exception as error:  # one broken check must not hide the others
        text = f"the check itself failed ({type(error).__name__})"
        return [Finding(name, "warn", text, "Tell the developers.")]


def versions() -> list[Finding]:
    """Which versions run here."""
    from importlib.metadata import PackageNotFoundError, version

    def known(name: str) -> str:
        try:
            return f"{name} {version(name)}"
        except PackageNotFoundError:
            return f"{name} missing"

    parts = [f"metis-tui {__version__}", f"python {platform.python_version()}", *map(known, _LIBRARIES)]
    is_whole = not any(part.endswith(" missing") for part in parts)
    fix = "" if is_whole else "Install metis-tui again."
    return [Finding("versions", "ok" if is_whole else "fail", f"{', '.join(parts)}, {platform.system()}", fix)]


def as_text(findings: Sequence[Finding]) -> str:
    width = max((len(finding.name) for finding in findings), default=0)
    lines = []
    for finding in findings:
        lines.append(f"{finding.verdict:<4}  {finding.name:<{width}}  {printable_line(finding.text, 400)}")
        if finding.verdict != "ok" and finding.fix:
            lines.append(f"{'':<4}  {'':<{width}}  fix: {printable_line(finding.fix, 400)}")
    counts = {verdict: sum(finding.verdict == verdict for finding in findings) for verdict in ("ok", "warn", "fail")}
    lines.append(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    return "\n".join(lines)


def as_json(finding: Finding) -> dict[str, str]:
    return {"name": finding.name, "verdict": finding.verdict, "text": finding.text, "fix": finding.fix}
