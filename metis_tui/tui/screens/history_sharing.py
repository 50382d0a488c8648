"""What the history screen does with several conversations at once in the background: export, and asking again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from metis_tui.tui import format as fmt
from metis_tui.tui.screens.history_base import HistoryBase

if TYPE_CHECKING:
    from metis_tui.chat.catalog import ServedModel
    from metis_tui.chat.conversation import Conversation, ConversationSummary
    from metis_tui.tui.screens.export_dialog import ExportChoice


class HistorySharing(HistoryBase):
    """Owns nothing: exports end by themselves, asking again belongs to the chat."""

    # --- export -----------------------------------------------------------------------------------

    def export(self) -> None:
        chosen = self.chosen()
        if not chosen:
            return
        from metis_tui.tui.screens.export_dialog import AskExport

        def entered(choice: ExportChoice | None) -> None:
            if choice is not None:
                # The application runs it: closing this screen must not end the writing.
                self.app.run_worker(self._export(chosen, choice), group="export", exit_on_error=False)

        folder = Path(os.environ.get("PWD") or Path.cwd())
        self.app.push_screen(AskExport([summary.title for summary in chosen], folder), entered)

    async def _export(self, chosen: Sequence[ConversationSummary], choice: ExportChoice) -> None:
        from metis_tui.tui.exporting import ExportFailed, export_to_file

        services, gone = self.context.services, 0
        conversations: list[Conversation] = []
        for summary in chosen:
            current = self.context.conversation()
            if current.id == summary.id:
                conversations.append(current)
                continue
            try:
                conversations.append(await services.store.open(summary.id))
            except KeyError:
                gone += 1
        try:
            size = await export_to_file(
                choice.path, conversations, choice.kind, store=services.store, exchange=services.exchange
            )
        except ExportFailed as failure:
            self._tell_anywhere(str(failure), is_problem=True)
            return
        count = len(conversations)
        lost = f" {gone} could not be read." if gone else ""
        what = "1 conversation" if count == 1 else f"{count:,} conversations"
        self._tell_anywhere(f"{what} in {choice.path} ({fmt.byte_count(size)}).{lost}")

    def _tell_anywhere(self, text: str, *, is_problem: bool = False) -> None:
        """Also when this screen is closed by then."""
        self.app.notify(text, severity="warning" if is_problem else "information", timeout=8, markup=False)

    # --- asking again -----------------------------------------------------------------------------

    def ask_again(self) -> None:
        """Has another model answer the last prompt of each conversation chosen, after asking how."""
        if self.context.rerun() is not None:
            self.tell("Prompts are being asked again already. Esc stops that.", is_problem=True)
            return
        chosen = [summary.id for summary in self.chosen() if not summary.is_trashed]
        if not chosen:
            self.tell("There is nothing to ask again here.")
            return

        def picked(model: ServedModel | None) -> None:
            if model is not None:
                self._ask_how(chosen, model)

        self.context.pick_model(picked)

    def _ask_how(self, ids: Sequence[str], model: ServedModel) -> None:
        from metis_tui.tui.screens.dialogs import AskKey

        count = "this conversation" if len(ids) == 1 else f"each of {len(ids):,} conversations"
        text = (
            f"{model.key} answers prompts of {count}, one conversation after the other. What it says is saved beside "
            "what is there, and both are kept as a comparison: c votes on them, with the names hidden."
        )
        keys = {
            "y": "the last prompt, after the replies that are there",
            "n": "the same, and show the new replies",
            "f": "all prompts, with fresh replies",
        }

        def decided(key: str | None) -> None:
            if key is not None:
                self._start(ids, model, keeps_branch=key != "n", is_fresh=key == "f")

        self.app.push_screen(AskKey("Ask again", text, keys), decided)

    def _start(self, ids: Sequence[str], model: ServedModel, *, keeps_branch: bool, is_fresh: bool) -> None:
        from metis_tui.tui.history.rerun import Rerun

        context, services = self.context, self.context.services
        rerun = Rerun(
            ids,
            model,
            engine=services.engine,
            store=services.store,
            current=lambda: (context.conversation(), context.is_running()),
            keeps_branch=keeps_branch,
            is_fresh=is_fresh,
        )
        self.unmark()
        context.start_rerun(rerun)
        self.show_state()

    def vote(self) -> None:
        """Votes blind on the comparisons of the conversations chosen."""
        self.context.vote_through([summary.id for summary in self.chosen() if not summary.is_trashed])

    def stop_asking(self) -> bool:
        """Stops asking again; False when nothing is asked."""
        rerun = self.context.rerun()
        if rerun is None:
            return False
        rerun.stop()
        return True

    def sharing_words(self) -> str:
        """How far asking again is."""
        rerun = self.context.rerun()
        return f"{rerun.words} · Esc stops it" if rerun is not None else ""

    def unmark(self) -> bool:
        raise NotImplementedError
