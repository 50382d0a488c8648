"""Cleans error messages: finds what a model's server said inside, and takes internal addresses out. Pure."""

from __future__ import annotations

import ast
import html
import json
import re
from dataclasses import dataclass

from metis_tui.chat.printable import printable_line

REASON_LENGTH = 400

_BYTES = re.compile(r"""(?<![\w'"])b(?:'(?:[^'\\]|\\.)*'?|"(?:[^"\\]|\\.)*"?)""", re.DOTALL)
_URL = re.compile(r"""['"]?\b[a-z][a-z0-9+.-]*://[^\s'"<>)\]}]+(?<![.,:;])['"]?""", re.IGNORECASE)
_HOST = re.compile(
    r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"
    r"|\blocalhost(?::\d+)?\b"
    r"|\b[\w-]+(?:\.[\w-]+)*\.(?:internal|local|lan|intranet|svc)(?::\d+)?\b"
    r"|\b[\w-]+(?:\.[\w-]+)+:\d{2,5}\b",
    re.IGNORECASE,
)
_TITLE = re.compile(r"<(?:title|h1)[^>]*>\s*(.*?)\s*</(?:title|h1)>", re.IGNORECASE | re.DOTALL)
_OUTDATED_ADVICE = re.compile(
    r"\s*(?:If you are passing an access token|Please log ?out (?:by|from)|'?python3? inference_auth_token).*",
    re.DOTALL | re.IGNORECASE,
)
_JSON_STRING = r'"((?:[^"\\]|\\.)*)'


@dataclass(frozen=True, slots=True)
class InnerError:
    """What the model's server itself said."""

    message: str
    code: str = ""
    """Its code and type, joined by a space, in lower case."""


def clean(message: str, place: str = "the model's server") -> str:
    """One safe line: addresses become `place`, byte representations their text, advice for other tools is cut."""
    message = _BYTES.sub(lambda match: _decoded(match.group()), message)
    message = _OUTDATED_ADVICE.sub("", message)
    message = _HOST.sub(place, _URL.sub(place, message))
    return printable_line(message.strip(), REASON_LENGTH)


def inner_error(message: str) -> InnerError | None:
    """The error object of a model's server quoted in a message, be it JSON, cut off JSON or a bytes repr of it."""
    quoted = _BYTES.search(message)
    text = _decoded(quoted.group()) if quoted else message
    start = text.find("{")
    if start < 0:
        plain = text.strip() if quoted else ""
        return InnerError(web_page_title(plain) or plain) if plain else None
    try:
        body, _ = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return _from_cut_off_json(text[start:])
    return error_in(body)


def error_in(body: object) -> InnerError | None:
    """The error of a JSON body in any of the shapes that servers use."""
    if not isinstance(body, dict):
        return None
    for key in ("error", "detail", "message"):
        value = body.get(key)
        if isinstance(value, str) and value.strip():
            return InnerError(value.strip(), _codes(body))
        if isinstance(value, dict):
            found = error_in(value)
            return InnerError(found.message, _codes(value)) if found else None
    return None


def web_page_title(text: str) -> str:
    """The title of a web page, in one line; empty when the text is no web page."""
    if not is_web_page(text):
        return ""
    match = _TITLE.search(text)
    return printable_line(html.unescape(re.sub(r"<[^>]*>", "", match.group(1))), 80) if match else "a page"


def is_web_page(text: str) -> bool:
    """Whether an answer is HTML, whatever its content type says."""
    return re.match(r"\s*(?:<!--.*?-->\s*)*<(?:!doctype|html|head|body|\?xml)\b", text, re.I | re.S) is not None


def _decoded(representation: str) -> str:
    """The text behind a Python bytes representation, which may lack its closing quote."""
    for candidate in (representation, representation + representation[1]):
        try:
            value = ast.literal_eval(candidate)
        except (ValueError, SyntaxError):
            continue
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
    return representation[2:].strip("'\"")


def _from_cut_off_json(text: str) -> InnerError | None:
    for key in ("message", "error", "detail"):
        match = re.search(rf'"{key}"\s*:\s*{_JSON_STRING}', text)
        if match and match.group(1).strip():
            code = " ".join(re.findall(r'"(?:code|type)"\s*:\s*"([^"]*)"', text)).lower()
            return InnerError(_unescaped(match.group(1)), code)
    return None


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:
        return text.rstrip("\\")


def _codes(error: dict[str, object]) -> str:
    return " ".join(str(error[key]) for key in ("code", "type") if error.get(key) not in (None, "")).lower()
