"""Records survive the round trip exactly, and whatever is torn or altered is told from what is whole."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_samples import new_reply

from metis_tui.chat.conversation import ChatMessage
from metis_tui.store.messages import message_fields, message_from
from metis_tui.store.records import SUPPORTED_VERSION, BadRecord, decode, encode, split_lines

PROMPT = ChatMessage("01", None, "user", "π ≈ 3.14\u2028\u0085 next\r\n", 1)
LINE = encode("msg", 5, message_fields(new_reply(PROMPT))).strip()


def test_is_one_line_of_json_between_newlines() -> None:
    line = encode("set", 5, {"key": "title", "val": "a\nb"})
    assert line.startswith(b"\n{")
    assert line.endswith(b"}\n")
    assert line.strip().count(b"\n") == 0
    assert json.loads(line)["val"] == "a\nb"


@pytest.mark.parametrize("message", [PROMPT, new_reply(PROMPT), new_reply(PROMPT, text="")])
def test_message_round_trip(message: ChatMessage) -> None:
    assert message_from(decode(encode("msg", 5, message_fields(message)).strip()).fields) == message


def is_refused(line: bytes) -> bool:
    try:
        decode(line)
    except BadRecord:
        return True
    return False


def test_torn_at_every_byte() -> None:
    for index in range(len(LINE)):
        assert is_refused(LINE[:index]), f"torn at {index} and not noticed"


def test_altered_at_every_byte() -> None:
    for index in range(len(LINE)):
        altered = LINE[:index] + bytes([LINE[index] ^ 1]) + LINE[index + 1 :]
        assert is_refused(altered), f"altered at {index} and not noticed"


@pytest.mark.parametrize(
    "line", [b"", b"\0\0\0", b"{}", b"null", b"[1]", b'{"v":1}', b'{"t":"x","crc":0}', b"\xff\xfe", b'"crc":1}']
)
def test_what_is_no_record(line: bytes) -> None:
    with pytest.raises(BadRecord):
        decode(line)


@given(st.text() | st.text(alphabet=st.characters()) | st.just("\ud800 \udfff \x00"))
def test_any_text_can_be_stored(text: str) -> None:
    fields = decode(encode("msg", 1, {"text": text, "list": [text], "map": {text: text}}).strip()).fields
    fields["text"].encode()
    assert "\x00" not in fields["text"] + fields["list"][0] + "".join(fields["map"])


def test_lone_surrogates_and_nul_are_replaced_and_all_else_stays() -> None:
    assert decode(encode("x", 1, {"a": "a\ud800\x00\x1b\u202e😀"}).strip()).fields["a"] == "a\ufffd\u2400\x1b\u202e😀"


def test_unknown_types_and_keys_are_kept() -> None:
    record = decode(encode("x-mood", 1, {"mood": "fine"}).strip())
    assert (record.type, record.fields["mood"], record.is_too_new) == ("x-mood", "fine", False)


def test_a_version_too_new_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metis_tui.store.records.SUPPORTED_VERSION", SUPPORTED_VERSION + 1)
    line = encode("msg", 1, {}).strip()
    monkeypatch.undo()
    assert decode(line).is_too_new


def test_values_that_are_not_json_do_not_raise() -> None:
    assert decode(encode("set", 1, {"val": {1, 2}}).strip()).fields["val"] == "{1, 2}"


@pytest.mark.parametrize(
    "damage", [{"usage": 5, "timing": "x", "err": []}, {"text": None, "params": 3, "stop": "new"}]
)
def test_keys_of_the_wrong_kind_get_their_defaults(damage: dict[str, object]) -> None:
    message = message_from({"id": "01", "role": "user", "ts": 7, **damage})
    assert message == ChatMessage("01", None, "user", "", 7)


def test_lines_are_found_again_after_a_torn_one() -> None:
    first, second = encode("a", 1, {}), encode("b", 2, {})
    data = first + second[:9] + first + b"\0\0\0" + second + first[:7]
    lines = list(split_lines(data))
    assert [line for _, line, _ in lines] == [
        first.strip(),
        second[1:9],
        first.strip(),
        b"\0\0\0",
        second.strip(),
        first[1:7],
    ]
    assert [is_ended for _, _, is_ended in lines] == [True] * 5 + [False]
    assert all(data[offset:].startswith(line) for offset, line, _ in lines)
