"""The chat screen: header, conversation and status bar, and every action that is not a widget's own.

Owns what is known. Composes; what it shows is worked out elsewhere.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType

from metis_tui.chat.background import in_background
from metis_tui.chat.catalog import Catalog
from metis_tui.chat.conversation import UNTITLED, Conversation
from metis_tui.chat.errors import ChatError
from metis_tui.tui.actions import bindings_for
from metis_tui.tui.screens.chat_status import status_facts
from metis_tui.tui.screens.conversation_actions import ConversationActions
from metis_tui.tui.screens.history_actions import HistoryActions
from metis_tui.tui.screens.model_actions import ModelActions
from metis_tui.tui.screens.sign_in_actions import SignInActions
from metis_tui.tui.screens.transcript_actions import TranscriptActions
from metis_tui.tui.screens.turn_actions import TurnActions
from metis_tui.tui.screens.view_actions import ViewActions
from metis_tui.tui.warm_up import WarmUp
from metis_tui.tui.widgets.chat_pane import LOGGED_NOTICE, NOT_KEPT_NOTICE, WELCOME, ChatPane
from metis_tui.tui.widgets.notice_bar import Notice, NoticeBar
from metis_tui.tui.widgets.prompt_input import PromptInput
from metis_tui.tui.widgets.status_bar import StatusBar
from metis_tui.tui.widgets.title_bar import TitleBar

if TYPE_CHECKING:
    from metis_tui.chat.catalog import ServedModel
    from metis_tui.chat.ports import Measurement, SaveStatus
    from metis_tui.chat.sign_in import SignInFacts
    from metis_tui.tui.services import Launch, Services
    from metis_tui.tui.widgets.transcript import Transcript

STREAM_FRAMES_PER_SECOND = 12.0
"""How often a streaming reply is drawn at most: more would be work that no reader sees."""
_SHORT_ROWS = 9
"""Below this many rows the prompt and the end of the transcript get all the room."""
_CONNECT_DELAY_SECONDS = 0.06
_LIST_DELAY_SECONDS = 3.0
_INDEX_DELAY_SECONDS = 10.0
"""The index is opened when the start is long over, or with the first search."""
_TYPING_SECONDS = 0.2
"""So long after a key the next one is to be expected."""
_TIDY_DELAY_SECONDS = 45.0
"""The start, and what follows it at once, need the disk more."""
_ACTIONS_FROM_THE_START = {"leave", "help", "palette", "leader", "suspend", "redraw", "copy_or_stop"}


class ChatScreen(
    TurnActions, SignInActions, ModelActions, ViewActions, HistoryActions, ConversationActions, TranscriptActions
):
    """Owns what is known: services, catalog, the chosen model. Its actions are in the base classes."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for("chat")]

    def __init__(self, launch: Launch) -> None:
        super().__init__()
        self.launch = launch
        self._services: Services | None = None
        self.connected = asyncio.Event()
        self.warm_up = WarmUp()
        self.catalog = Catalog()
        self.measurements: dict[str, Measurement] = {}
        self.model: ServedModel | None = None
        self.wished_model = launch.start.model
        """What the user asked for by name; never silently replaced."""
        self.fallback_models: tuple[str, ...] = (launch.settings.model,)
        self.catalog_trouble: ChatError | None = None
        self.access: SignInFacts | None = None
        self.saving: SaveStatus | None = None
        self.has_more_below = False

    def new_conversation(self) -> Conversation:
        settings = self.launch.settings
        return Conversation(system=settings.system, params=dict(settings.parameters))

    def compose(self) -> ComposeResult:
        yield TitleBar()
        yield ChatPane(self.new_conversation())
        yield StatusBar()

    def on_mount(self) -> None:
        self.pane = self.query_one(ChatPane)
        self.notices = self.query_one(NoticeBar)
        self.prompt = self.query_one(PromptInput)
        self.set_focus(self.prompt)  # at once: focus() would come after the first paint
        self.show_state()
        self.call_after_refresh(self._connect_soon)

    def _compositor_refresh(self) -> None:
        """Waits for the end of a batch: Textual draws a whole frame, drops it and takes it for shown.

        The first frame would come without the prompt, which would follow a frame later.
        """
        if not self.app._batch_count:
            super()._compositor_refresh()

    def on_resize(self) -> None:
        self.set_class(self.size.height < _SHORT_ROWS, "-short")

    def _connect_soon(self) -> None:
        """Leaves the first moments after the first paint to the first keys: imports would slow their echo."""

        def connect() -> None:
            self.run_worker(self._connect(), group="connect", exit_on_error=False)

        start = self.launch.start
        is_awaited = start.continue_last or start.conversation_id is not None or start.file or start.is_for_history
        self.set_timer(0.02 if is_awaited else _CONNECT_DELAY_SECONDS, connect)

    @property
    def is_connected(self) -> bool:
        return self._services is not None

    @property
    def services(self) -> Services:
        """The adapters; only after `is_connected`, which takes a moment after the first paint."""
        if self._services is None:
            raise RuntimeError("not connected yet")
        return self._services

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """For the first moments only actions that need no services are there."""
        return True if self.is_connected else action in _ACTIONS_FROM_THE_START

    async def _connect(self) -> None:
        """Everything that may take time begins after the first paint."""
        from metis_tui.tui.access_watch import AccessWatch
        from metis_tui.tui.catalog_watch import CatalogWatch

        try:
            with self.warm_up.giving_way():
                services = await in_background(self.launch.connect)
                await self.pane.add_transcript()
        except ChatError as error:
            self.metis_app.give_up(error)
            return
        self._services = services
        self.metis_app.problems += services.problems
        self.pane.engine = services.engine
        recourse = services.engine.recourse
        recourse.sign_in, recourse.model_desk = self.sign_in_for_turn, self.model_for_turn
        self.catalog_watch = CatalogWatch(services.gateway, self._catalog_changed, self.catalog_failed)
        self.access_watch = AccessWatch(services.sign_in, self.access_changed)
        loop = asyncio.get_running_loop()

        def from_writer_thread(status: SaveStatus) -> None:
            loop.call_soon_threadsafe(self._saving_changed, status)

        services.store.watch_status(from_writer_thread)
        self.connected.set()
        self.run_worker(self._open_first(), group="open", exit_on_error=False)
        self.run_worker(self.catalog_watch.run(), group="catalog", exit_on_error=False)
        self.run_worker(self.access_watch.run(), group="access", exit_on_error=False)
        self.run_worker(self.warm_up.run(services.gateway.warm_up), group="warm-up", exit_on_error=False)
        self.set_interval(10.0, self.show_state)
        self.set_timer(_LIST_DELAY_SECONDS, self.look_in_advance)
        self.set_timer(_INDEX_DELAY_SECONDS, self.start_search)
        self.set_timer(_TIDY_DELAY_SECONDS, self._tidy)
        self._watch_other_windows()

    def _tidy(self) -> None:
        from metis_tui.tui.screens.first_shown import tidy

        self.run_worker(tidy(self.services.store, self.launch.settings), group="tidy", exit_on_error=False)

    def _watch_other_windows(self) -> None:
        from metis_tui.tui.other_windows import LOOK_SECONDS, OtherWindows

        self.other_windows = OtherWindows(self)
        self.set_interval(LOOK_SECONDS, self.other_windows.look_soon)
        self.watch(self.app, "app_focus", self._focus_of_terminal_changed, init=False)

    def _focus_of_terminal_changed(self, has_focus: bool) -> None:
        if has_focus:
            self.other_windows.look_soon(is_thorough=True)

    @on(PromptInput.Changed)
    def prompt_changed(self) -> None:
        self.warm_up.typed()
        if self.is_connected:
            self.services.search.give_way(_TYPING_SECONDS)

    @on(PromptInput.Submitted)
    def prompt_submitted(self) -> None:
        self.warm_up.hurry()

    # -- what is known -----------------------------------------------------------------------------------------

    def _catalog_changed(self, catalog: Catalog) -> None:
        if not self.app.is_running:
            return
        self.catalog = catalog
        self.choose_from_wishes()
        if self.waiting_room is not None:
            self.waiting_room.show_catalog(catalog)
        if self.picker is not None:
            self.picker.show_catalog(
                catalog, is_refreshing=self.catalog_watch.is_refreshing, trouble=str(self.catalog_trouble or "")
            )
        self.show_state()

    def _saving_changed(self, status: SaveStatus) -> None:
        self.saving = status
        if status.trouble:
            hint = "Your words are in memory and are saved as soon as it works. Free space or check your quota."
            self.notices.post_notice("saving", Notice("Not saved", status.trouble, hint))
        else:
            self.notices.withdraw("saving")
        self.show_state()

    # -- the start ---------------------------------------------------------------------------------------------

    async def _open_first(self) -> None:
        """Adopts what dead processes left, then opens what was asked for on the command line."""
        from metis_tui.tui.screens.first_shown import show_first

        services, start = self.services, self.launch.start
        choices = await in_background(self.launch.choices.load)
        self.measurements = await in_background(services.measurements.load)
        self.fallback_models = (self.launch.settings.model, choices.model)
        self.choose_from_wishes()
        self.set_welcome(has_seen_notice=choices.has_seen_notice)
        if not choices.has_seen_notice:
            self.keep_choice(has_seen_notice=True)
        adopted = await services.store.recover()
        if adopted:
            self.tell(f"{adopted} interrupted repl{'y was' if adopted == 1 else 'ies were'} recovered.")
        await show_first(self, start)
        await self.metis_app.load_all_themes()
        problems: list[str] = self.metis_app.problems
        if problems:
            reason = " ".join(problems)
            self.notices.post_notice("config", Notice("Take note", reason, "Esc takes this away.", "warning"))

    @on(ChatPane.TurnChanged)
    @on(ChatPane.ConversationChanged)
    def state_changed(self) -> None:
        if self.pane.is_running:
            self.pane.transcript.set_frame_rate(self.metis_app.drawing_rate(STREAM_FRAMES_PER_SECOND))
        self.tell_waiting()
        self.show_state()

    @on(events.DescendantFocus)
    @on(events.DescendantBlur)
    def focus_changed(self) -> None:
        self.show_state()

    def on_transcript_follow_changed(self, event: Transcript.FollowChanged) -> None:
        self.has_more_below = not event.follow
        self.show_state()

    # -- what is shown -----------------------------------------------------------------------------------------

    def show_state(self) -> None:
        if not self.is_mounted:
            return
        conversation = self.pane.conversation
        title = self.query_one(TitleBar)
        title.model = self.model.key if self.model else self.wished_model
        title.state = self.model.state if self.model else None
        title.title = "" if conversation.title == UNTITLED and conversation.is_empty else conversation.title
        if conversation.source_file:
            title.title = f"read-only: {conversation.source_file} · {title.title}"
        title.message_count = len(conversation.messages)
        bar = self.query_one(StatusBar)
        bar.facts = status_facts(self, time.monotonic())
        bar.tick()

    def set_welcome(self, *, has_seen_notice: bool) -> None:
        notice = LOGGED_NOTICE if self.services.is_saving else NOT_KEPT_NOTICE
        self.pane.welcome(WELCOME + ("" if has_seen_notice else notice))
