"""The chat screen: header, conversation and status bar, and every action that is not a widget's own.

Owns the catalog and which model is chosen. Composes; what it shows is worked out elsewhere.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from metis_tui.chat.background import in_background
from metis_tui.chat.catalog import Catalog, ModelState, ServedModel
from metis_tui.chat.conversation import UNTITLED, Conversation
from metis_tui.chat.errors import ChatError, ModelUnknown, SignInNeeded, TokenInactive
from metis_tui.chat.printable import printable_line
from metis_tui.tui.access_watch import AccessWatch
from metis_tui.tui.actions import bindings_for
from metis_tui.tui.catalog_watch import CatalogWatch
from metis_tui.tui.model_choice import missing_model_words, next_recent, wanted_model
from metis_tui.tui.screens.chat_actions import ActingScreen
from metis_tui.tui.slash import NoSuchCommand, parse_slash
from metis_tui.tui.status_line import StatusFacts
from metis_tui.tui.turn_view import Phase
from metis_tui.tui.widgets.chat_pane import LOGGED_NOTICE, WELCOME, ChatPane
from metis_tui.tui.widgets.notice_bar import Notice, NoticeBar
from metis_tui.tui.widgets.prompt_input import PromptInput
from metis_tui.tui.widgets.status_bar import StatusBar
from metis_tui.tui.widgets.title_bar import TitleBar
from metis_tui.tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from metis_tui.chat.ports import AccessToken, Measurement, SaveStatus
    from metis_tui.tui.services import Launch, Services

_CONNECT_DELAY_SECONDS = 0.1
_ACTIONS_FROM_THE_START = {"leave", "help", "palette", "leader", "suspend", "redraw", "copy_or_stop"}


class ChatScreen(ActingScreen):
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for("chat")]

    def __init__(self, launch: Launch) -> None:
        super().__init__()
        self.launch = launch
        self._services: Services | None = None
        self._connected = asyncio.Event()
        self.catalog = Catalog()
        self.measurements: dict[str, Measurement] = {}
        self.model: ServedModel | None = None
        self.wished_model = launch.start.model
        """What the user asked for by name; never silently replaced."""
        self.fallback_models: tuple[str, ...] = (launch.settings.model,)
        self._catalog_trouble: ChatError | None = None
        self._has_access: bool | None = None
        self._token: AccessToken | None = None
        self._saving: SaveStatus | None = None
        self._has_more_below = False

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
        self.prompt.focus()
        self._show_state()
        self.call_after_refresh(self._connect_soon)

    def _connect_soon(self) -> None:
        """Leaves the first moments after the first paint to the first keys: imports would slow their echo."""

        def connect() -> None:
            self.run_worker(self._connect(), group="connect", exit_on_error=False)

        start = self.launch.start
        is_awaited = start.continue_last or start.conversation_id is not None
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
        try:
            self._services = services = await in_background(self.launch.connect)
        except ChatError as error:
            self.app.give_up(error)  # type: ignore[attr-defined]
            return
        self.app.problems += services.problems  # type: ignore[attr-defined]
        self.pane.engine = services.engine
        self.catalog_watch = CatalogWatch(services.gateway, self._catalog_changed, self._catalog_failed)
        self.access_watch = AccessWatch(services.authenticator, self._access_changed)
        loop = asyncio.get_running_loop()

        def from_writer_thread(status: SaveStatus) -> None:
            loop.call_soon_threadsafe(self._saving_changed, status)

        services.store.watch_status(from_writer_thread)
        self._connected.set()
        self.run_worker(self._open_first(), group="open", exit_on_error=False)
        self.run_worker(self.catalog_watch.run(), group="catalog", exit_on_error=False)
        self.run_worker(self.access_watch.run(), group="access", exit_on_error=False)
        self.run_worker(self._warm_up(), group="warm-up", exit_on_error=False)
        self.set_interval(10.0, self._show_state)

    async def _warm_up(self) -> None:
        """After the first catalog: both want the processor, and the catalog is what the user waits for."""
        await self.catalog_watch.refresh()
        await self.services.gateway.warm_up()

    # -- what is known -----------------------------------------------------------------------------------------

    def _catalog_changed(self, catalog: Catalog) -> None:
        if not self.app.is_running:
            return
        self.catalog = catalog
        self._choose_from_wishes()
        on_top = self.app.screen
        if on_top is not self and hasattr(on_top, "show_catalog"):
            on_top.show_catalog(
                catalog, is_refreshing=self.catalog_watch.is_refreshing, trouble=str(self._catalog_trouble or "")
            )
        self._show_state()

    def _catalog_failed(self, error: ChatError | None) -> None:
        self._catalog_trouble = error
        if error is None or isinstance(error, SignInNeeded):
            self.notices.withdraw("catalog")
        else:
            self.notices.post_notice("catalog", Notice(error.title, error.reason, error.hint))

    def _access_changed(self, token: AccessToken | None, error: ChatError | None) -> None:
        self._has_access, self._token = token is not None, token
        if error is None:
            self.notices.withdraw("access")
        else:
            self.notices.post_notice("access", Notice(error.title, error.reason, error.hint))
        self._show_state()

    def _saving_changed(self, status: SaveStatus) -> None:
        self._saving = status
        if status.trouble:
            hint = "Your words are in memory and are saved as soon as it works. Free space or check your quota."
            self.notices.post_notice("saving", Notice("Not saved", status.trouble, hint))
        else:
            self.notices.withdraw("saving")
        self._show_state()

    # -- which model -------------------------------------------------------------------------------------------

    def wish_model(self, wish: str) -> None:
        """Another conversation or the user wants this model, by name."""
        self.wished_model = wish
        self._choose_from_wishes()

    def _choose_from_wishes(self) -> None:
        if not self.catalog.models:
            return
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
        self._show_state()

    def use_next_model(self) -> None:
        found = next_recent(self.catalog, self.measurements, self.model.key if self.model else "")
        if found is None:
            self.tell("There is no other live model.")
        else:
            self.use_model(found)
            self.tell(f"Next prompt goes to {found.key}.")

    # -- turns -------------------------------------------------------------------------------------------------

    @on(PromptInput.Submitted)
    async def submitted(self, event: PromptInput.Submitted) -> None:
        await self._connected.wait()
        try:
            command = parse_slash(event.text)
        except NoSuchCommand as error:
            self.tell(f"There is no command {error}. Put a space before it to send it as text.", is_problem=True)
            return
        if command is not None:
            self.prompt.reset()
            action, argument = command
            await self.run_slash(action.name, argument)
        elif self.pane.is_running:
            self.tell("A reply is streaming. Esc stops it; your prompt stays here.", is_problem=True)
        else:
            self.prompt.reset()
            self.run_worker(self._send(event.text), group="send", exclusive=True, exit_on_error=False)

    async def _send(self, text: str) -> None:
        model = await self._model_to_use()
        if model is None:
            self.prompt.replace_all(text)
            return
        self.services.drafts.save(self.pane.conversation.id, "")
        self.pane.send(text, model)

    async def _model_to_use(self) -> ServedModel | None:
        """The chosen model; reads the catalog first when nothing is known yet."""
        if self.model is None and not self.catalog.models:
            self.tell("Reading the list of models first…")
            await self.catalog_watch.refresh(force=True)
        if self.model is not None:
            return self.model
        if self._catalog_trouble is not None:
            self.tell(f"{self._catalog_trouble} {self._catalog_trouble.hint}", is_problem=True)
        else:
            error = ModelUnknown(f"{self.wished_model or 'No model'} is not served now.")
            self.tell(f"{error} {error.hint}", is_problem=True)
        return None

    async def _open_first(self) -> None:
        """Adopts what dead processes left, then opens what was asked for on the command line."""
        services, start = self.services, self.launch.start
        choices = await in_background(self.launch.choices.load)
        self.measurements = await in_background(services.measurements.load)
        self.fallback_models = (self.launch.settings.model, choices.model)
        self._choose_from_wishes()
        self.set_welcome(has_seen_notice=choices.has_seen_notice)
        if not choices.has_seen_notice:
            self.keep_choice(has_seen_notice=True)
        adopted = await services.store.recover()
        if adopted:
            self.tell(f"{adopted} interrupted repl{'y was' if adopted == 1 else 'ies were'} recovered.")
        wanted = start.conversation_id
        if wanted is None and start.continue_last:
            newest = await services.store.list(limit=1)
            wanted = newest[0].id if newest else None
            if wanted is None:
                self.tell("There is no conversation to continue yet.")
        if wanted is not None:
            await self.open_conversation(wanted)
            if start.model:
                self.wish_model(start.model)
        else:
            draft = await in_background(lambda: services.drafts.load("new"))
            if draft and not self.prompt.text:
                self.prompt.replace_all(draft)
        await self.app.load_all_themes()  # type: ignore[attr-defined]
        problems: list[str] = self.app.problems  # type: ignore[attr-defined]
        if problems:
            reason = " ".join(problems)
            self.notices.post_notice("config", Notice("Configuration", reason, "Esc takes this away.", "warning"))

    async def retry_turn(self) -> None:
        model = await self._model_to_use()
        if model is not None and not self.pane.retry(model):
            self.tell("There is no prompt to ask again.")

    @on(ChatPane.TurnRefused)
    def refused(self, event: ChatPane.TurnRefused) -> None:
        self.tell(f"{event.error} {event.error.hint}", is_problem=True)

    @on(ChatPane.ReplyKept)
    def reply_kept(self, event: ChatPane.ReplyKept) -> None:
        from metis_tui.chat.ports import Measurement

        reply, error = event.reply, event.error
        if reply.stop in ("stop", "length") and reply.timing is not None and reply.served_by:
            speed = reply.timing.tokens_per_second(reply.usage.completion_tokens) if reply.usage else None
            measured = Measurement(reply.timing.first_delta_seconds, speed, time.time())
            self.measurements[reply.served_by] = measured
            self.services.measurements.record(reply.served_by, measured)
        if error is not None:
            self.tell(error.hint or error.reason, title=error.title, is_problem=True)
        if isinstance(error, TokenInactive):
            self.run_worker(self.access_watch.look(), group="access-look", exit_on_error=False)
        self._show_state()

    @on(ChatPane.TurnChanged)
    @on(ChatPane.ConversationChanged)
    def state_changed(self) -> None:
        self._show_state()

    @on(Transcript.FollowChanged)
    def follow_changed(self, event: Transcript.FollowChanged) -> None:
        self._has_more_below = not event.follow
        self._show_state()

    # -- what is shown -----------------------------------------------------------------------------------------

    def _show_state(self) -> None:
        if not self.is_mounted:
            return
        conversation = self.pane.conversation
        title = self.query_one(TitleBar)
        title.model = self.model.key if self.model else self.wished_model
        title.state = self.model.state if self.model else None
        title.title = "" if conversation.title == UNTITLED and conversation.is_empty else conversation.title
        title.message_count = len(conversation.messages)
        bar = self.query_one(StatusBar)
        bar.facts = self._facts()
        bar.tick()

    def _facts(self) -> StatusFacts:
        now, turn = time.monotonic(), self.pane.turn
        model, token = self.model, self._token
        cluster = self.catalog.clusters.get(model.cluster) if model else None
        used, is_estimated = self.context_used()
        return StatusFacts(
            model_name=model.name if model else "",
            model_state=model.state if model else (ModelState.UNKNOWN if not self.catalog.models else None),
            cluster=model.cluster if model else "",
            state_as_of=cluster.as_of if cluster else None,
            is_maintenance=cluster is not None and cluster.is_up is False,
            access_expires_at=token.expires_at if token else None,
            has_access=self._has_access,
            turn=turn.words(now),
            is_stalled=turn.is_stalled(now),
            is_running=turn.phase is not Phase.IDLE,
            context_used=used,
            is_context_estimated=is_estimated,
            context_window=model.context_window if model else None,
            is_saved=self._saving is None or self._saving.is_saved,
            save_trouble=self._saving.trouble if self._saving else "",
            is_saving_off=self._services is not None and not self._services.is_saving,
            is_demo=self.launch.start.is_demo,
            has_more_below=self._has_more_below,
        )

    def context_used(self) -> tuple[int | None, bool]:
        """(token count of the branch shown, whether it is an estimate); the last usage report is exact."""
        path = self.pane.conversation.path()
        if not path:
            return None, True
        last = path[-1]
        if last.usage is not None and not last.reasoning:
            return last.usage.total_tokens, False
        turn = self.pane.turn
        streaming = turn.estimated_tokens if turn.is_running else 0
        return round(sum(len(message.text) for message in path) / turn.characters_per_token) + 1 + streaming, True

    def set_welcome(self, *, has_seen_notice: bool) -> None:
        self.pane.welcome(WELCOME + ("" if has_seen_notice else LOGGED_NOTICE))
