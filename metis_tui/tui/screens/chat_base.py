"""What the parts of the chat screen share: its state's names, and how they tell and keep things."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from textual.screen import Screen

from metis_tui.chat.background import in_background
from metis_tui.chat.printable import printable, printable_line
from metis_tui.tui.screens.selecting import SelectsWhatIsThere

if TYPE_CHECKING:
    from metis_tui.chat.catalog import Catalog, ServedModel
    from metis_tui.chat.conversation import ChatMessage, Conversation
    from metis_tui.chat.errors import ChatError
    from metis_tui.chat.ports import Measurement, SaveStatus
    from metis_tui.chat.sign_in import SignInFacts
    from metis_tui.tui.access_watch import AccessWatch
    from metis_tui.tui.app import MetisApp
    from metis_tui.tui.branching import Branching
    from metis_tui.tui.catalog_watch import CatalogWatch
    from metis_tui.tui.comparing import Comparing
    from metis_tui.tui.copying import Copying
    from metis_tui.tui.prompt_editing import PromptEditing
    from metis_tui.tui.reading import Reading
    from metis_tui.tui.screens.models import ModelPicker
    from metis_tui.tui.services import Launch, Services
    from metis_tui.tui.sharing import Sharing
    from metis_tui.tui.taking_out import TakingOut
    from metis_tui.tui.widgets.chat_pane import ChatPane
    from metis_tui.tui.widgets.notice_bar import NoticeBar
    from metis_tui.tui.widgets.prompt_input import PromptInput


class ChatBase(SelectsWhatIsThere, Screen[None]):
    """Declares; `ChatScreen` gives the values."""

    launch: Launch
    catalog: Catalog
    measurements: dict[str, Measurement]
    catalog_trouble: ChatError | None
    """Why the list of models could not be read."""
    model: ServedModel | None
    wished_model: str
    fallback_models: tuple[str, ...]
    access: SignInFacts | None
    """What is known of access to the gateway; None before the first look."""
    saving: SaveStatus | None
    has_more_below: bool
    connected: asyncio.Event
    catalog_watch: CatalogWatch
    access_watch: AccessWatch
    pane: ChatPane
    prompt: PromptInput
    notices: NoticeBar
    picker: ModelPicker | None = None
    """While it is open."""
    editing: PromptEditing | None = None
    """An earlier prompt is in the prompt box."""
    _branching: Branching | None = None
    _reading: Reading | None = None
    _copying: Copying | None = None
    _taking_out: TakingOut | None = None
    _sharing: Sharing | None = None
    _comparing: Comparing | None = None

    @property
    def services(self) -> Services:
        raise NotImplementedError

    @property
    def is_connected(self) -> bool:
        raise NotImplementedError

    def use_model(self, model: ServedModel) -> None:
        raise NotImplementedError

    def show_state(self) -> None:
        raise NotImplementedError

    @property
    def is_busy(self) -> bool:
        """A turn runs, or a prompt is on its way to one: the place where its reply goes must stay."""
        raise NotImplementedError

    @property
    def copying(self) -> Copying:
        raise NotImplementedError

    @property
    def taking_out(self) -> TakingOut:
        raise NotImplementedError

    @property
    def comparing(self) -> Comparing:
        """Made when it is first needed."""
        from metis_tui.tui.comparing import Comparing

        if self._comparing is None:
            self._comparing = Comparing(self)
        return self._comparing

    @property
    def branching(self) -> Branching:
        """What can be done with branches."""
        from metis_tui.tui.branching import Branching

        if self._branching is None:
            self._branching = Branching(self)
        return self._branching

    @property
    def reading(self) -> Reading:
        raise NotImplementedError

    async def show_conversation(self, conversation: Conversation) -> None:
        raise NotImplementedError

    def message_to_act_on(self) -> ChatMessage | None:
        raise NotImplementedError

    async def model_to_use(self) -> ServedModel | None:
        raise NotImplementedError

    def open_history(self, words: str | None = None) -> None:
        raise NotImplementedError

    def wish_model(self, wish: str) -> None:
        raise NotImplementedError

    def pick_model(self, then: Callable[[ServedModel | None], None], wanted: str = "") -> None:
        raise NotImplementedError

    async def open_conversation(
        self, conversation_id: str, *, at: str | None = None, phrases: Sequence[str] = ()
    ) -> None:
        raise NotImplementedError

    def stop_rerun(self) -> bool:
        raise NotImplementedError

    async def sign_in_for_turn(self, failure: ChatError) -> bool:
        raise NotImplementedError

    @property
    def is_turn_stuck(self) -> bool:
        raise NotImplementedError

    async def retry_turn(self) -> None:
        raise NotImplementedError

    async def run_slash(self, name: str, argument: str) -> None:
        raise NotImplementedError

    def forget_draft(self) -> None:
        raise NotImplementedError

    def save_draft(self) -> None:
        raise NotImplementedError

    def cancel_editing(self) -> bool:
        raise NotImplementedError

    def new_conversation(self) -> Conversation:
        raise NotImplementedError

    @property
    def metis_app(self) -> MetisApp:
        from metis_tui.tui.app import MetisApp

        assert isinstance(self.app, MetisApp)
        return self.app

    def tell(self, text: str, *, title: str = "", is_problem: bool = False) -> None:
        """A passing message; its text may come from anywhere."""
        self.notify(
            printable(text)[:600],
            title=printable_line(title, 80),
            severity="error" if is_problem else "information",
            timeout=10 if is_problem else 4,
            markup=False,
        )

    def keep(self, saving: Awaitable[object]) -> None:
        """Saves in the background; the store itself tells when it cannot."""

        async def run() -> None:
            await saving

        self.run_worker(run(), group="keep", exit_on_error=False)

    def keep_choice(self, **choice: str | bool) -> None:
        self.keep(in_background(lambda: self.launch.choices.update(**choice)))

    async def copy(self, text: str, what: str = "") -> None:
        self.tell(await self.metis_app.clipboard_ladder.copy(text), title=what)
