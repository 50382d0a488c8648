"""Answers that are failures, as ChatErrors a person can act on. Pure; knows nothing of HTTP clients.

The gateway answers every problem with a sign-in with 401, so that is told apart by its code and message, never
by the status alone. Its messages quote addresses inside the service; none of them gets past this module.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from metis_tui.chat.errors import (
    AccessDenied,
    ChatError,
    ContextTooLong,
    GatewayFailure,
    InvalidRequest,
    Maintenance,
    ModelNotLive,
    ModelUnknown,
    NotAGateway,
    RateLimited,
    RequestTooLarge,
    UpstreamFailure,
)
from metis_tui.chat.printable import printable_line
from metis_tui.gateway.reasons import InnerError, clean, error_in, inner_error, is_web_page, web_page_title
from metis_tui.gateway.refusals import sign_in_failure, validation_reason

OWN_TOKENS_A_MINUTE = 60_000
"""The gateway's default limit of tokens a minute for one user and model."""

_CONTEXT = re.compile(
    r"context[ _-]?(?:length|window|size)|maximum (?:input|sequence) length|too many (?:input )?tokens"
    r"|(?:prompt|input|sequence)[^.]{0,40} too long"
    r"|exceeds? the (?:model'?s )?(?:maximum|max)[^.]{0,20} (?:length|tokens)",
    re.IGNORECASE,
)
_RATE = re.compile(r"rate[ _-]?limit|too many requests|quota|\b429\b", re.IGNORECASE)
_KEY = re.compile(r"authentication|api[ _-]?key|unauthorized|\b401\b", re.IGNORECASE)
_SILENT = re.compile(r"^(?:error: )*(?:unexpected error calling stream api: )?timeout calling", re.IGNORECASE)
_DROPPED = re.compile(r"disconnected|peer closed|incomplete|connection reset|broken pipe", re.IGNORECASE)
_REFUSED = re.compile(r"connection attempts failed|connection refused|name or service|no route", re.IGNORECASE)

_CAPTIVE = (
    "If this network has a sign-in page, open any page in a browser first. Else check the address "
    "(metis-tui config show) and the proxy (metis-tui doctor)."
)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer as far as it matters here."""

    status: int
    body: bytes
    location: str = ""
    """The host that a redirect points at."""

    def text(self) -> str:
        return self.body[:1_000_000].decode("utf-8", "replace")


def failure_of(answer: Answer, *, asked: str = "") -> ChatError:
    """The failure that an answer with another status than 200 means. `asked` names the model or route asked for."""
    text = answer.text()
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        return _without_json(answer, text)
    error = body.get("error")
    if isinstance(error, dict) and isinstance(error.get("message"), str):
        return _with_envelope(answer.status, error, body, asked)
    if isinstance(error, str):
        return _from_front_server(answer.status, body, error)
    return _with_detail(answer.status, body.get("detail"))


def in_band_failure(text: str) -> ChatError:
    """The failure inside the one chunk that the gateway sends in place of a reply, after its 200."""
    message = re.sub(r"^\s*\[ERROR\]\s*", "", text)
    return upstream_failure(message, inner_error(message))


def error_event_failure(event: Mapping[str, Any]) -> ChatError:
    """The failure in an error object that the model's server put into its stream."""
    inner = error_in(event) or InnerError("It sent an error without a message.")
    return upstream_failure(inner.message, inner)


def upstream_failure(message: str, inner: InnerError | None, status: int | None = None) -> ChatError:
    """A failure of the model's server behind the gateway; the user's token is never at fault."""
    said = clean(inner.message) if inner else clean(_without_prefixes(message))
    signs = f"{inner.code} {inner.message}" if inner else message
    if _CONTEXT.search(signs):
        return ContextTooLong(said)
    if status == 429 or (inner and _RATE.search(signs)):
        failure = RateLimited(f"The model's server is busy: {said}")
        failure.is_shared = True
        return failure
    if status == 401 or (inner and _KEY.search(signs)):
        return UpstreamFailure(
            f"The model's server refused the gateway's own key, not your sign-in: {said}",
            hint="Nothing is wrong with your token. Tell ALCF support, or choose another model.",
            can_retry=False,
        )
    if inner is None:
        return _silent_or_gone(message) or UpstreamFailure(said or "It gave no reason.")
    if status is not None and 400 <= status < 500:
        return UpstreamFailure(said, title="The model refused the request", can_retry=False)
    return UpstreamFailure(said or "It gave no reason.")


def _silent_or_gone(message: str) -> ChatError | None:
    if _SILENT.search(message.strip()):
        seconds = re.search(r"timeout: (\d+)", message)
        waited = f" for {seconds.group(1)} seconds" if seconds else " in time"
        return UpstreamFailure(f"The model's server sent nothing{waited}.", title="The model did not answer")
    if _DROPPED.search(message):
        return UpstreamFailure("The model's server broke the connection to the gateway.")
    if _REFUSED.search(message):
        return UpstreamFailure("The gateway could not reach the model's server.")
    return None


def _without_prefixes(message: str) -> str:
    return re.sub(r"^(?:\s*(?:Error|Unexpected error calling stream API):\s*)+", "", message)


