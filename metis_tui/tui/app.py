"""The application: themes, keys, signals and a clean end. What is on screen is the chat screen's business."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType
from textual.screen import Screen

from metis_tui.chat.background import in_background
from metis_tui.tui.actions import checked_keymap
from metis_tui.tui.clipboard import Clipboard
from metis_tui.tui.display.terminal_traits import is_gnu_screen
from metis_tui.tui.driver import TerminalDriver
from metis_tui.tui.frugal_app import FrugalApp
from metis_tui.tui.screens.chat import ChatScreen
from metis_tui.tui.terminal_keys import teach_alt_enter
from metis_tui.tui.themes import register_first_theme, register_themes

if TYPE_CHECKING:
    from textual.command import Provider
    from textual.driver import Driver

    from metis_tui.chat.ports import SaveStatus
    from metis_tui.config.theme_files import ThemeFile
    from metis_tui.tui.services import Launch

_SWITCH_SECONDS = 0.001
"""How long a thread computes before another one may; five times as long by default."""
_SECOND_PRESS_SECONDS = 3.0
_LAST_RESORT_SECONDS = 4.0
"""A signal ends the process after this long even when the terminal or the disk hangs."""
_FINISHED_FIRST = frozenset({"history-save", "export"})
"""Groups of the application's own workers that quitting must not cut short without a word."""
_SHORT_WAIT_SECONDS = 1.0


def _action_provider() -> type[Provider]:
    """Loaded when the palette is first opened."""
    from metis_tui.tui.palette import ActionProvider

    return ActionProvider


