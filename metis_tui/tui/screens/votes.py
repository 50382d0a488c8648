"""The ranking that votes give: table or matrix, of all or of one tag or cluster, and its export. Knows votes only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer
from textual.widgets import Static

from metis_tui.chat.background import in_background
from metis_tui.chat.printable import printable_line
from metis_tui.chat.ranking import Ranking, clusters_in, rank, tags_in
from metis_tui.chat.ranking_report import as_voter, matrix_as_csv, ranking_as_csv, summary_words, votes_as_text
from metis_tui.chat.votes import Vote
from metis_tui.tui.ranking_rows import matrix_text, ranking_text
from metis_tui.tui.saving import AlreadyThere, NotWritten, path_of, shown_path, write_file
from metis_tui.tui.screens.dialogs import AskKey, AskText
from metis_tui.tui.screens.overlay import ClosesOnce

_NO_VOTES = "No votes yet.\nCompare models on a prompt (Ctrl+T), and say which reply is the best."
_NOTHING_HERE = "No vote says anything about this: choose another tag or cluster."
_EXPORTS = {
    "r": ("the ranking as CSV", "ranking.csv"),
    "w": ("the matrix as CSV", "matrix.csv"),
    "v": ("the votes, for metis-tui votes --merge", "votes.json"),
    "n": ("the votes without reasons, tags and names", "votes.json"),
}


class VotesScreen(ClosesOnce[None]):
    """The ranking of some votes.

    Args:
        votes: the user's, and those of others that are to count.
        voter: what the user is called in exported votes.
    """

    CSS_PATH = "votes.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "Back", show=False),
        Binding("t", "next_tag(1)", "Next tag", show=False),
        Binding("T", "next_tag(-1)", "Tag before", show=False),
        Binding("c", "next_cluster", "Next cluster", show=False),
        Binding("m", "toggle_models", "By model or by model and cluster", show=False),
        Binding("b", "toggle_blind", "Blind votes only", show=False),
        Binding("w,tab", "toggle_matrix", "Table or matrix", show=False),
        Binding("x", "export", "Export", show=False),
        Binding("j,down", "scroll(0, 1)", show=False),
        Binding("k,up", "scroll(0, -1)", show=False),
        Binding("h,left", "scroll(-8, 0)", show=False),
        Binding("l,right", "scroll(8, 0)", show=False),
    ]

    def __init__(self, votes: Sequence[Vote], voter: str = "") -> None:
        super().__init__()
        self._votes, self._voter = list(votes), voter
        self._tags: list[str | None] = [None, *(tag for tag, _ in tags_in(votes))]
        self._clusters: list[str | None] = [None, *(name for name, _ in clusters_in(votes))]
        self._tag = self._cluster = 0
        self._is_by_model = self._is_blind_only = False
        self._is_matrix = False
        self._ranking: Ranking | None = None

    def compose(self) -> ComposeResult:
        yield Static("Votes", id="votes-title", markup=False)
        yield Static(id="votes-view", markup=False)
        with ScrollableContainer(id="votes-body"):
            yield Static(id="votes-table", markup=False)
        keys = "t tag · c cluster · m by model · b blind only · w matrix · x export · h j k l · Esc"
        yield Static(keys, id="votes-keys", markup=False)

    def on_mount(self) -> None:
        self.query_one("#votes-body").focus()
        self._count_again()

    def on_resize(self) -> None:
        self._show()

    def _count_again(self) -> None:
        self.query_one("#votes-view", Static).update(f"{self._view_words()} · counting…")
        self._count()

    @work(group="ranking", exclusive=True, exit_on_error=False)
    async def _count(self) -> None:
        tag, cluster = self._tags[self._tag], self._clusters[self._cluster]
        by_model, blind_only = self._is_by_model, self._is_blind_only
        self._ranking = await in_background(
            lambda: rank(self._votes, tag=tag, cluster=cluster, by_model=by_model, blind_only=blind_only), "ranking"
        )
        self._show()

    def _view_words(self) -> str:
        tag, cluster = self._tags[self._tag], self._clusters[self._cluster]
        words = [
            f"tag {printable_line(tag, 40)}" if tag is not None else "all tags",
            f"on {printable_line(cluster, 40)}" if cluster is not None else "all clusters",
            "by model" if self._is_by_model else "by model@cluster",
        ]
        words += ["blind votes only"] if self._is_blind_only else []
        return " · ".join(words)

    def _show(self) -> None:
        ranking = self._ranking
        if ranking is None:
            return
        self.query_one("#votes-title", Static).update(f"Votes · {summary_words(ranking)}")
        self.query_one("#votes-view", Static).update(self._view_words())
        table = self.query_one("#votes-table", Static)
        if not ranking.standings:
            what = "No votes yet. Compare models on a prompt (Ctrl+T) and say which reply is the best."
            table.update(
                what if not self._votes else "No vote says anything about this: choose another tag or cluster."
            )
        elif self._is_matrix:
            table.update(matrix_text(ranking))
        else:
            table.update(ranking_text(ranking, max(40, self.size.width - 3)))

    def action_next_tag(self, step: int) -> None:
        self._tag = (self._tag + step) % len(self._tags)
        self._count_again() if len(self._tags) > 1 else self._tell_alone("tags")

    def action_next_cluster(self) -> None:
        self._cluster = (self._cluster + 1) % len(self._clusters)
        self._count_again() if len(self._clusters) > 1 else self._tell_alone("two lanes on one cluster")

    def _tell_alone(self, what: str) -> None:
        self.notify(f"No vote has {what}.", markup=False)

    def action_toggle_models(self) -> None:
        self._is_by_model = not self._is_by_model
        self._count_again()

    def action_toggle_blind(self) -> None:
        self._is_blind_only = not self._is_blind_only
        self._count_again()

    def action_toggle_matrix(self) -> None:
        self._is_matrix = not self._is_matrix
        body = self.query_one("#votes-body")
        body.scroll_home(animate=False)
        self._show()

    def action_scroll(self, columns: int, rows: int) -> None:
        self.query_one("#votes-body").scroll_relative(x=columns, y=rows, animate=False)

    # Export

    def action_export(self) -> None:
        if not self._votes or self._ranking is None:
            self.notify("There are no votes to export.", markup=False)
            return
        text = "No prompt and no reply is in it."
        offered = {key: what for key, (what, _) in _EXPORTS.items()}
        self.app.push_screen(AskKey("Export", text, offered), self._ask_where)

    def _ask_where(self, kind: str | None) -> None:
        if kind is not None:
            self.app.push_screen(
                AskText("Into which file?", _EXPORTS[kind][1]), lambda name: self._write_when_named(kind, name)
            )

    def _write_when_named(self, kind: str, name: str | None) -> None:
        if name is not None:
            self.run_worker(self._write(kind, path_of(name)), group="export", exit_on_error=False)

    def _content(self, kind: str, path: Path) -> str:
        ranking = self._ranking or Ranking()
        if kind in ("r", "w"):
            return ranking_as_csv(ranking) if kind == "r" else matrix_as_csv(ranking)
        named = as_voter(self._votes, self._voter) if self._voter else self._votes
        return votes_as_text(named, is_csv=path.suffix.casefold() == ".csv", is_anonymous=kind == "n")

    async def _write(self, kind: str, path: Path) -> None:
        try:
            await in_background(lambda: write_file(path, self._content(kind, path).encode("utf-8", "replace")))
        except (AlreadyThere, NotWritten) as error:
            self.notify(f"{error} Nothing was written.", severity="error", markup=False)
        else:
            self.notify(f"Written: {shown_path(path)}", markup=False)
