"""Says a ranking, and votes, in rows, JSON and CSV: what the command line prints and the screen shows and exports.

Knows no terminal; every text in a row is safe for one. Files are the caller's.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from metis_tui.chat.printable import printable_line
from metis_tui.chat.ranking import COVERAGE, Ranking, Standing, Tally
from metis_tui.chat.votes import Vote, as_export, from_export, vote_from

HEADINGS = ("rank", "model", "strength", "95 % interval", "battles", "won/tied/lost", "win rate", "")
_NONE = "-"
_BETWEEN = " | "


def summary_words(ranking: Ranking) -> str:
    """How much there is: `12 votes · 9 blind · 2 all bad · 13 battles`."""
    parts = [_counted(ranking.vote_count, "vote")]
    parts += [f"{ranking.blind_count:,} blind"] if ranking.blind_count else []
    parts += [f"{ranking.bad_count:,} all bad"] if ranking.bad_count else []
    parts.append(_counted(ranking.battle_count, "battle"))
    parts += [f"{ranking.group_count} groups that never met"] if ranking.group_count > 1 else []
    return " · ".join(parts)


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def standing_cells(standing: Standing) -> list[str]:
    """One row under HEADINGS; the last cell says what is to be doubted."""
    tally = standing.tally
    interval = _NONE
    if standing.low is not None and standing.high is not None:
        interval = f"{standing.low:.0f} to {standing.high:.0f}"
    remarks = [f"not enough data: {standing.doubt}"] if standing.doubt else []
    remarks += [f"{standing.bad_count} all bad"] if standing.bad_count else []
    return [
        _NONE if standing.rank is None else str(standing.rank),
        printable_line(standing.model, 80),
        _NONE if standing.strength is None else f"{standing.strength:.0f}",
        interval,
        str(tally.battles),
        tally_words(tally),
        _NONE if tally.win_rate is None else f"{tally.win_rate:.0%}",
        "; ".join(remarks),
    ]


def tally_words(tally: Tally | None) -> str:
    return _NONE if tally is None else f"{tally.wins}/{tally.ties}/{tally.losses}"


def matrix_cells(ranking: Ranking) -> list[list[str]]:
    """A row and a column for each model, in the order of the ranking: won/tied/lost of the row's model."""
    names = [standing.model for standing in ranking.standings]
    head = ["", *(str(number) for number, _ in enumerate(names, 1))]
    rows = [head]
    for number, name in enumerate(names, 1):
        cells = [" " if other == name else tally_words(ranking.matrix.get((name, other))) for other in names]
        rows.append([f"{number:>2} {printable_line(name, 80)}", *cells])
    return rows


def ranking_as_json(ranking: Ranking) -> dict[str, object]:
    """Everything; `enough_data` is false where `doubt` says why."""
    return {
        "votes": ranking.vote_count,
        "blind": ranking.blind_count,
        "all_bad": ranking.bad_count,
        "battles": ranking.battle_count,
        "groups": ranking.group_count,
        "coverage": COVERAGE,
        "models": [
            {
                "model": standing.model,
                "rank": standing.rank,
                "strength": _rounded(standing.strength),
                "low": _rounded(standing.low),
                "high": _rounded(standing.high),
                "battles": standing.tally.battles,
                "wins": standing.tally.wins,
                "ties": standing.tally.ties,
                "losses": standing.tally.losses,
                "win_rate": _rounded(standing.tally.win_rate, 4),
                "all_bad": standing.bad_count,
                "group": standing.group,
                "enough_data": standing.has_enough,
                "doubt": standing.doubt,
            }
            for standing in ranking.standings
        ],
        "matrix": [
            {"model": one, "other": other, "wins": t.wins, "ties": t.ties, "losses": t.losses}
            for (one, other), t in sorted(ranking.matrix.items())
        ],
    }


def _rounded(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(value, digits)


def ranking_as_csv(ranking: Ranking) -> str:
    """A line for each model, with the same columns as in JSON."""
    models: Sequence[dict[str, object]] = ranking_as_json(ranking)["models"]  # type: ignore[assignment]
    names = list(models[0]) if models else ["model"]
    return _csv(names, ([model[name] for name in names] for model in models))


def matrix_as_csv(ranking: Ranking) -> str:
    """A line for each pair of models that met, both ways round."""
    rows = ([one, other, t.wins, t.ties, t.losses] for (one, other), t in sorted(ranking.matrix.items()))
    return _csv(["model", "other", "wins", "ties", "losses"], rows)


def _csv(names: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_plain(cell) for cell in row] for row in rows)
    return text.getvalue()


_FORMULA = re.compile(r"'*[=+@\t\r-]")
"""What a spreadsheet would compute. An apostrophe before it makes it text, and is taken away again in reading."""


def _plain(cell: object) -> object:
    if isinstance(cell, str) and _FORMULA.match(cell):
        return f"'{cell}"
    return "" if cell is None else cell


# Votes in a file for others

_COLUMNS = ("comparison", "created", "voter", "verdict", "best", "models", "blind", "same_speed", "tags", "reason")


def votes_as_text(votes: Iterable[Vote], *, is_csv: bool, is_anonymous: bool) -> str:
    """The file's content: one JSON document, or CSV with one line for each vote; `votes_from_text` reads both."""
    document = as_export(votes, is_anonymous=is_anonymous)
    if not is_csv:
        return json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    entries: Sequence[dict[str, object]] = document["votes"]  # type: ignore[assignment]
    return _csv(_COLUMNS, ([_cell(entry.get(name)) for name in _COLUMNS] for entry in entries))


def _cell(value: object) -> object:
    return _BETWEEN.join(str(item) for item in value) if isinstance(value, list) else value


def votes_from_text(text: str) -> tuple[list[Vote], int]:
    """The votes of such a file, and how many of its entries are none.

    Raises:
        ValueError: it is no such file; the text says why.
    """
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        try:
            return from_export(json.loads(text.lstrip("\ufeff")))
        except (json.JSONDecodeError, RecursionError) as error:
            raise ValueError("it is cut short or no JSON") from error
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    try:
        if not {"comparison", "verdict", "models"} <= set(reader.fieldnames or ()):
            raise ValueError("it holds no exported votes")
        found = [_from_row(row) for row in reader]
    except csv.Error as error:
        raise ValueError("it is no CSV") from error
    votes = [vote for vote in found if vote is not None]
    return votes, len(found) - len(votes)


def _from_row(row: dict[str, str]) -> Vote | None:
    """The vote in one line of CSV."""
    row = {
        name: cell[1:] if isinstance(cell, str) and cell.startswith("'") and _FORMULA.match(cell) else cell
        for name, cell in row.items()
    }

    def many(name: str) -> list[str]:
        return [item for item in (row.get(name) or "").split(_BETWEEN) if item]

    def number(name: str) -> int | None:
        text = row.get(name) or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None

    value: dict[str, object] = {
        "verdict": row.get("verdict"),
        "models": many("models"),
        "best": number("best"),
        "reason": row.get("reason"),
        "blind": row.get("blind") == "True",
        "same_speed": row.get("same_speed") == "True",
        "created": number("created"),
        "tags": many("tags"),
        "voter": row.get("voter"),
    }
    vote = vote_from(row.get("comparison") or "", value)
    return vote if vote is not None and vote.comparison == vote.prompt_id else None


def as_voter(votes: Iterable[Vote], name: str) -> list[Vote]:
    """The user's own votes under a name, as they go into a file for others."""
    return [vote if vote.voter else replace(vote, voter=name) for vote in votes]
