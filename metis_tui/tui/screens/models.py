"""The model picker. Opens at once with what is known and fills in as clusters answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from metis_tui.chat.catalog import Catalog, ModelState, ServedModel
from metis_tui.chat.ports import Measurement
from metis_tui.tui import format as fmt
from metis_tui.tui.model_rows import count_words, rows
from metis_tui.tui.screens.overlay import Overlay

_FILTERS: tuple[ModelState | None, ...] = (
    None,
    ModelState.LIVE,
    ModelState.STARTING,
    ModelState.QUEUED,
    ModelState.OFFLINE,
    ModelState.UNKNOWN,
)


class ModelPicker(Overlay[ServedModel | None]):
    """Returns the chosen model, or None."""

    CSS_PATH = "models.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close", show=False),
        Binding("tab", "next_filter(1)", show=False, priority=True),
        Binding("shift+tab", "next_filter(-1)", show=False, priority=True),
        Binding("f5", "refresh", "Refresh", show=False),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("pagedown", "move(8)", show=False, priority=True),
        Binding("pageup", "move(-8)", show=False, priority=True),
    ]

    def __init__(
        self,
        catalog: Catalog,
        measurements: Mapping[str, Measurement],
        current: str,
        *,
        ask_for_refresh: Callable[[], None],
        wanted: str = "",
    ) -> None:
        super().__init__()
        self._ask_for_refresh = ask_for_refresh
        self._catalog = catalog
        self._measurements = measurements
        self._wanted_key: str | None = current
        self._initial = wanted
        self._filter = 0
        self._models: dict[str, ServedModel] = {}
        self._is_refreshing = False
        self._trouble = ""

    def compose(self) -> ComposeResult:
        with Vertical(id="models-box") as box:
            box.border_title = "Models"
            with Horizontal(id="models-top"):
                yield Input(
                    self._initial, placeholder="search", compact=True, id="models-search", select_on_focus=False
                )
                yield Static(id="models-filter")
            yield OptionList(id="models-list", compact=True, markup=False)
            yield Static("Enter use · Tab state · F5 refresh · Esc", id="models-keys", markup=False)

    def on_mount(self) -> None:
        search = self.query_one(Input)
        search.cursor_blink = False
        search.focus()
        self.set_interval(1.0, self._update_title)
        self._fill()

    def show_catalog(self, catalog: Catalog, *, is_refreshing: bool, trouble: str = "") -> None:
        """Brings newer knowledge; the highlighted model stays highlighted."""
        is_same = catalog == self._catalog
        self._catalog, self._is_refreshing, self._trouble = catalog, is_refreshing, trouble
        if self.is_mounted:
            if not is_same:
                self._fill()
            self._update_title()

    def on_resize(self) -> None:
        self._fill()

    @on(Input.Changed)
    def search(self) -> None:
        self._fill()

    @on(Input.Submitted)
    def use(self) -> None:
        highlighted = self._highlighted()
        if highlighted is not None:
            self.dismiss(highlighted)

    @on(OptionList.OptionSelected)
    def select(self, event: OptionList.OptionSelected) -> None:
        model = self._models.get(event.option.id or "")
        if model is not None:
            self.dismiss(model)

    def action_next_filter(self, step: int) -> None:
        self._filter = (self._filter + step) % len(_FILTERS)
        if _FILTERS[self._filter] is ModelState.UNKNOWN and not self._catalog.count_by_state()[ModelState.UNKNOWN]:
            self._filter = (self._filter + step) % len(_FILTERS)
        self._fill()

    def action_refresh(self) -> None:
        self._ask_for_refresh()

    def action_move(self, step: int) -> None:
        options = self.query_one(OptionList)
        for _ in range(abs(step)):
            before = options.highlighted
            options.action_cursor_down() if step > 0 else options.action_cursor_up()
            wrapped = before is not None and options.highlighted is not None
            if wrapped and (options.highlighted - before) * step < 0 and abs(step) > 1:  # type: ignore[operator]
                options.highlighted = before
                break
        highlighted = self._highlighted()
        self._wanted_key = highlighted.key if highlighted else None

    def _highlighted(self) -> ServedModel | None:
        options = self.query_one(OptionList)
        if options.highlighted is None:
            return None
        return self._models.get(options.get_option_at_index(options.highlighted).id or "")

    def _fill(self) -> None:
        if not self.is_mounted:
            return
        options = self.query_one(OptionList)
        width = max(20, (options.size.width or self.app.size.width - 6) - 3)
        wanted = self.query_one(Input).value
        found = rows(
            self._catalog,
            self._measurements,
            wanted=wanted,
            state=_FILTERS[self._filter],
            width=width,
            now=time.time(),
        )
        options.clear_options()
        self._models = {row.model.key: row.model for row in found if row.model is not None}
        options.add_options(
            Option(Text(row.text, no_wrap=True), id=row.model.key)
            if row.model is not None
            else Option(Text(row.text, "bold", no_wrap=True), disabled=True)
            for row in found
        )
        if not self._models:
            words = "No model matches." if self._catalog.models else self._trouble or "Reading the list of models…"
            options.add_option(Option(Text(words), disabled=True))
        self._highlight(options)
        self._show_filter()
        self._update_title()

    def _highlight(self, options: OptionList) -> None:
        place = next(iter(self._models), None)
        if self._wanted_key in self._models:
            place = self._wanted_key
        if place is not None:
            options.highlighted = options.get_option_index(place)

    def _show_filter(self) -> None:
        words = Text(no_wrap=True, justify="right")
        has_unknown = self._catalog.count_by_state()[ModelState.UNKNOWN] > 0
        for place, state in enumerate(_FILTERS):
            if state is ModelState.UNKNOWN and not has_unknown and place != self._filter:
                continue
            name = state.value.capitalize() if state else "All"
            words.append(
                f"[{name}]" if place == self._filter else f" {name} ", "bold" if place == self._filter else ""
            )
        self.query_one("#models-filter", Static).update(words)

    def _update_title(self) -> None:
        box = self.query_one("#models-box")
        box.border_title = f"Models ── {count_words(self._catalog)}"
        if self._is_refreshing:
            box.border_subtitle = "refreshing…"
        elif self._catalog.as_of is not None:
            box.border_subtitle = f"as of {fmt.age(self._catalog.as_of, time.time())}"
