"""What the application is given when it starts. Only ports and values: no adapter is named here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from metis_tui.chat.engine import ChatEngine
    from metis_tui.chat.exchange import ConversationExchange
    from metis_tui.chat.matrix import MatrixFolder, MatrixReports
    from metis_tui.chat.ports import Authenticator, ConversationStore, DraftKeeper, MeasurementLog, ModelGateway
    from metis_tui.chat.search import ConversationSearch
    from metis_tui.chat.sign_in import Identity, SignInService
    from metis_tui.config.choices import ChoicesFile
    from metis_tui.config.settings import Settings


@dataclass(frozen=True)
class Start:
    """How the user started the application."""

    model: str = ""
    """`model` or `model@cluster`; empty: as settings and last choice say."""
    conversation_id: str | None = None
    continue_last: bool = False
    file: str = ""
    """To be shown instead of what is saved; see `Services.opened_file`. A folder: of a matrix."""
    history_query: str | None = None
    """Words that the history screen searches for at once, "" for all; None: the chat comes up."""
    is_demo: bool = False

    @property
    def is_for_history(self) -> bool:
        return self.history_query is not None


@dataclass(frozen=True)
class OpenedFile:
    """A file whose conversations are shown; the store holds them, read-only."""

    name: str
    source: str
    """What kind of file it is, in plain words."""
    ids: tuple[str, ...]
    """Of its conversations."""
    problems: Sequence[str] = ()


@dataclass(frozen=True)
class Services:
    """The adapters behind the ports, joined."""

    engine: ChatEngine
    gateway: ModelGateway
    store: ConversationStore
    search: ConversationSearch
    """Opens nothing before its `start` or its first search."""
    authenticator: Authenticator
    sign_in: SignInService
    whoami: Callable[[], Awaitable[Identity]]
    """Asks the gateway who the access token belongs to. Raises ChatError."""
    measurements: MeasurementLog
    drafts: DraftKeeper
    exchange: ConversationExchange
    reports: MatrixReports
    matrix_folder: Callable[[Path], MatrixFolder]
    """A folder that `metis-tui matrix` made."""
    base_url: str
    route: str = ""
    """How requests get to the gateway, in words: direct, or by which proxy."""
    is_saving: bool = True
    """False: conversations are in memory only."""
    opened_file: OpenedFile | None = None
    problems: Sequence[str] = ()
    """What did not work out while they were made; shown."""


@dataclass(frozen=True)
class Launch:
    """What is needed for the first paint, and how to get the rest."""

    settings: Settings
    choices: ChoicesFile
    state_folder: Path
    theme: str
    """The theme's name as settings and last choice say; empty: the default."""
    connect: Callable[[], Services]
    """Makes the services. Called once, in a thread after the first paint, because their libraries take their time.

    Raises:
        ChatError: the settings make it impossible, for example the gateway's address.
    """
    theme_folders: Sequence[Path] = ()
    problems: Sequence[str] = ()
    """What was wrong with the configuration; shown."""
    start: Start = field(default_factory=Start)
    log: Callable[[str], None] = lambda _: None
    """Takes a line that tells what did not work out, but concerns nobody now."""
