"""Plain HTTP calls to a demo gateway, with nothing between the test and the bytes."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from metis_tui.demo.server import DEMO_TOKEN, DemoGateway

CHAT = "metis/api/v1/chat/completions"
MODEL = "gpt-oss-120b"


@dataclass
class Got:
    status: int
    headers: dict[str, str]
    raw: bytes
    broken: bool = False

    @property
    def text(self) -> str:
        return self.raw.decode("utf-8", "replace")

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    @property
    def error(self) -> dict[str, Any]:
        return self.json["error"]

    @property
    def data_lines(self) -> list[str]:
        return [line[5:].strip() for line in self.text.split("\n") if line.startswith("data:")]

    @property
    def chunks(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.data_lines if line.startswith("{")]

    def joined(self, key: str = "content") -> str:
        deltas = [choice["delta"] for chunk in self.chunks for choice in chunk.get("choices", [])]
        return "".join(delta.get(key) or "" for delta in deltas)

    @property
    def finish_reasons(self) -> list[str]:
        found = [choice["finish_reason"] for chunk in self.chunks for choice in chunk.get("choices", [])]
        return [reason for reason in found if reason]

    @property
    def in_band_error(self) -> str:
        texts = [
            chunk["choices"][0]["delta"]["content"]
            for chunk in self.chunks
            if chunk.get("id") == "chatcmpl-api-error"
        ]
        return "".join(texts)


def connect(gateway: DemoGateway, timeout: float = 20) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", urlsplit(gateway.url).port, timeout=timeout)


def headers_with(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def call(
    gateway: DemoGateway,
    path: str,
    body: Any = None,
    *,
    method: str | None = None,
    token: str | None = DEMO_TOKEN,
    headers: dict[str, str] | None = None,
) -> Got:
    connection = connect(gateway)
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    try:
        connection.request(
            method or ("GET" if body is None else "POST"),
            urlsplit(gateway.url).path + path,
            body,
            {**headers_with(token), **(headers or {})},
        )
        reply = connection.getresponse()
        raw = b""
        try:
            while piece := reply.read1(1 << 16):
                raw += piece
            broken = bool(reply.length)
        except (http.client.IncompleteRead, ConnectionResetError):
            broken = True
        return Got(reply.status, {name.lower(): value for name, value in reply.getheaders()}, raw, broken)
    finally:
        connection.close()


def payload(prompt: str = "hello there", model: str = MODEL, **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": prompt}], **more}


def chat(gateway: DemoGateway, prompt: str, *, path: str = CHAT, token: str = DEMO_TOKEN, **more: Any) -> Got:
    return call(gateway, path, payload(prompt, **more), token=token)


def stream(gateway: DemoGateway, prompt: str, *, path: str = CHAT, token: str = DEMO_TOKEN, **more: Any) -> Got:
    more.setdefault("stream_options", {"include_usage": True})
    return call(gateway, path, payload(prompt, stream=True, **more), token=token)
