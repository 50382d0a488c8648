"""One conversation comes out whatever the order, the repetitions and the gaps of the records."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest

from metis_tui.chat.conversation import UNTITLED, ChatMessage, Conversation
from metis_tui.chat.identifiers import new_ulid
from metis_tui.store.merge import merge
from metis_tui.store.messages import message_fields
from metis_tui.store.records import Record, decode, encode

ID = new_ulid(1_700_000_000_000)
Pair = tuple[Record, str]


def rec(record_type: str, ts: int, boot: str = "aaaaaaaa", **fields: object) -> Pair:
    fields = {key.rstrip("_"): value for key, value in fields.items()}
    return decode(encode(record_type, ts, fields).strip()), boot


def msg(name: str, ts: int, parent: str | None = None, role: str = "user", **facts: object) -> Pair:
    message = replace(ChatMessage(name, parent, "user", name, ts), role=role, **facts)  # type: ignore[arg-type]
    return rec("msg", ts, **message_fields(message))


def merged(*pairs: Pair) -> Conversation:
    """The same from every order."""
    results = [merge(ID, shuffled) for shuffled in itertools.islice(itertools.permutations(pairs), 60)]
    assert all(result == results[0] for result in results)
    assert merge(ID, [*pairs, *pairs]) == results[0]
    return results[0]


def test_settings_go_to_the_last_writer() -> None:
    conversation = merged(
        rec("set", 5, key="model", val="a@x"),
        rec("set", 7, key="model", val="b@x"),
        rec("set", 7, "bbbbbbbb", key="model", val="c@x"),
        rec("set", 6, key="pin", val=True),
        rec("set", 6, key="colour", val="red"),
    )
    assert (conversation.model, conversation.is_pinned, conversation.is_archived) == ("c@x", True, False)


def test_a_later_header_does_not_undo_a_title() -> None:
    headers = [rec("conv", 1, title="First"), rec("conv", 9, "bbbbbbbb", title="Late")]
    assert merged(*headers).title == "First"
    assert merged(*headers, rec("set", 5, key="title", val="Renamed")).title == "Renamed"


def test_without_any_header_the_id_tells_the_time() -> None:
    conversation = merged(msg("a", 5))
    assert (conversation.title, conversation.created_ms) == (UNTITLED, 1_700_000_000_000)


@pytest.mark.parametrize(
    ("records", "kept"),
    [
        ([{"stop": "interrupted", "text": "long text"}, {"stop": "stop", "text": "short"}], "short"),
        ([{"stop": "stop", "text": "short"}, {"stop": "stop", "text": "longer"}], "longer"),
        ([{"stop": "interrupted", "text": "ab"}, {"stop": "interrupted", "text": "abc"}], "abc"),
        ([{"stop": "cancelled", "text": "a"}, {"stop": "interrupted", "text": "abc"}], "a"),
    ],
)
def test_of_two_records_of_a_message(records: list[dict[str, object]], kept: str) -> None:
    pairs = [msg("r", 5 + i, role="assistant", **facts) for i, facts in enumerate(records)]
    assert merged(*pairs).messages["r"].text == kept


def test_parents_come_before_children_whatever_the_clocks_say() -> None:
    assert list(merged(msg("c", 1, "b"), msg("b", 2, "a"), msg("a", 3)).messages) == ["a", "b", "c"]


def test_a_missing_parent_is_the_nearest_earlier_message() -> None:
    conversation = merged(msg("a", 1), msg("b", 2, "a"), msg("c", 5, "lost"), msg("d", 6, "c"))
    assert [m.id for m in conversation.path()] == ["a", "b", "c", "d"]
    assert merged(msg("c", 5, "lost")).messages["c"].parent is None


def test_a_ring_of_parents_is_opened() -> None:
    conversation = merge(ID, [msg("a", 1, "b"), msg("b", 2, "a"), msg("c", 3, "c")])
    assert sorted(conversation.messages) == ["a", "b", "c"]
    assert conversation.path()


def test_the_head_is_what_was_chosen_or_added_last() -> None:
    tree = [msg("a", 1), msg("b", 2, "a"), msg("c", 3, "a")]
    assert merged(*tree).head == "c"
    assert merged(*tree, rec("head", 4, msg="b")).head == "b"
    assert merged(*tree, rec("head", 4, msg="b"), msg("d", 5, "b")).head == "d"
    assert merged(*tree, rec("head", 4, msg="gone")).head == "c"


def test_tags_trash_and_restore() -> None:
    tags = [rec("tag", 1, add=["x", "y"]), rec("tag", 2, **{"del": ["x"], "add": ["z", 5]})]
    assert merged(*tags).tags == ("y", "z")
    assert merged(rec("trash", 1)).is_trashed
    assert not merged(rec("trash", 1), rec("restore", 2)).is_trashed


def test_what_is_not_known_is_ignored() -> None:
    odd = [
        rec("x-mood", 1, mood="fine"),
        rec("msg", 2, id=5),
        rec("msg", 2, role="robot"),
        rec("set", 3),
        rec("head", 3),
    ]
    assert merged(msg("a", 1), *odd).path()[0].id == "a"


def test_a_record_too_new_makes_it_read_only() -> None:
    new, boot = msg("b", 2, "a")
    conversation = merged(msg("a", 1), (replace(new, version=2), boot))
    assert conversation.is_read_only
    assert list(conversation.messages) == ["a"]


def test_a_thousand_messages_in_any_order() -> None:
    pairs = [msg(f"{i:04}", i, f"{i - 1:04}" if i else None) for i in range(1000)]
    random.Random(1).shuffle(pairs)
    assert [m.id for m in merge(ID, pairs).path()] == [f"{i:04}" for i in range(1000)]
