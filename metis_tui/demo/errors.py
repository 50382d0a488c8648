"""The error bodies of the gateway, in the five shapes a client may meet. Knows nothing of sockets.

Shapes, codes and messages are those of the public inference gateway (FIRST, commit 2710ef8) and its nginx.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

JSON_TYPE = "application/json; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"
NGINX_HTML_TYPE = "text/html"

NOT_FOUND_PAGE = (
    '\n<!doctype html>\n<html lang="en">\n<head>\n  <title>Not Found</title>\n</head>\n<body>\n'
    "  <h1>Not Found</h1><p>The requested resource was not found on this server.</p>\n</body>\n</html>\n"
)


@dataclass(frozen=True)
class Answer:
    """A whole HTTP reply: status, body and what the headers must say about it."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: tuple[tuple[str, str], ...] = ()
    close: bool = field(default=False)
    """Whether the connection ends after this reply."""


class Refused(Exception):
    """Ends the handling of a request with a ready answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"HTTP {answer.status}")
        self.answer = answer


def json_answer(status: int, value: Any) -> Answer:
    return Answer(status, json.dumps(value).encode())


def gateway_error(status: int, code: str, message: str, info: dict[str, Any] | None = None) -> Answer:
    """Shape 1: what the gateway says about its own checks and about upstream failures."""
    return json_answer(status, {"error": {"code": code, "message": message, "info": info or {}}})


def internal_error(error_id: str) -> Answer:
    """Shape 2: a failure the gateway did not foresee; only the id helps the people who run it."""
    return json_answer(
        500, {"error": {"code": "internal_error", "message": "Internal Server Error", "error_id": error_id}}
    )


def detail(status: int, text: str) -> Answer:
    """Shape 3: one line under `detail`."""
    return json_answer(status, {"detail": text})


def invalid(problems: list[dict[str, Any]]) -> Answer:
    """Shape 4: the list of everything wrong with a request body."""
    return json_answer(422, {"detail": problems})


def not_found() -> Answer:
    return Answer(404, NOT_FOUND_PAGE.encode(), HTML_TYPE)


def wrong_method(allowed: str) -> Answer:
    return Answer(405, b"Method not allowed", HTML_TYPE, (("allow", allowed),))


def nginx_page(status: int, reason: str) -> Answer:
    """Shape 5: a page of the web server in front of the gateway."""
    title = f"{status} {reason}"
    page = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    return Answer(status, page.encode(), NGINX_HTML_TYPE, close=status == 413)


def nginx_rate_limit() -> Answer:
    """Shape 5 as JSON: here `error` is a string."""
    return Answer(
        429,
        json.dumps(
            {
                "error": "Rate limit exceeded",
                "message": "Too many requests. Please try again later.",
                "retry_after": 60,
            }
        ).encode(),
        "application/json",
    )


def too_many_tokens(global_usage: int, user_usage: int) -> Answer:
    info = {"global_model_usage": global_usage, "user_model_usage": user_usage}
    return gateway_error(429, "too_many_requests", "Tokens/minute limit exceeded", info)


def not_live(model: str, cluster: str) -> Answer:
    return gateway_error(
        503, "internal_endpoint_error", f"'{model}' is not currently live on {cluster.capitalize()}."
    )


def under_maintenance(notice: str) -> Answer:
    return gateway_error(503, "cluster_under_maintenance", notice)


def upstream_status(status: int, upstream_body: str) -> Answer:
    """An upstream failure passed on: its status, and its first 256 bytes as a Python bytes literal."""
    shown = repr(upstream_body.encode()[:256])
    return gateway_error(status, "internal_endpoint_error", f"Upstream endpoint returned {status}: {shown}.")
