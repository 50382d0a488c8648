"""Bytes no well-behaved client sends, clients that hang up, starting and stopping."""

from __future__ import annotations

import json
import socket
import threading
from urllib.parse import urlsplit

import pytest
from demo_calls import CHAT, call, connect, headers_with, payload

from metis_tui.demo.request_log import KEPT_REQUESTS, RecordedRequest, RequestLog
from metis_tui.demo.server import DemoGateway


def send_raw(gateway: DemoGateway, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as raw:
        raw.sendall(data)
        raw.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := raw.recv(65536):
            answer += piece
        return answer


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n\r\n",
        b"GET /x\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/2\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 tls\r\n\r\n",
        b"GET / HTTP/1.1\r\nx: " + b"y" * 100_000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nabc",
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"GET http://[bad HTTP/1.1\r\n\r\n",
        b"unfinished",
    ],
)
def test_bad_bytes_get_a_400(gateway: DemoGateway, data: bytes) -> None:
    assert send_raw(gateway, data).startswith(b"HTTP/1.1 400 ")
    assert call(gateway, "health", token=None).status == 200


def test_nothing_at_all_is_no_error(gateway: DemoGateway) -> None:
    assert send_raw(gateway, b"") == b""


def test_chunked_request_bodies(gateway: DemoGateway) -> None:
    connection = connect(gateway)
    body = json.dumps(payload(max_tokens=2)).encode()
    connection.request(
        "POST",
        "/resource_server/" + CHAT,
        iter([body[:20], body[20:]]),
        headers_with("good-token"),
        encode_chunked=True,
    )
    assert connection.getresponse().status == 200
    connection.close()


def test_old_http_closes_after_the_answer(gateway: DemoGateway) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as raw:
        raw.sendall(b"GET /resource_server/health HTTP/1.0\r\n\r\n")
        answer = b""
        while piece := raw.recv(65536):
            answer += piece
    assert b"connection: close" in answer
    assert answer.endswith(b'{"status": "ok"}')


@pytest.mark.parametrize(
    "body",
    [
        payload("100k tokens at 50 tokens/s", stream=True),
        payload("@@stall:60@@", stream=True),
        payload("@@slow_start:60@@", stream=True),
        payload("@@hang:60@@", stream=True),
    ],
)
def test_hanging_up_stops_a_stream_at_once(gateway: DemoGateway, body: dict[str, object]) -> None:
    connection = connect(gateway)
    connection.request("POST", "/resource_server/" + CHAT, json.dumps(body), headers_with("good-token"))
    reply = connection.getresponse()
    assert reply.status == 200
    reply.close()
    connection.close()
    assert gateway.log.wait_for(lambda seen: seen[-1].is_finished, timeout_seconds=10)
    assert gateway.requests[-1].closed_by_client
    assert gateway.requests[-1].bytes_sent < 100_000


def test_hanging_up_stops_a_whole_reply_too(gateway: DemoGateway) -> None:
    connection = connect(gateway)
    body = json.dumps(payload("@@hang:60@@"))
    connection.request("POST", "/resource_server/" + CHAT, body, headers_with("good-token"))
    assert gateway.log.wait_for(lambda seen: seen[-1].body == json.loads(body), timeout_seconds=10)
    connection.close()
    assert gateway.log.wait_for(lambda seen: seen[-1].closed_by_client and seen[-1].is_finished, timeout_seconds=10)


def test_a_reader_that_stops_reading_holds_the_writer_back(gateway: DemoGateway) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as raw:
        body = json.dumps(payload("200k tokens at max speed", stream=True)).encode()
        head = f"POST /resource_server/{CHAT} HTTP/1.1\r\nauthorization: Bearer good-token\r\n"
        raw.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        assert raw.recv(100)
        # Others are served meanwhile.
        assert call(gateway, "health", token=None).status == 200
        assert not [request for request in gateway.requests if request.size == len(body)][-1].is_finished


def test_many_streams_at_once(gateway: DemoGateway) -> None:
    counts: list[int] = []

    def read_one() -> None:
        got = call(gateway, CHAT, payload("500 tokens at 1000 tokens/s", stream=True))
        counts.append(len(got.chunks) - 2)

    threads = [threading.Thread(target=read_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [500] * 8


def test_stop_ends_running_streams_and_start_listens_again() -> None:
    gateway = DemoGateway().start()
    connection = connect(gateway)
    body = json.dumps(payload("@@stall:60@@", stream=True))
    connection.request("POST", "/resource_server/" + CHAT, body, headers_with("good-token"))
    connection.getresponse()
    url = gateway.url
    gateway.stop()
    gateway.stop()
    with pytest.raises(ConnectionRefusedError):
        call(gateway, "health", token=None)
    with gateway:
        assert gateway.url == url
        assert call(gateway, "health", token=None).status == 200
    connection.close()


def test_a_port_in_use_is_an_os_error(gateway: DemoGateway) -> None:
    port = urlsplit(gateway.url).port or 0
    with pytest.raises(OSError, match="in use"):
        DemoGateway(port=port).start()
    with pytest.raises((OSError, OverflowError)):
        DemoGateway(port=70_000).start()


def test_a_running_gateway_cannot_start_again(gateway: DemoGateway) -> None:
    with pytest.raises(RuntimeError):
        gateway.start()


def test_the_log_is_bounded() -> None:
    log = RequestLog()
    for number in range(KEPT_REQUESTS + 5):
        log.add(RecordedRequest("GET", str(number), {}))
    assert len(log.snapshot()) == KEPT_REQUESTS
    for number in range(20):
        log.add(RecordedRequest("POST", str(number), {}, size=10_000_000))
    assert len(log.snapshot()) <= 4
    log.clear()
    assert log.snapshot() == []
    assert not log.wait_for(bool, timeout_seconds=0.01)
