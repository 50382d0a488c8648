from __future__ import annotations

import stat
from pathlib import Path

from metis_tui.auth.deadline import (
    DAY_SECONDS,
    SignInMemory,
    SignInRecord,
    accepted,
    deadline_of,
    mark_of,
    refused,
    seen,
    signed_in,
)

NOW = 1_800_000_000.0


def later(days: float) -> float:
    return NOW + days * DAY_SECONDS


def test_a_sign_in_lasts_as_set() -> None:
    found = deadline_of(signed_in(SignInRecord(), "refresh", NOW), 7, NOW)
    assert found is not None
    assert (found.at, found.source, found.is_estimate, found.is_learned) == (later(7), "setting", False, False)


def test_nothing_is_known_without_a_sign_in() -> None:
    assert deadline_of(SignInRecord(), 7, NOW) is None


def test_a_sign_in_made_elsewhere_is_dated_by_its_access_token() -> None:
    record = seen(SignInRecord(), "refresh", NOW + 100_000, NOW)
    assert record.signed_in_at == NOW - 72_800
    found = deadline_of(record, 7, NOW)
    assert found is not None
    assert found.is_estimate
    assert seen(record, "refresh", NOW + 172_800, NOW + 99) == record, "a renewal is no new sign-in"


def test_an_earlier_refusal_teaches_a_shorter_deadline() -> None:
    record = refused(signed_in(SignInRecord(), "refresh", NOW), later(5.3))
    found = deadline_of(record, 7, later(5.3))
    assert found is not None
    assert found.at == later(5.3)
    assert (found.days, found.source) == (5.3, "refused")
    again = deadline_of(signed_in(record, "another", later(6)), 7, later(6))
    assert again is not None
    assert again.at == later(6 + 5.3)
    assert again.is_learned


def test_a_later_acceptance_teaches_a_longer_deadline() -> None:
    record = accepted(signed_in(SignInRecord(), "refresh", NOW), 7, later(6.9))
    assert record.accepted_days == 0
    record = accepted(record, 7, later(8.1))
    found = deadline_of(record, 7, later(8.1))
    assert found is not None
    assert (found.at, found.days, found.source) == (None, 8.1, "accepted")
    fresh = deadline_of(signed_in(record, "another", later(9)), 7, later(9))
    assert fresh is not None
    assert fresh.at == later(9 + 8.1)


def test_after_a_later_refusal_the_longer_time_is_known() -> None:
    record = accepted(signed_in(SignInRecord(), "refresh", NOW), 7, later(29.5))
    record = refused(record, later(30))
    again = deadline_of(signed_in(record, "another", later(31)), 7, later(31))
    assert again is not None
    assert (again.days, again.source) == (30, "refused")


def test_a_session_that_somebody_ended_teaches_nothing() -> None:
    record = refused(signed_in(SignInRecord(), "refresh", NOW), NOW + 600)
    found = deadline_of(record, 7, NOW + 600)
    assert found is not None
    assert (found.at, found.days) == (NOW + 600, 7)


def test_an_estimate_teaches_no_shorter_deadline() -> None:
    record = refused(seen(SignInRecord(), "refresh", NOW + 100_000, NOW), later(3))
    assert record.refused_days == 0


def test_what_was_learned_falls_when_an_older_sign_in_is_taken() -> None:
    record = refused(signed_in(SignInRecord(), "refresh", NOW), later(3))
    record = accepted(signed_in(record, "another", later(4)), 7, later(8))
    assert record.refused_days == 0
    assert record.refused_at == 0


def test_the_memory_is_private_and_survives(tmp_path: Path) -> None:
    record = signed_in(SignInRecord(), "refresh-secret", NOW)
    SignInMemory(tmp_path / "state").change(record)
    path = tmp_path / "state" / "sign-in.json"
    assert SignInMemory(tmp_path / "state").read() == record
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "refresh-secret" not in path.read_text()
    assert mark_of("refresh-secret") in path.read_text()


def test_a_damaged_memory_is_an_empty_one(tmp_path: Path) -> None:
    for content in (
        '{"signed_in_at": "x", "mark": 3, "is_exact": 1, "refused_days": -4, "accepted_days": true}',
        "[",
    ):
        (tmp_path / "sign-in.json").write_text(content)
        assert SignInMemory(tmp_path).read() == SignInRecord()
    assert SignInMemory(None).read() == SignInRecord()


def test_a_disk_that_takes_nothing_costs_only_the_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    memory = SignInMemory(tmp_path / "file" / "state")
    memory.change(SignInRecord(mark="x"))
    assert memory.read().mark == "x"
