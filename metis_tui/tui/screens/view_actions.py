"""What keys and commands do to the application: other screens, models, themes, the end. Owns no state.

Other screens are imported when they are first opened: the first paint does not wait for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on

from metis_tui.tui.screens.chat_base import ChatBase
from metis_tui.tui.widgets.prompt_input import PromptInput

if TYPE_CHECKING:
    from metis_tui.chat.catalog import ServedModel


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
        elif self.prompt.text:
            self.prompt.reset()
        elif self.metis_app.is_second_press():
            await self.action_leave()
        else:
            self.tell("Press Ctrl+C once more to quit.")

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
        from metis_tui.tui.screens.models import ModelPicker

        current = self.model.key if self.model else ""

        def chosen(model: ServedModel | None) -> None:
            self.picker = None
            if model is not None:
                self.use_model(model)

        self.picker = picker = ModelPicker(
            self.catalog, self.measurements, current, ask_for_refresh=self.action_refresh_catalog, wanted=wanted
        )
        self.app.push_screen(picker, chosen)
        self.run_worker(self.catalog_watch.refresh(), group="refresh", exit_on_error=False)

    def action_refresh_catalog(self) -> None:
        self.run_worker(self.catalog_watch.refresh(force=True), group="refresh", exit_on_error=False)
        self.run_worker(self.access_watch.look(), group="access-look", exit_on_error=False)
        self.tell("Reading the models' states…")

    def action_next_model(self) -> None:
        self.use_next_model()

    def action_status(self) -> None:
        from metis_tui.tui.screens.status_details import StatusDetails

        self.app.push_screen(
            StatusDetails(
                base_url=self.services.base_url,
                catalog=self.catalog,
                access=self.access_watch.token,
                saving=self.services.store.status,
                state_folder=str(self.launch.state_folder),
                notices=self.notices.notices,
                line=self.metis_app.line_facts,
            )
        )

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
