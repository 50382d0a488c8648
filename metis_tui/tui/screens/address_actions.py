"""What keys do with an address that is shown: copy it, open it, show it alone or as a QR code. Knows no sign-in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from metis_tui.chat.background import in_background
from metis_tui.tui.browser import find_browser, open_in_browser
from metis_tui.tui.qr_code import qr_lines
from metis_tui.tui.screens.overlay import Overlay

if TYPE_CHECKING:
    from metis_tui.tui.screens.bare_address import Terminal


class AddressActions(Overlay[None]):
    """Each deed has a letter, and another key for when letters go into a field."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c,ctrl+y", "copy_address", "Copy", show=False),
        Binding("w,ctrl+t", "bare_address", "Alone", show=False),
        Binding("q,ctrl+r", "qr_code", "QR code", show=False),
        Binding("o,ctrl+o", "open_browser", "Browser", show=False),
    ]

    note = ""
    """What was done with the address."""
    copy_quietly: Callable[[str], Awaitable[str]]
    """Copies and says where the text went."""
    terminal: Terminal
    _browser: list[str]
    _qr: tuple[str, list[str]] = ("", [])

    @property
    def address(self) -> str:
        """Empty while there is none."""
        raise NotImplementedError

    def show(self) -> None:
        raise NotImplementedError

    async def look_for_browser(self) -> None:
        self._browser = await in_background(find_browser)
        self.show()

    async def draw_qr(self) -> None:
        """Makes the code for the address; the library is loaded off the event loop."""
        address = self.address
        if address and self._qr[0] != address:
            self._qr = (address, await in_background(lambda: _qr_lines(address)))
            self.show()

    @property
    def has_browser(self) -> bool:
        return bool(getattr(self, "_browser", []))

    @property
    def has_qr(self) -> bool:
        """Whether there is a code for this address, and room for it."""
        from metis_tui.tui.screens.qr_screen import fits

        address, lines = self._qr
        return address == self.address and fits(lines, self.app.size.width, self.app.size.height)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("copy_address", "bare_address"):
            return bool(self.address)
        if action == "open_browser":
            return bool(self.address) and self.has_browser
        if action == "qr_code":
            return bool(self.address) and self.has_qr
        return super().check_action(action, parameters)

    def action_copy_address(self) -> None:
        self._do(self.copy_quietly(self.address))

    def action_open_browser(self) -> None:
        self._do(open_in_browser(self._browser, self.address))

    def _do(self, deed: Awaitable[str]) -> None:
        async def run() -> None:
            self.note = await deed
            self.show()

        self.run_worker(run(), group="deed", exit_on_error=False)

    def action_bare_address(self) -> None:
        from metis_tui.tui.screens.bare_address import BareAddress

        self.app.push_screen(BareAddress(self.address, self.terminal))

    def action_qr_code(self) -> None:
        from metis_tui.tui.screens.qr_screen import QrScreen

        self.app.push_screen(QrScreen(self._qr[1]))


def _qr_lines(address: str) -> list[str]:
    try:
        return qr_lines(address)
    except (ImportError, ValueError):  # without it there are the other ways
        return []
