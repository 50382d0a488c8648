"""ULIDs sort by time and never repeat."""

from __future__ import annotations

import pytest

from metis_tui.chat.identifiers import is_ulid, new_ulid, ulid_milliseconds


def test_a_ulid_tells_its_time_and_sorts_by_it() -> None:
    early, late = new_ulid(1_000), new_ulid(1_001)
    assert early < late
    assert ulid_milliseconds(early) == 1_000
    assert len({new_ulid(5) for _ in range(1000)}) == 1000
    assert is_ulid(new_ulid())


@pytest.mark.parametrize("text", ["", "short", "8" + "0" * 25, "0" * 25 + "u", "0" * 25 + "A", "../" + "0" * 23])
def test_other_texts_are_no_ulids(text: str) -> None:
    assert not is_ulid(text)
    with pytest.raises(ValueError, match="not a ULID"):
        ulid_milliseconds(text)
