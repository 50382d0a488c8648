"""Which model the next prompt goes to, and what keys and commands do about it. Owns no state of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from metis_tui.chat.printable import printable_line
from metis_tui.tui.screens.chat_base import ChatBase
from metis_tui.tui.widgets.notice_bar import Notice

if TYPE_CHECKING:
    from metis_tui.chat.catalog import ServedModel
    from metis_tui.chat.errors import ChatError
    from metis_tui.tui.screens.waiting_room import WaitingRoom


class ModelActions(ChatBase):
    """Wishes by name, and the choice among what is there."""

    waiting_room: WaitingRoom | None = None
    """While a turn waits for a model."""

    def wish_model(self, wish: str) -> None:
        """Another conversation or the user wants this model, by name."""
        self.wished_model = wish
        self.choose_from_wishes()

    def choose_from_wishes(self) -> None:
        if not self.catalog.models:
            return
        from metis_tui.tui.model_choice import missing_model_words, wanted_model

        wishes = (self.wished_model, *self.fallback_models)
        chosen = wanted_model(self.catalog, wishes, is_strict=bool(self.wished_model))
        self.model = chosen
        if chosen is None:
            reason, hint = missing_model_words(self.catalog, printable_line(self.wished_model, 80))
            self.notices.post_notice("model", Notice("The model is gone", reason, hint, "warning"))
        else:
            self.notices.withdraw("model")

    def use_model(self, model: ServedModel) -> None:
        """The user chose: for this conversation now, and for new ones later."""
        self.wish_model(model.key)
        conversation = self.pane.conversation
        if conversation.model != model.key:
            conversation.model = model.key
            if not conversation.is_empty:
                self.keep(self.services.store.set_value(conversation, "model", model.key))
        self.keep_choice(model=model.key)
        self.show_state()

    def action_choose_model(self) -> None:
        self.choose_model()

    async def choose_model_with(self, name: str) -> None:
        found = self.catalog.find(name)
        if found is not None:
            self.use_model(found)
            self.tell(f"Next prompt goes to {found.key}.")
        else:
            self.choose_model(name)

    def choose_model(self, wanted: str = "") -> None:
        def use(model: ServedModel | None) -> None:
            if model is not None:
                self.use_model(model)

        self.pick_model(use, wanted)

    def pick_model(self, then: Callable[[ServedModel | None], None], wanted: str = "") -> None:
        """Opens the model picker; `then` gets the chosen model, or None."""
        from metis_tui.tui.screens.models import ModelPicker

        current = self.model.key if self.model else ""

        def chosen(model: ServedModel | None) -> None:
            self.picker = None
            then(model)

        self.picker = picker = ModelPicker(
            self.catalog, self.measurements, current, ask_for_refresh=self.action_refresh_catalog, wanted=wanted
        )
        self.app.push_screen(picker, chosen)
        self.run_worker(self.catalog_watch.refresh(), group="refresh", exit_on_error=False)

    async def model_for_turn(self, failure: ChatError, model: ServedModel) -> ServedModel | None:
        """Waits with the user until the model is live, or another one is chosen; None when the turn shall end."""
        from metis_tui.tui.screens.waiting_room import WaitingRoom

        chosen: asyncio.Future[ServedModel | None] = asyncio.get_running_loop().create_future()

        def decided(found: ServedModel | None) -> None:
            self.waiting_room = None
            if not chosen.done():
                chosen.set_result(found)

        room = self.waiting_room = WaitingRoom(
            failure, model, self.catalog, ring=lambda: self.metis_app.write_to_terminal("\a")
        )
        self.app.push_screen(room, decided)
        self.run_worker(self.catalog_watch.refresh(), group="refresh", exit_on_error=False)
        try:
            found = await chosen
        finally:
            if self.waiting_room is room:  # the turn was stopped meanwhile
                room.dismiss(None)
        if found is not None and found.key != model.key:
            self.use_model(found)
        return found

    def action_refresh_catalog(self) -> None:
        self.run_worker(self.catalog_watch.refresh(force=True), group="refresh", exit_on_error=False)
        self.run_worker(self.access_watch.look(), group="access-look", exit_on_error=False)
        self.tell("Reading the models' states…")

    def action_next_model(self) -> None:
        from metis_tui.tui.model_choice import next_recent

        found = next_recent(self.catalog, self.measurements, self.model.key if self.model else "")
        if found is None:
            self.tell("There is no other live model.")
        else:
            self.use_model(found)
            self.tell(f"Next prompt goes to {found.key}.")