class MetisApp(FrugalApp):
    TITLE = "metis-tui"
    # The first screen's rules are here too: a screen's own sheet makes Textual parse all sheets again.
    CSS_PATH = Path(__file__).with_name("app.tcss")
    COMMANDS: ClassVar = {_action_provider}
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "quit", "Quit", show=False)]

    def __init__(self, launch: Launch, driver_class: type[Driver] | None = None) -> None:
        self.launch = launch
        self.failure: Exception | None = None
        """Why the application could not go on; the caller tells it."""
        super().__init__(driver_class=driver_class)
        self.keymap_in_use, key_problems = checked_keymap(launch.settings.keys)
        self.problems = [*launch.problems, *key_problems]
        self.theme_names: list[str] = []
        register_first_theme(self, launch.theme_folders, launch.theme)
        self.clipboard_ladder = Clipboard(self.write_to_terminal, launch.state_folder)
        self._pressed_at = float("-inf")
        # A thread that computes, such as one that builds the index, holds up each key by this, several times over.
        sys.setswitchinterval(_SWITCH_SECONDS)
        # GNU screen keeps a lone Esc back until the next key while the mouse is asked for; F6 does so on demand.
        self._is_mouse_on = launch.settings.mouse and not is_gnu_screen(os.environ)
        self._is_ending = False
        self._has_left = False
        self._last_resort: threading.Timer | None = None

    def get_default_screen(self) -> Screen[None]:
        return ChatScreen(self.launch)  # as a mode of its own it would have all sheets parsed again

    def on_mount(self) -> None:
        self.draw_frugally(self.launch.settings, self.launch.log)
        self.set_keymap(self.keymap_in_use)
        self._install_signals()

    async def load_all_themes(self) -> None:
        """Makes every theme available; what is wrong with some is told among the problems."""
        themes, problems = await in_background(self._read_themes)
        refused = register_themes(self, themes)
        self.problems += problems + refused
        self.theme_names = sorted(theme.name for theme in themes if theme.name in self.available_themes)
        wanted = self.launch.theme
        if wanted and wanted != self.theme:
            if wanted in self.theme_names:
                self.theme = wanted  # its file is called otherwise
            else:
                self.problems.append(f"There is no theme {wanted!r:.60}.")

    def _read_themes(self) -> tuple[list[ThemeFile], list[str]]:
        from metis_tui.config.theme_files import load_themes

        return load_themes(self.launch.theme_folders)

    def action_command_palette(self) -> None:
        from metis_tui.tui.palette import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    # -- looks -------------------------------------------------------------------------------------------------

    def choose_theme(self) -> None:
        from metis_tui.tui.screens.themes import ThemePicker

        def chosen(name: str | None) -> None:
            if name is not None:
                self.run_worker(in_background(lambda: self.launch.choices.update(theme=name)), exit_on_error=False)

        self.push_screen(ThemePicker(self.theme_names), chosen)

    @property
    def is_mouse_on(self) -> bool:
        """Whether the application, and not the terminal, has the mouse."""
        return self._is_mouse_on

    def toggle_mouse(self) -> None:
        """Hands the mouse to the terminal, so that it can select text itself, or takes it back."""
        self._is_mouse_on = not self._is_mouse_on
        self._ask_for_mouse(self._is_mouse_on)
        self.notify("The mouse is metis-tui's again." if self._is_mouse_on else "The mouse is your terminal's.")

    def lend_mouse(self, is_lent: bool) -> None:
        """The terminal has the mouse for a while, whoever has it otherwise."""
        if self._is_mouse_on:
            self._ask_for_mouse(not is_lent)

    def _ask_for_mouse(self, is_wanted: bool) -> None:
        mode = "h" if is_wanted else "l"
        self.write_to_terminal("".join(f"\x1b[?{number}{mode}" for number in (1000, 1003, 1015, 1006)))

    def write_to_terminal(self, text: str) -> None:
        """For control strings that draw nothing."""
        if isinstance(self._driver, TerminalDriver):
            self._driver.write_known(text)
        elif self._driver is not None:
            self._driver.write(text)

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
        if not await self._finish_background():
            return
        while True:
            status = await self._keep_everything()
            if status is None or status.is_saved:
                break
            from metis_tui.tui.screens.dialogs import AskKey

            reason = f"{status.pending_count} records are not saved: {status.trouble or 'the disk is slow'}."
            question = AskKey("Not saved yet", reason, {"w": "wait and try again", "q": "quit and lose them"})
            answer = await self.push_screen_wait(question)
            if answer == "q":
                break
            if answer is None:
                return
        self.exit(0)

    async def _finish_background(self) -> bool:
        """Waits for changes and exports of many conversations; asks when they take long. False: the user stays."""
        waiting = [worker.wait() for worker in self.workers if worker.group in _FINISHED_FIRST and worker.is_running]
        if not waiting:
            return True
        rest = asyncio.ensure_future(asyncio.gather(*waiting, return_exceptions=True))
        done, _ = await asyncio.wait([rest], timeout=_SHORT_WAIT_SECONDS)
        if not done:
            from metis_tui.tui.screens.dialogs import AskKey

            text = "Changes to many conversations, or an export, are still on their way to the disk."
            keys = {"w": "wait for them, then quit", "q": "quit; what is not written yet stays as it was"}
            answer = await self.push_screen_wait(AskKey("Still at work", text, keys))
            if answer != "w":
                return bool(answer == "q")
            await rest
        return True

    async def _keep_everything(self) -> SaveStatus | None:
        """Stops the turn, saves it and the draft; the status tells whether all is on disk. None: nothing to save."""
        chat = self._chat()
        if chat is None or not chat.is_connected:
            return None
        await chat.pane.settle()
        chat.save_draft()
        _, status = await asyncio.gather(chat.services.search.close(), chat.services.store.close())
        return status

    def _chat(self) -> ChatScreen | None:
        return next((screen for screen in self.screen_stack if isinstance(screen, ChatScreen)), None)

    def _install_signals(self) -> None:
        """SIGHUP, SIGTERM and SIGINT end cleanly: without this Textual leaves the terminal in its own modes."""
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()

        def handle(number: int, frame: object) -> None:
            # Not the loop's own handlers: they wait for the loop, which a hung terminal may hold up.
            self._start_last_resort(128 + number)
            loop.call_soon_threadsafe(self._end_by_signal, number)

        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, handle)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)

    def _start_last_resort(self, code: int) -> None:
        if self._last_resort is None:
            self._last_resort = threading.Timer(_LAST_RESORT_SECONDS, os._exit, (code,))
            self._last_resort.daemon = True
            self._last_resort.start()

    def _end_by_signal(self, number: int) -> None:
        if self._is_ending:
            return
        self._is_ending = True
        chat = self._chat()
        if chat is not None and chat.is_connected:
            chat.services.engine.interrupt()
        self.run_worker(self._flush_and_exit(128 + number), group="leave", exit_on_error=False)

    async def _flush_and_exit(self, code: int) -> None:
        try:
            await self._keep_everything()
        finally:
            self.exit(code, return_code=code)

    def exit(self, *arguments: Any, **options: Any) -> None:
        self._has_left = True
        super().exit(*arguments, **options)

    def give_up(self, failure: Exception) -> None:
        """Ends the application; the caller tells why, on the ordinary screen."""
        self.failure = self.failure or failure
        self.exit(1, return_code=1)

    def _handle_exception(self, error: Exception) -> None:
        """A fault of ours: no traceback on the screen; what was typed and streamed is kept by the ordinary end."""
        if not self._has_left:  # leaving in the middle of starting makes Textual stumble over itself
            self.failure = self.failure or error
        super()._handle_exception(error)

    def _print_error_renderables(self) -> None:
        """Textual would print the traceback here; the caller logs it instead."""


def run_app(launch: Launch) -> int:
    """Runs the application until the user leaves; returns the exit code.

    Raises:
        ChatError: the settings make it impossible to start.
        Exception: a fault that ended the application.
    """
    teach_alt_enter()
    app = MetisApp(launch, TerminalDriver)
    code = app.run(mouse=app.is_mouse_on)
    if app.failure is not None:
        raise app.failure
    return code if code is not None else (app.return_code or 0)
