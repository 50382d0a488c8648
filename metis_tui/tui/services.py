"""What the application is given when it starts. Only ports and values: no adapter is named here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from metis_tui.chat.engine import ChatEngine
from metis_tui.chat.ports import Authenticator, ConversationStore, DraftKeeper, MeasurementLog, ModelGateway
from metis_tui.config.choices import ChoicesFile
from metis_tui.config.settings import Settings


@dataclass(frozen=True, slots=True)
class Start:
    """How the user started the application."""

    model: str = ""
    """`model` or `model@cluster`; empty: as settings and last choice say."""
    conversation_id: str | None = None
    continue_last: bool = False
    is_demo: bool = False
    is_saving: bool = True


@dataclass(frozen=True, slots=True)
class Services:
    engine: ChatEngine
    gateway: ModelGateway
    store: ConversationStore
    authenticator: Authenticator
    measurements: MeasurementLog
    drafts: DraftKeeper
    choices: ChoicesFile
    settings: Settings
    state_folder: Path
    problems: Sequence[str] = ()
    """What was wrong with the configuration; shown once."""
    theme_folders: Sequence[Path] = ()
    start: Start = field(default_factory=Start)
