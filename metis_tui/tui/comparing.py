"""How a comparison begins and ends: which prompt, which models, and what the conversation shows afterwards.

Presents; what runs is the business of `chat.comparison` and of the comparison screen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from metis_tui.chat.background import in_background
from metis_tui.chat.branches import prompt_of
from metis_tui.chat.catalog import ModelState
from metis_tui.chat.departures import DeparturePacer
from metis_tui.chat.errors import ChatError
from metis_tui.chat.printable import printable_line

if TYPE_CHECKING:
    from metis_tui.chat.catalog import ServedModel
    from metis_tui.chat.comparison import Comparison, Lane
    from metis_tui.chat.conversation import Conversation
    from metis_tui.chat.engine import ChatEngine
    from metis_tui.tui.screens.chat_base import ChatBase

_LOOK_SECONDS = 2.0
"""How often a lane that waits for its model looks at what is known."""


class Comparing:
    """For the conversation that the chat screen shows at the time."""

    def __init__(self, chat: ChatBase) -> None:
        self._chat = chat
        self._lane_engine: ChatEngine | None = None
        self._pacer = DeparturePacer()

    # --- beginning --------------------------------------------------------------------------------

    async def compare(self, models: Sequence[ServedModel] = ()) -> None:
        """Compares models on what is typed, else on the prompt at hand; one that was compared before opens again."""
        chat = self._chat
        conversation = chat.pane.conversation
        if chat.is_busy:
            chat.tell("A reply is streaming. Esc stops it first.", is_problem=True)
            return
        if conversation.is_read_only:
            chat.tell("A conversation that is read-only cannot ask anybody. f forks it.", is_problem=True)
            return
        if not chat.prompt.full_text.strip() and not models and self._reopen(conversation):
            return
        if not chat.prompt.full_text.strip() and self._prompt_at_hand(conversation) is None:
            chat.tell("Type a prompt, then Ctrl+T sends it to several models.")
        elif models:
            await self._begin(conversation, list(models))
        else:
            self.choose_models(self._suggested(conversation), lambda chosen: self._chosen(conversation, chosen))

    async def compare_named(self, names: str) -> None:
        """For /vs: models by name, in addition to the one in use."""
        found: list[ServedModel] = []
        for name in names.replace(",", " ").split():
            model = self._chat.catalog.find(name)
            if model is None:
                near = ", ".join(printable_line(m.key, 60) for m in self._chat.catalog.nearest(name))
                self._chat.tell(
                    f"There is no model {printable_line(name, 60)}. Near: {near or 'none'}.", is_problem=True
                )
                return
            found.append(model)
        own = self._chat.model
        models = ([own] if own is not None and own not in found else []) + found
        if len(models) < 2:
            self._chat.tell("Name a model that is not the one in use, for example /vs gpt-oss-120b@sophia.")
        else:
            await self.compare(models)

    def choose_models(self, marked: Sequence[ServedModel], then: Callable[[list[ServedModel] | None], None]) -> None:
        """Opens the list of models to mark several."""
        from metis_tui.tui.screens.lane_picker import LanePicker

        chat = self._chat
        chat.app.push_screen(LanePicker(lambda: chat.catalog, [m.key for m in marked], chat.launch.choices), then)
        chat.run_worker(chat.catalog_watch.refresh(), group="refresh", exit_on_error=False)

    def _chosen(self, conversation: Conversation, models: list[ServedModel] | None) -> None:
        if models and self._chat.pane.conversation is conversation and not self._chat.is_busy:
            self._chat.run_worker(self._begin(conversation, models), group="compare", exit_on_error=False)

    def _suggested(self, conversation: Conversation) -> list[ServedModel]:
        """The model in use, and those that answered the prompt at hand already."""
        prompt_id = self._prompt_at_hand(conversation)
        keys = [self._chat.model.key] if self._chat.model is not None else []
        keys += [m.served_by or "" for m in conversation.messages.values() if m.parent == prompt_id]
        return [m for m in map(self._chat.catalog.find, dict.fromkeys(filter(None, keys))) if m is not None]

    def _prompt_at_hand(self, conversation: Conversation) -> str | None:
        at = self._chat.pane.transcript.current or conversation.head
        prompt = prompt_of(conversation, at) if at is not None else None
        return prompt.id if prompt is not None else None

    async def _begin(self, conversation: Conversation, models: list[ServedModel]) -> None:
        from metis_tui.chat.comparison import Comparison

        chat = self._chat
        text, prompt_id = chat.prompt.full_text, self._prompt_at_hand(conversation)
        if text.strip():
            chat.forget_draft()  # while it is still that of a new conversation, if it is one
            try:
                prompt = await self._engine().put_prompt(conversation, text, models[0])
            except ChatError as refusal:
                chat.save_draft()
                chat.tell(f"{refusal} {refusal.hint}", title=refusal.title, is_problem=True)
                return
            chat.prompt.reset()
            prompt_id = prompt.id
        if prompt_id is None:
            return
        comparison = Comparison(self._engine(), chat.services.store, conversation, prompt_id)
        fresh: list[Lane] = []
        for model in models:
            reply_id = self._reply_there_is(conversation, prompt_id, model)
            lane = comparison.add(model, reply_id)
            if reply_id is None:
                fresh.append(lane)
        comparison.is_blind = (await in_background(chat.launch.choices.load)).is_blind
        if comparison.is_blind:
            comparison.shuffle()
        self._open(comparison, fresh)

    @staticmethod
    def _reply_there_is(conversation: Conversation, prompt_id: str, model: ServedModel) -> str | None:
        """The newest whole reply of the model: it need not be asked again."""
        replies = [
            message
            for message in conversation.messages.values()
            if message.parent == prompt_id and message.served_by == model.key and not message.is_incomplete
        ]
        return replies[-1].id if replies else None

    # --- votes ------------------------------------------------------------------------------------

    def vote_through(self, ids: Sequence[str]) -> None:
        """Votes blind on the newest comparison of each conversation, one after the other."""
        self._chat.taking_out.start(self._vote_through(ids))

    async def _vote_through(self, ids: Sequence[str]) -> None:
        from metis_tui.chat.comparison import comparisons_in, reopened
        from metis_tui.tui.screens.vote_only import VoteOnly

        chat, store = self._chat, self._chat.services.store
        found: list[Comparison] = []
        for conversation_id in ids:
            current = chat.pane.conversation
            try:
                conversation = current if current.id == conversation_id else await store.open(conversation_id)
            except KeyError:
                continue
            records = list(comparisons_in(conversation).values())
            if records:
                found.append(reopened(self._engine(), store, conversation, records[-1], chat.catalog))
        found = [comparison for comparison in found if sum(lane.reply is not None for lane in comparison.lanes) > 1]
        if not found:
            chat.app.notify("There is no comparison in it. R asks another model, and makes one.", markup=False)
        for number, comparison in enumerate(found, 1):
            comparison.is_blind = True
            comparison.shuffle()
            if await chat.app.push_screen_wait(VoteOnly(comparison, f"vote {number} of {len(found)}")) is None:
                return

    # --- opening and closing ----------------------------------------------------------------------

    def _reopen(self, conversation: Conversation) -> bool:
        from metis_tui.chat.comparison import comparisons_in, reopened

        prompt_id = self._prompt_at_hand(conversation)
        record = comparisons_in(conversation).get(prompt_id or "")
        if record is None:
            return False
        chat = self._chat
        self._open(reopened(self._engine(), chat.services.store, conversation, record, chat.catalog), [])
        return True

    def _open(self, comparison: Comparison, fresh: list[Lane]) -> None:
        from metis_tui.tui.lane_services import LaneServices
        from metis_tui.tui.reports import Reports
        from metis_tui.tui.screens.comparison import ComparisonScreen

        chat = self._chat
        conversation = comparison.conversation

        def closed(lane: Lane | None) -> None:
            if chat.pane.conversation is not conversation:
                return
            if conversation.head not in conversation.messages or lane is None:
                replies = [m.id for m in conversation.messages.values() if m.parent == comparison.prompt_id]
                if conversation.head == comparison.prompt_id and replies:
                    conversation.head = replies[-1]
            if lane is not None:
                chat.use_model(lane.model)
            chat.pane.show(conversation)
            chat.show_state()

        services = LaneServices(
            self.choose_models, chat.metis_app.drawing_rate, Reports(chat).export, self._get_ready
        )
        chat.app.push_screen(ComparisonScreen(comparison, fresh, services), closed)

    async def _get_ready(self, models: Sequence[ServedModel]) -> None:
        """So that no lane pays for a connection that another one finds open, or meets the limit on requests."""
        await self._chat.services.gateway.warm_up(models)
        await self._pacer.room(len(models))

    def _engine(self) -> ChatEngine:
        """Its lanes wait for their models without a screen over the others; a sign-in serves all of them."""
        if self._lane_engine is None:
            from metis_tui.chat.delivery import Recourse

            engine = self._chat.services.engine
            self._lane_engine = engine.with_recourse(
                Recourse(engine.recourse.patience, engine.recourse.sign_in, self._await_model)
            )
        return self._lane_engine

    async def _await_model(self, failure: ChatError, model: ServedModel) -> ServedModel | None:
        """Waits until something newer than the refusal says that the model is live. The lane can be stopped."""
        cluster = self._chat.catalog.clusters.get(model.cluster)
        known_as_of = cluster.as_of if cluster is not None else None
        self._chat.run_worker(self._chat.catalog_watch.refresh(force=True), group="refresh", exit_on_error=False)
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            catalog = self._chat.catalog
            found, cluster = catalog.find(model.key), catalog.clusters.get(model.cluster)
            is_news = cluster is not None and cluster.as_of not in (None, known_as_of)
            is_up = cluster is None or cluster.is_up is not False
            if found is not None and found.state is ModelState.LIVE and is_news and is_up:
                return found
