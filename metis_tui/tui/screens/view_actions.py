"""What keys and commands do to the application: other screens, themes, the end. Owns no state.

Other screens are imported when they are first opened: the first paint does not wait for them.
"""

from __future__ import annotations

from textual import on, work

from metis_tui.tui.screens.chat_base import ChatBase
from metis_tui.tui.widgets.prompt_input import PromptInput


class ViewActions(ChatBase):
    """The actions on the application."""

    async def run_slash(self, name: str, argument: str) -> None:
        """Runs a slash command's action, with its argument when it takes one."""
        with_argument = getattr(self, f"{name}_with", None)
        if argument and with_argument is not None:
            await with_argument(argument)
        else:
            await self.run_action(name)

    def action_leader(self) -> None:
        from metis_tui.tui.screens.leader import Leader

        def run(name: str | None) -> None:
            if name is not None:
                self.call_next(self.run_action, name)

        self.app.push_screen(Leader(), run)

    def action_palette(self) -> None:
        self.app.action_command_palette()

    def action_help(self) -> None:
        from metis_tui.tui.screens.help import Help

        self.app.push_screen(Help(dict(self.metis_app.keymap_in_use)))

    def action_suspend(self) -> None:
        self.app.action_suspend_process()

    async def action_leave(self) -> None:
        await self.app.run_action("quit")

    @on(PromptInput.QuitRequested)
    async def quit_requested(self) -> None:
        await self.action_leave()

    async def action_copy_or_stop(self) -> None:
        """Copies a selection, else stops the reply, else clears the prompt, else quits at the second press."""
        selected = self.prompt.selected_text or self.get_selected_text()
        if selected:
            await self.copy(selected)
            self.clear_selection()
        elif self.pane.stop():
            self.tell("Stopped; what arrived is kept.")
        elif self.cancel_editing():
            return
        elif self.prompt.text:
            self.prompt.reset()
        elif self.metis_app.is_second_press():
            await self.action_leave()
        else:
            self.tell("Press Ctrl+C once more to quit.")

    def action_status(self) -> None:
        from metis_tui.tui.screens.status_details import StatusDetails

        told = {"access", "sign-in"}  # the screen tells it anyway, as it is by then
        self.app.push_screen(
            StatusDetails(
                base_url=self.services.base_url,
                catalog=self.catalog,
                route=self.services.route,
                access=lambda: self.access_watch.facts,
                whoami=self.services.whoami,
                saving=self.services.store.status,
                is_saving=self.services.is_saving,
                state_folder=str(self.launch.state_folder),
                notices={topic: notice for topic, notice in self.notices.notices.items() if topic not in told},
                line=self.metis_app.line_facts,
            )
        )

    def action_votes(self) -> None:
        """All saved conversations are looked through, which takes its time on a slow disk: the keys go on."""
        self._show_votes()

    @work(group="votes", exclusive=True, exit_on_error=False)
    async def _show_votes(self) -> None:
        from metis_tui.tui.screens.votes import VotesScreen

        store = self.services.store
        self.app.push_screen(VotesScreen(await store.votes(), await store.voter()))

    def action_theme(self) -> None:
        self.metis_app.choose_theme()

    async def theme_with(self, name: str) -> None:
        if name in self.app.available_themes:
            self.app.theme = name
            self.keep_choice(theme=name)
        else:
            self.action_theme()

    def action_toggle_mouse(self) -> None:
        self.metis_app.toggle_mouse()

    def action_redraw(self) -> None:
        self.metis_app.action_redraw()
