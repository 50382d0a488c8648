"""Status details (F4): gateway, clusters, access token, storage and the line to the terminal, as known now."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from metis_tui.chat.catalog import Catalog
from metis_tui.chat.errors import ChatError
from metis_tui.chat.ports import SaveStatus
from metis_tui.chat.printable import printable_line
from metis_tui.tui import format as fmt
from metis_tui.tui.display.frugal import LineFacts
from metis_tui.tui.screens.overlay import Overlay
from metis_tui.tui.sign_in_words import fact_rows, identity_words
from metis_tui.tui.widgets.notice_bar import Notice

if TYPE_CHECKING:
    from metis_tui.chat.sign_in import Identity, SignInFacts


class StatusDetails(Overlay[None]):
    CSS_PATH = "status_details.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,f4,enter", "dismiss(None)", "Close", show=False)]

    def __init__(
        self,
        *,
        base_url: str,
        route: str,
        catalog: Catalog,
        access: Callable[[], SignInFacts | None],
        whoami: Callable[[], Awaitable[Identity]],
        saving: SaveStatus,
        is_saving: bool = True,
        state_folder: str,
        notices: Mapping[str, Notice],
        line: Callable[[], LineFacts | None],
    ) -> None:
        super().__init__()
        self._line, self._access, self._whoami = line, access, whoami
        self._identity = "asking…"
        now = time.time()
        self._rows: list[tuple[str, str]] = [("Gateway", base_url)]
        self._rows += [("Route", route)] if route else []
        self._rows += [("", "the list of models was never read")] if catalog.as_of is None else []
        for name, cluster in sorted(catalog.clusters.items()):
            up = {True: "up", False: "maintenance", None: "unknown"}[cluster.is_up]
            seen = f", states as of {fmt.age(cluster.as_of, now)}" if cluster.as_of else ""
            trouble = f"; {cluster.trouble}" if cluster.trouble else ""
            notice = f"; {cluster.notice}" if cluster.notice else ""
            self._rows.append((f"Cluster {name}", f"{up}{seen}{notice}{trouble}"))
        kept = "everything is saved" if saving.is_saved else f"{saving.pending_count} records not saved yet"
        kept = kept if is_saving else "nothing is kept on disk, as you asked for"
        self._rows.append(("Saving", f"{kept}{'; ' + saving.trouble if saving.trouble else ''}"))
        self._rows.append(("State folder", state_folder))
        self._rows += [(notice.title, f"{notice.reason} {notice.hint}") for notice in notices.values()]

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="status-box") as box:
            box.border_title = "Status"
            box.border_subtitle = "Esc closes"
            yield Static(self._table())

    def on_mount(self) -> None:
        self.query_one("#status-box").focus()
        self.set_interval(1.0, self._update)
        self.run_worker(self._ask_who(), exit_on_error=False)

    async def _ask_who(self) -> None:
        try:
            self._identity = identity_words(await self._whoami())
        except ChatError as error:
            self._identity = f"not known: {error}"
        self._update()

    def _update(self) -> None:
        self.query_one(Static).update(self._table())

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column()
        table.add_column(overflow="fold")  # paths are wanted whole
        access = self._access()
        known = fact_rows(access, self._identity, time.time()) if access is not None else []
        for name, text in [*known, *self._rows, ("Line", line_words(self._line()))]:
            table.add_row(Text(printable_line(name, 60)), Text(printable_line(text, 400)))
        return table


def line_words(facts: LineFacts | None) -> str:
    """What goes over the line to the terminal; None: Textual draws for itself."""
    if facts is None:
        return "not measured: every change is drawn in full"
    parts = [
        f"{facts.profile}: {fmt.byte_count(round(facts.bytes_per_second))}/s",
        f"{facts.frames_per_second:.0f} of at most {facts.most_frames_per_second} frames/s",
        f"backlog {fmt.byte_count(facts.backlog_bytes)}",
    ]
    if facts.round_trip_seconds is not None:
        parts.append(f"round trip {fmt.latency(facts.round_trip_seconds)}")
    if facts.is_held:
        parts.append("waiting for the line")
    return ", ".join(parts)
