"""How often and how long: the store's rhythm in one place, so that tests can hurry it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """All durations in seconds."""

    checkpoint_seconds: float = 0.8
    """Streamed text goes to its partial file at most this late, so that a crash costs less than a second ..."""
    checkpoint_characters: int = 4096
    """... or as soon as this much has come."""
    sync_seconds: float = 5.0
    """Checkpoints and settings survive a power cut after this long."""
    first_retry_seconds: float = 1.0
    last_retry_seconds: float = 30.0
    slow_seconds: float = 2.0
    """From then on the status says that storage is slow."""
    patience_seconds: float = 10.0
    """How long a caller waits for a disk that does not answer."""
    settled_seconds: float = 10.0
    """A record without its end is damage once its file has rested this long; before, it may be on its way."""
    owner_gone_seconds: float = 30.0
    """Rest after which a partial file of this boot counts as left, if its process is not seen."""
    other_boot_seconds: float = 120.0
    """The same for partial files of other boots, whose processes cannot be seen."""
