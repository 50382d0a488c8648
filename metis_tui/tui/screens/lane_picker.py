"""The list of models to mark several for a comparison, and named sets of models that are kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from metis_tui.chat.background import in_background
from metis_tui.chat.catalog import Catalog, ServedModel
from metis_tui.chat.comparison import MOST_LANES
from metis_tui.chat.printable import printable_line
from metis_tui.tui.model_rows import rows
from metis_tui.tui.screens.dialogs import AskText
from metis_tui.tui.screens.overlay import Overlay

if TYPE_CHECKING:
    from metis_tui.config.choices import ChoicesFile

_PRESET = "preset:"


class _Search(Input):
    """Leaves the space bar to the list: no model's name has a space."""

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return key != "space" and super().check_consume_key(key, character)


class LanePicker(Overlay["list[ServedModel] | None"]):
    """Returns the marked models in the order in which they were marked, or None."""

    CSS_PATH = "models.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close", show=False),
        Binding("space", "mark", "Mark", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("ctrl+k", "keep", "Keep as a set", show=False, priority=True),
        Binding("ctrl+d", "forget", "Forget the set", show=False, priority=True),
        Binding("tab", "blind", "Names hidden", show=False, priority=True),
        Binding("f5", "refresh", show=False),
    ]

    def __init__(self, catalog: Callable[[], Catalog], marked: Sequence[str], choices: ChoicesFile) -> None:
        super().__init__()
        self._catalog = catalog
        self._choices = choices
        self._marked = list(marked)
        self._presets: dict[str, list[str]] = {}
        self._is_blind = False
        self._models: dict[str, ServedModel] = {}
        self._shown: Catalog | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="models-box", classes="lanes") as box:
            box.border_title = "Compare models"
            yield _Search(placeholder="search", compact=True, id="models-search", select_on_focus=False)
            yield OptionList(id="models-list", compact=True, markup=False)
            yield Static(
                "Space marks · Enter compares · Tab blind · Ctrl+K keeps them as a set · Ctrl+D forgets it · Esc",
                id="models-keys",
                markup=False,
            )

    async def on_mount(self) -> None:
        search = self.query_one(Input)
        search.cursor_blink = False
        search.focus()
        self._fill()
        self.set_interval(0.5, self._look)
        choices = await in_background(self._choices.load)
        self._presets, self._is_blind = choices.presets, choices.is_blind
        self._fill(is_first=bool(self._presets))

    def on_resize(self) -> None:
        self._fill()

    def _look(self) -> None:
        if self._catalog() != self._shown:
            self._fill()

    @on(Input.Changed)
    def search(self) -> None:
        self._fill()

    @on(Input.Submitted)
    def submitted(self) -> None:
        self._accept()

    @on(OptionList.OptionSelected)
    def selected(self) -> None:
        self._accept()

    def _accept(self) -> None:
        highlighted = self._highlighted()
        if highlighted is not None and highlighted.startswith(_PRESET):
            keys = self._presets.get(highlighted.removeprefix(_PRESET), [])
        elif len(self._marked) == 1 and highlighted is not None and highlighted not in self._marked:
            keys = [*self._marked, highlighted]  # one is marked already: Enter on another one means these two
        else:
            keys = self._marked
        models = [model for model in map(self._catalog().find, keys) if model is not None]
        if len(models) < 2:
            self.notify("Mark two models at least, with Space.", markup=False, timeout=4)
        else:
            self.dismiss(models[:MOST_LANES])

    def action_mark(self) -> None:
        key = self._highlighted()
        if key is None:
            return
        if key.startswith(_PRESET):
            self._marked = [k for k in self._presets[key.removeprefix(_PRESET)] if self._catalog().find(k)]
        elif key in self._marked:
            self._marked.remove(key)
        elif len(self._marked) < MOST_LANES:
            self._marked.append(key)
        self._fill()

    def action_blind(self) -> None:
        """Whether this comparison, and those that follow, begin with the names hidden."""
        self._is_blind = is_blind = not self._is_blind
        self.run_worker(in_background(lambda: self._choices.update(is_blind=is_blind)), exit_on_error=False)
        self._fill()

    def action_move(self, step: int) -> None:
        options = self.query_one(OptionList)
        options.action_cursor_down() if step > 0 else options.action_cursor_up()

    def action_refresh(self) -> None:
        self._fill()

    def action_keep(self) -> None:
        """Keeps the marked models under a name."""
        if len(self._marked) < 2:
            self.notify("Mark two models at least, with Space.", markup=False, timeout=4)
            return

        def named(name: str | None) -> None:
            if name:
                self._keep_presets({**self._presets, printable_line(name, 40): list(self._marked)})

        self.app.push_screen(AskText("Name of the set", "my three" if len(self._marked) == 3 else ""), named)

    def action_forget(self) -> None:
        key = self._highlighted() or ""
        if key.startswith(_PRESET):
            self._keep_presets({n: keys for n, keys in self._presets.items() if _PRESET + n != key})

    def _keep_presets(self, presets: dict[str, list[str]]) -> None:
        self._presets = presets
        self.run_worker(in_background(lambda: self._choices.update(presets=presets)), exit_on_error=False)
        self._fill()

    def _highlighted(self) -> str | None:
        options = self.query_one(OptionList)
        if options.highlighted is None or options.highlighted >= options.option_count:
            return None
        return options.get_option_at_index(options.highlighted).id

    def _fill(self, *, is_first: bool = False) -> None:
        """Lists all; `is_first`: the cursor is at the first row, a set, else it stays."""
        if not self.is_mounted:
            return
        options, wanted = self.query_one(OptionList), self.query_one(Input).value
        highlighted = None if is_first else self._highlighted()
        width = max(20, (options.size.width or self.app.size.width - 6) - 7)
        self._shown = catalog = self._catalog()
        found = rows(catalog, {}, wanted=wanted, state=None, width=width, now=time.time())
        options.clear_options()
        if not wanted:
            options.add_options(
                Option(
                    _line(f"    {printable_line(name, 40)}: {', '.join(printable_line(k, 60) for k in keys)}"),
                    id=_PRESET + name,
                )
                for name, keys in self._presets.items()
            )
        for row in found:
            if row.model is None:
                options.add_option(Option(_line(row.text, "bold"), disabled=True))
                continue
            key = row.model.key
            mark = f"[{self._marked.index(key) + 1}] " if key in self._marked else "[ ] "
            options.add_option(Option(_line(mark + row.text), id=key))
        ids = [option.id for option in options.options]
        enabled = [n for n, option in enumerate(options.options) if not option.disabled]
        if enabled:
            options.highlighted = ids.index(highlighted) if highlighted and highlighted in ids else enabled[0]
        else:
            options.add_option(
                Option(_line("No model matches." if catalog.models else "Reading the list of models…"), disabled=True)
            )
        self.query_one(
            "#models-box"
        ).border_subtitle = f"{len(self._marked)} marked · blind {'on' if self._is_blind else 'off'}"


def _line(text: str, style: str = "") -> Text:
    return Text(text, style, no_wrap=True)
