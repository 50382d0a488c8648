"""The application: themes, keys, signals and a clean end. What is on screen is the chat screen's business."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen

from metis_tui.chat.background import in_background
from metis_tui.config.theme_files import load_themes
from metis_tui.tui.actions import checked_keymap
from metis_tui.tui.clipboard import Clipboard
from metis_tui.tui.palette import ActionProvider
from metis_tui.tui.screens.chat import ChatScreen
from metis_tui.tui.screens.dialogs import AskKey
from metis_tui.tui.screens.themes import ThemePicker
from metis_tui.tui.services import Services, Start
from metis_tui.tui.themes import DEFAULT_THEME, register_themes

__all__ = ["MetisApp", "Services", "Start", "run_app"]

_SECOND_PRESS_SECONDS = 3.0
_LAST_RESORT_SECONDS = 4.0
"""A signal ends the process after this long even when the terminal or the disk hangs."""


class MetisApp(App[int]):
    TITLE = "metis-tui"
    COMMANDS: ClassVar = {ActionProvider}
    DEFAULT_MODE = "chat"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "quit", "Quit", show=False)]

    def __init__(self, services: Services) -> None:
        self.services = services
        super().__init__()
        self.keymap_in_use, key_problems = checked_keymap(services.settings.keys)
        themes, theme_problems = load_themes(services.theme_folders)
        self.problems = [*services.problems, *key_problems, *theme_problems, *register_themes(self, themes)]
        self.theme_names = sorted({theme.name for theme in themes} | {DEFAULT_THEME})
        self.clipboard_ladder = Clipboard(self._write_to_terminal, services.state_folder)
        self._pressed_at = float("-inf")
        self._is_mouse_on = services.settings.mouse
        self._is_ending = False
        self.add_mode("chat", self._chat_screen)

    def _chat_screen(self) -> Screen[None]:
        return ChatScreen(self.services, self.problems)

    def on_mount(self) -> None:
        self._apply_theme(self.services.settings.theme)
        self.set_keymap(self.keymap_in_use)
        self._install_signals()

    def _apply_theme(self, name: str) -> None:
        """The user's theme, else the default; a name that is not there is told, not fatal."""
        if name and name in self.available_themes:
            self.theme = name
            return
        self.theme = DEFAULT_THEME
        if name:
            self.problems.append(f"There is no theme {name!r:.60}.")

    # -- looks -------------------------------------------------------------------------------------------------

    def choose_theme(self) -> None:
        def chosen(name: str | None) -> None:
            if name is not None:
                self.run_worker(in_background(lambda: self.services.choices.update(theme=name)), exit_on_error=False)

        self.push_screen(ThemePicker(self.theme_names), chosen)

    def toggle_mouse(self) -> None:
        """Hands the mouse to the terminal, so that it can select text itself, or takes it back."""
        self._is_mouse_on = not self._is_mouse_on
        mode = "h" if self._is_mouse_on else "l"
        self._write_to_terminal("".join(f"\x1b[?{number}{mode}" for number in (1000, 1003, 1015, 1006)))
        self.notify("The mouse is metis-tui's again." if self._is_mouse_on else "The mouse is your terminal's.")

    def _write_to_terminal(self, text: str) -> None:
        if self._driver is not None:
            self._driver.write(text)
            self._driver.flush()

    def copy_to_clipboard(self, text: str) -> None:
        """Textual's own copying, by way of the ladder."""
        self.run_worker(self.clipboard_ladder.copy(text), exit_on_error=False)

    # -- the end -----------------------------------------------------------------------------------------------

    def is_second_press(self) -> bool:
        """Whether the same key was pressed a moment ago."""
        now = time.monotonic()
        is_second = now - self._pressed_at < _SECOND_PRESS_SECONDS
        self._pressed_at = now
        return is_second

    async def action_quit(self) -> None:
        self.run_worker(self._leave(), group="leave", exclusive=True, exit_on_error=False)

    async def _leave(self) -> None:
        """Keeps everything, then exits; asks first when the disk does not take it."""
        await self._keep_everything()
        status = await self.services.store.close()
        if not status.is_saved:
            reason = f"{status.pending_count} records are not saved: {status.trouble or 'the disk is slow'}."
            answer = await self.push_screen_wait(
                AskKey("Not saved yet", reason, {"w": "wait and try again", "q": "quit and lose them"})
            )
            if answer != "q":
                self.run_worker(self._leave(), group="leave", exit_on_error=False) if answer == "w" else None
                return
        self.exit(0)

    async def _keep_everything(self) -> None:
        chat = self._chat()
        if chat is not None:
            self.services.drafts.save(chat.draft_key(), chat.prompt.full_text)
            await chat.pane.settle()

    def _chat(self) -> ChatScreen | None:
        return next((screen for screen in self.screen_stack if isinstance(screen, ChatScreen)), None)

    def _install_signals(self) -> None:
        """SIGHUP, SIGTERM and SIGINT end cleanly: without this Textual leaves the terminal in its own modes."""
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end_by_signal, number)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)

    def _end_by_signal(self, number: int) -> None:
        if self._is_ending:
            return
        self._is_ending = True
        last_resort = threading.Timer(_LAST_RESORT_SECONDS, os._exit, (128 + number,))
        last_resort.daemon = True
        last_resort.start()
        self.services.engine.interrupt()
        self.run_worker(self._flush_and_exit(128 + number), group="leave", exit_on_error=False)

    async def _flush_and_exit(self, code: int) -> None:
        try:
            await self._keep_everything()
            await self.services.store.close()
        finally:
            self.exit(code, return_code=code)


def run_app(services: Services) -> int:
    """Runs the application until the user leaves; returns the exit code."""
    app = MetisApp(services)
    code = app.run(mouse=services.settings.mouse)
    return code if code is not None else (app.return_code or 0)
