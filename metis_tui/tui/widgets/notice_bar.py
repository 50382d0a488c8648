"""Notices that stay until they are solved or dismissed: what is wrong, why, and the way out."""

from __future__ import annotations

from typing import Literal, NamedTuple

from rich.text import Text
from textual.widget import Widget

from metis_tui.chat.printable import printable, printable_line

Severity = Literal["information", "warning", "error"]
_ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "information": 2}
_SIGN: dict[Severity, str] = {"error": "✕", "warning": "!", "information": "i"}


class Notice(NamedTuple):
    title: str
    reason: str
    hint: str = ""
    severity: Severity = "error"


class NoticeBar(Widget):
    """Shows the most severe notice; the others are counted."""

    DEFAULT_CSS = """
    NoticeBar { height: auto; max-height: 5; padding: 0 1; background: $surface; display: none; }
    NoticeBar.-shown { display: block; }
    NoticeBar > .notice--error { color: $text-error; text-style: bold; }
    NoticeBar > .notice--warning { color: $text-warning; text-style: bold; }
    NoticeBar > .notice--information { color: $text-primary; text-style: bold; }
    NoticeBar > .notice--hint { color: $secondary; }
    """
    COMPONENT_CLASSES = {"notice--error", "notice--warning", "notice--information", "notice--hint"}

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._notices: dict[str, Notice] = {}

    @property
    def notices(self) -> dict[str, Notice]:
        """All notices that stand, by topic."""
        return dict(self._notices)

    def post_notice(self, topic: str, notice: Notice) -> None:
        """Shows a notice; it replaces an earlier one on the same topic."""
        if self._notices.get(topic) == notice:
            return
        self._notices.pop(topic, None)
        self._notices[topic] = notice
        self._update()

    def withdraw(self, topic: str) -> None:
        if self._notices.pop(topic, None) is not None:
            self._update()

    def dismiss(self) -> bool:
        """Takes the shown notice away; False when there is none."""
        shown = self._shown_topic()
        if shown is None:
            return False
        self.withdraw(shown)
        return True

    def _shown_topic(self) -> str | None:
        newest_first = list(reversed(self._notices))
        return min(newest_first, key=lambda topic: _ORDER[self._notices[topic].severity], default=None)

    def _update(self) -> None:
        self.set_class(bool(self._notices), "-shown")
        self.refresh(layout=True)

    def render(self) -> Text:
        topic = self._shown_topic()
        if topic is None:
            return Text()
        notice = self._notices[topic]
        head = self.get_component_rich_style(f"notice--{notice.severity}", partial=True)
        text = Text(end="")
        text.append(f"{_SIGN[notice.severity]} {printable_line(notice.title, 120)}", head)
        if notice.reason:
            text.append(f" — {printable(notice.reason)[:600]}")
        if notice.hint:
            text.append("\n" if self.size.width < 200 else "  ")
            text.append(printable(notice.hint)[:400], self.get_component_rich_style("notice--hint", partial=True))
        if len(self._notices) > 1:
            text.append(f"  (+{len(self._notices) - 1} more)", head)
        return text
