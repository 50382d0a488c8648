"""`metis-tui votes` in a process of its own, on a real store."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import stat
from pathlib import Path

import pytest
from cli_process import Metis
from simulated_votes import simulated

from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.identifiers import new_ulid
from metis_tui.chat.ranking_report import votes_as_text, votes_from_text
from metis_tui.chat.votes import Vote
from metis_tui.store.conversation_store import ConversationFiles

A, B, C = "gpt-oss-120b@metis", "openai/gpt-oss-120b@sophia", "gemma@metis"
VOTES = (
    [Vote("p", (A, B), "best", 0, reason="better")] * 9
    + [Vote("p", (A, B), "best", 1)] * 5
    + [Vote("p", (A, C), "tie"), Vote("p", (A, B, C), "bad")]
)


def keep(home: Path, votes: list[Vote], tag: str = "mpi") -> None:
    """Saves a conversation with a prompt for each vote."""

    async def save() -> None:
        store = ConversationFiles(home / "data")
        conversation = Conversation()
        for number, vote in enumerate(votes):
            prompt = ChatMessage(new_ulid(), conversation.head, "user", f"question {number}", 1000 + number)
            conversation.add(prompt)
            await store.append(conversation, prompt)
            value = {**vote.as_value(), "created": 1000 + number}
            await store.vote(conversation, prompt.id, value)
        await store.tag(conversation, add=[tag])
        await store.close()

    asyncio.run(save())


def test_without_votes_it_says_so(offline: Metis) -> None:
    done = offline("votes")
    assert (done.code, done.out) == (0, "")
    assert "no votes yet" in done.err
    assert offline("votes", "--json").json["models"] == []


def test_the_ranking_says_what_is_known_and_what_is_not(offline: Metis, home: Path) -> None:
    keep(home, VOTES)
    done = offline("votes", "--matrix")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "16 votes · 1 all bad · 15 battles"
    assert "not enough data: fewer than 10 battles" in next(line for line in lines if C in line)
    assert "9/1/5" in next(line for line in lines if A in line)
    assert "9/0/5" in next(line for line in lines if line.startswith(" ") and A in line)
    found = {model["model"]: model for model in offline("votes", "--json").json["models"]}
    assert (found[A]["wins"], found[A]["enough_data"], found[C]["enough_data"]) == (9, True, False)
    assert found[A]["low"] < found[A]["strength"] < found[A]["high"]


def test_csv_by_model_and_by_cluster(offline: Metis, home: Path) -> None:
    keep(home, VOTES)
    rows = list(csv.DictReader(io.StringIO(offline("votes", "--csv", "--by-model").out)))
    assert {row["model"] for row in rows} == {"gpt-oss-120b", "gemma"}
    pairs = list(csv.DictReader(io.StringIO(offline("votes", "--csv", "--matrix", "--cluster", "metis").out)))
    assert {(pair["model"], pair["other"]) for pair in pairs} == {(A, C), (C, A)}


def test_what_no_vote_has_is_told_with_what_there_is(offline: Metis, home: Path) -> None:
    keep(home, VOTES)
    for option, there_is in (("--tag", "mpi"), ("--cluster", "metis")):
        done = offline("votes", option, "nowhere")
        assert (done.code, done.out) == (2, "")
        assert there_is in done.err


@pytest.mark.parametrize("name", ["votes.json", "votes.csv"])
def test_files_for_others_go_round(offline: Metis, home: Path, tmp_path: Path, name: str) -> None:
    keep(home, VOTES)
    file, theirs = tmp_path / name, tmp_path / f"their-{name}"
    done = offline("votes", "--export", str(file))
    assert done.code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "question" not in file.read_text()
    mine, bad = votes_from_text(file.read_text())
    assert (len(mine), bad) == (16, 0)
    assert {vote.voter[:6] for vote in mine} == {"voter-"}
    assert {vote.reason for vote in mine} == {"", "better"}

    others = simulated({A: 0.0, B: 0.0}, 10, 1)
    theirs.write_text(votes_as_text(others, is_csv=name.endswith("csv"), is_anonymous=True))
    merged = offline("votes", "--json", "--merge", str(file), "--merge", str(theirs), "--merge", str(theirs))
    assert merged.json["votes"] == 26, "my own file and the second copy add nothing"

    if name.endswith("csv"):
        again = offline("votes", "--export", str(file))
        assert again.code == 2
        assert "already" in again.err


def test_a_file_that_is_none_is_refused(offline: Metis, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_bytes(b"\xff\xfe{}")
    done = offline("votes", "--merge", str(wrong))
    assert done.code == 1
    assert "UTF-8" in done.err
    assert "cannot be read" in offline("votes", "--merge", str(tmp_path / "none.json")).err
    for content, why in (("{", "cut short"), ("a,b\n1,2\n", "no exported votes"), ("", "no exported votes")):
        with pytest.raises(ValueError, match=why):
            votes_from_text(content)


def test_json_of_a_file_is_a_document_with_a_version(tmp_path: Path) -> None:
    document = json.loads(votes_as_text([VOTES[0]], is_csv=False, is_anonymous=False))
    assert (document["format"], document["version"]) == ("metis-tui votes", 1)