def _with_envelope(status: int, error: Mapping[str, Any], body: Mapping[str, Any], asked: str) -> ChatError:
    code, message = str(error.get("code") or ""), str(error["message"])
    named = f" ({printable_line(asked, 120)})" if asked else ""
    error_id = body.get("error_id") or error.get("error_id")
    if code == "unauthorized" or (status == 401 and code != "internal_endpoint_error"):
        return sign_in_failure(message)
    if code == "cluster_under_maintenance":
        return Maintenance(clean(message) or "The operators gave no notice.")
    if code == "cluster_not_found":
        return ModelUnknown(f"The gateway knows no such cluster{named}.")
    if code == "endpoint_not_found":
        return ModelUnknown(f"The gateway knows no such model{named}: {clean(message)}")
    if code in ("unsupported_framework", "unsupported_endpoint"):
        return ModelUnknown(f"{clean(message)}{named}", title="The model cannot chat here")
    if code == "internal_endpoint_error":
        return _behind_the_gateway(status, message, error.get("info"))
    if code == "too_many_requests" or status == 429:
        return _tokens_a_minute(message, error.get("info"))
    if code == "failed_to_get_cluster_jobs":
        return GatewayFailure(
            f"The gateway could not read which models are live: {clean(message, 'its source')}",
            error_id=_identifier(error_id),
        )
    if status in (400, 422):
        return InvalidRequest(clean(message))
    return GatewayFailure(clean(message, "its server") or f"Error {status}.", error_id=_identifier(error_id))


def _behind_the_gateway(status: int, message: str, info: object) -> ChatError:
    if re.search(r"is not currently live", message):
        return ModelNotLive(clean(message))
    inner = inner_error(message)
    if inner is None and isinstance(info, dict) and isinstance(info.get("timeout"), int):
        message = f"{message} (timeout: {info['timeout']})"
    return upstream_failure(message, inner, status)


def _tokens_a_minute(message: str, info: object) -> ChatError:
    usage = info if isinstance(info, dict) else {}
    own, all_users = usage.get("user_model_usage"), usage.get("global_model_usage")
    if not isinstance(own, int) or not isinstance(all_users, int):
        return RateLimited(clean(message), retry_after_seconds=60)
    is_shared = own < OWN_TOKENS_A_MINUTE and own * 2 < all_users
    whose = "Everybody together used up this model's" if is_shared else "You used up your"
    failure = RateLimited(
        f"{whose} tokens for this minute ({own:,} were yours, {all_users:,} everybody's).",
        hint="Wait up to a minute, then send again, or choose another model.",
        retry_after_seconds=60,
    )
    failure.is_shared = is_shared
    return failure


def _from_front_server(status: int, body: Mapping[str, Any], error: str) -> ChatError:
    said = body.get("message")
    reason = clean(said if isinstance(said, str) and said else error, "the gateway")
    if status == 429:
        after = body.get("retry_after")
        seconds = float(after) if isinstance(after, (int, float)) and not isinstance(after, bool) else 1.0
        return RateLimited(reason, retry_after_seconds=seconds)
    if status == 413:
        return RequestTooLarge(reason)
    return GatewayFailure(reason)


def _with_detail(status: int, detail: object) -> ChatError:
    if isinstance(detail, list):
        return InvalidRequest(validation_reason(detail))
    reason = clean(detail, "the gateway") if isinstance(detail, str) else ""
    if status == 401:
        return sign_in_failure(reason)
    if status == 403:
        return AccessDenied(reason or "The gateway forbids this.")
    if status == 429:
        failure = RateLimited(
            "More than 10 requests in one second, counted over all your programs.", retry_after_seconds=1
        )
        failure.is_shared = False
        return failure
    if status == 503 and reason:
        return Maintenance(reason, hint="Try again after the maintenance.")
    if status == 413:
        return RequestTooLarge(reason or "The gateway did not take a request of this size.")
    if status == 404:
        return NotAGateway(f"The gateway has no such route. {reason}".strip())
    if 400 <= status < 500:
        return InvalidRequest(reason or f"Error {status} without a reason.")
    return GatewayFailure(reason or f"Error {status} without a reason.")


def _without_json(answer: Answer, text: str) -> ChatError:
    status, page = answer.status, web_page_title(text)
    if 300 <= status < 400:
        to = f" to {printable_line(answer.location, 80)}" if answer.location else ""
        return NotAGateway(
            f"The address redirects elsewhere{to}. The access token was not sent there.", hint=_CAPTIVE
        )
    if status == 413:
        return RequestTooLarge("The gateway did not take a request of this size.")
    if status == 407:
        return NotAGateway("The proxy wants a sign-in of its own.", title="The proxy refused")
    if status == 429:
        return RateLimited("Too many requests.", retry_after_seconds=1)
    if status == 511:
        return NotAGateway(
            "The network here wants a sign-in of its own before it lets anything out (511).", hint=_CAPTIVE
        )
    if status in (502, 503, 504):
        word = {502: "is down", 503: "is down or overloaded", 504: "did not answer in time"}[status]
        return GatewayFailure(f"The gateway behind the web server {word} (error {status}).")
    if status >= 500:
        return GatewayFailure(f"Error {status}{f': {page}' if page else ''}.")
    if is_web_page(text):
        return NotAGateway(f"A web page came back (error {status}: {page}).")
    return NotAGateway(f"Error {status} came back without a reason.")


def not_json_failure(answer: Answer) -> ChatError:
    """An answer with status 200 that is not what the gateway sends."""
    page = web_page_title(answer.text())
    if page:
        return NotAGateway(f"A web page came back: {page}.", hint=_CAPTIVE)
    return NotAGateway("What came back is not the gateway's JSON.")


def _identifier(value: object) -> str | None:
    return printable_line(value, 64) if isinstance(value, str) and value else None
