"""While a prompt waits for a model that is not live: what is known of it, and what can be done meanwhile.

The prompt goes out by itself when the model is live. Knows the catalog it is shown; asks nobody.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from metis_tui.chat.catalog import Catalog, ModelState, ServedModel
from metis_tui.chat.errors import ChatError, Maintenance
from metis_tui.chat.printable import printable, printable_line
from metis_tui.tui import format as fmt
from metis_tui.tui.screens.overlay import Overlay

if TYPE_CHECKING:
    from collections.abc import Callable

_OFFERED = 4


class WaitingRoom(Overlay["ServedModel | None"]):
    """Gives the model to send to: the one waited for once it is live, or a live one that was chosen; None to give up.

    Args:
        failure: why the prompt did not get through.
        model: the one that is waited for.
        ring: called when the model has become live.
    """

    CSS_PATH = "waiting_room.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Give up", show=False)]

    def __init__(self, failure: ChatError, model: ServedModel, catalog: Catalog, *, ring: Callable[[], None]) -> None:
        super().__init__()
        self._failure, self._model, self._catalog, self._ring = failure, model, catalog, ring
        self._began = time.monotonic()
        cluster = catalog.clusters.get(model.cluster)
        self._known_as_of = cluster.as_of if cluster is not None else None
        """A state that was known before does not count; clocks may jump, so only a change does."""

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="waiting-box") as box:
            box.border_title = "Waiting for the model"
            box.border_subtitle = "1-4 sends there · Esc gives up, the prompt stays"
            yield Static(id="waiting-text", markup=False)

    def on_mount(self) -> None:
        self.query_one("#waiting-box").focus()
        self._show()
        self.set_interval(1.0, self._show)

    def show_catalog(self, catalog: Catalog) -> None:
        """Something became known; a state from before the refusal does not count."""
        self._catalog = catalog
        found = catalog.find(self._model.key)
        cluster = catalog.clusters.get(self._model.cluster)
        is_news = cluster is not None and cluster.as_of not in (None, self._known_as_of)
        is_up = cluster is None or cluster.is_up is not False
        if found is not None and found.state is ModelState.LIVE and is_news and is_up:
            self._ring()
            self.dismiss(found)
            return
        if self.is_mounted:
            self._show()

    async def on_key(self, event: object) -> None:
        key = getattr(event, "character", None) or ""
        offered = self._offered()
        if key.isdigit() and 0 < int(key) <= len(offered):
            self.dismiss(offered[int(key) - 1])

    # -- what is shown -------------------------------------------------------------------------------------------

    def _offered(self) -> list[ServedModel]:
        near = self._catalog.nearest(self._model.key, len(self._catalog.models))
        return [m for m in near if m.state is ModelState.LIVE and m.key != self._model.key][:_OFFERED]

    def _show(self) -> None:
        self.query_one("#waiting-text", Static).update(self._table())

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for name, text in self._rows():
            table.add_row(Text(name), Text(text))
        return table

    def _rows(self) -> list[tuple[str, str]]:
        now = time.time()
        model = self._catalog.find(self._model.key) or self._model
        cluster = self._catalog.clusters.get(model.cluster)
        rows = [("Model", printable_line(model.key, 120))]
        if isinstance(self._failure, Maintenance) or (cluster is not None and cluster.is_up is False):
            notice = cluster.notice if cluster is not None and cluster.notice else self._failure.reason
            rows.append(("Maintenance", printable(notice)[:400]))
        else:
            word = f" ({printable_line(model.status_word, 40)})" if model.status_word else ""
            since = f", for {fmt.short_duration(now - model.state_since)} at least" if model.state_since else ""
            rows.append(("State", f"{model.state.symbol} {model.state.value}{word}{since}"))
            rows.append(("", printable(self._failure.reason)[:300]))
        if cluster is not None and cluster.as_of is not None:
            rows.append(("Known since", f"{fmt.age(cluster.as_of, now)}; looked at again every minute"))
        rows.append(("Waited", fmt.short_duration(time.monotonic() - self._began)))
        rows.append(("Your prompt", "is kept, and sent with a ring when the model is live"))
        offered = self._offered()
        for number, other in enumerate(offered, 1):
            rows.append(
                (
                    "" if number > 1 else "Or send to",
                    f"{number}  {other.state.symbol} {printable_line(other.key, 80)}",
                )
            )
        if not offered:
            rows.append(("Or send to", "no other model is live now"))
        return rows
