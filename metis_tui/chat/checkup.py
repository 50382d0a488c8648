"""What a check of the surroundings found, for `doctor`. Pure; knows nothing of what is checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from metis_tui.chat.conversation import DamagedRecord

Verdict = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. Never holds an access token, a refresh token or a proxy's password."""

    name: str
    verdict: Verdict
    text: str
    fix: str = ""
    """What to do about it; empty when nothing is wrong."""


@dataclass(frozen=True, slots=True)
class NetworkFindings:
    """What was found on the way to the gateway."""

    findings: tuple[Finding, ...]
    is_reachable: bool
    """The gateway answered by the way that is used: it makes sense to ask it more."""


@dataclass(frozen=True, slots=True)
class Damage:
    """A record that cannot be read."""

    conversation_id: str
    record: DamagedRecord
    saved_as: str = ""
    """The file with its bytes as they are; empty when it could not be written."""


@dataclass(frozen=True, slots=True)
class DamageReport:
    """What was found in the files of all conversations."""

    conversation_count: int
    looked_at_count: int
    """Less when the time did not do; newest first."""
    damages: tuple[Damage, ...] = ()
    trouble: str = ""
    """Why bytes could not be saved, in plain words."""
