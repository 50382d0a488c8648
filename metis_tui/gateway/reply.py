"""Turns the bytes of one streamed reply into deltas and tells how it ended. Pure; knows nothing of HTTP."""

from __future__ import annotations

from metis_tui.chat.conversation import Usage
from metis_tui.chat.errors import ChatError, NotAGateway, ReplyEmpty, ReplyIncomplete
from metis_tui.chat.turn import GatewayEvent, ReasoningDelta, ReplyFinished, TextDelta, UsageReported
from metis_tui.gateway.failures import error_event_failure, in_band_failure
from metis_tui.gateway.reasoning import Kind, ThinkSplitter
from metis_tui.gateway.reasons import web_page_title
from metis_tui.gateway.stream_decoder import BrokenEvent, EndMark, JsonEvent, StreamDecoder, StreamEvent
from metis_tui.gateway.wire import Chunk, read_chunk

ERROR_CHUNK_ID = "chatcmpl-api-error"
"""The id of the chunk by which the gateway reports a failure after it has answered 200."""


class ReplyReader:
    """Feed it the bytes of a reply; it gives deltas, merged as far as their order allows.

    A failure inside the stream does not raise but ends the reply: `failure` holds it, after the deltas before it
    were given. `is_over` tells that nothing more is needed from the network.
    """

    def __init__(self) -> None:
        self._decoder = StreamDecoder()
        self._splitter = ThinkSplitter()
        self._merged: list[tuple[Kind, list[str]]] = []
        self._finish_reason: str | None = None
        self._usage: Usage | None = None
        self._has_chunks = False
        self._has_words = False
        self.request_id: str | None = None
        self.failure: ChatError | None = None
        self.is_over = False

    def feed(self, piece: bytes) -> list[GatewayEvent]:
        """The deltas in one network read."""
        self._take_all(self._decoder.feed(piece))
        return self._deltas()

    def take_whole(self, completion: dict[str, object]) -> list[GatewayEvent]:
        """A completion that came at once, from a server that does not stream."""
        self._take_all([JsonEvent(completion), EndMark()])
        return self.close()

    def break_off(self, failure: ChatError) -> None:
        """The connection broke: an incomplete reply when some of it had arrived."""
        if self._finish_reason is not None or self.is_over:
            return  # only the formal end is missing
        self._fail(ReplyIncomplete(failure.reason) if self._has_chunks else failure)

    def close(self) -> list[GatewayEvent]:
        """The end of the stream: the last deltas, usage and ReplyFinished, unless `failure` is set by now."""
        if self.failure is None:
            self._take_all(self._decoder.close())
        for kind, text in self._splitter.close():
            self._add(kind, text)
        events = self._deltas()
        self.is_over = True
        if self.failure is None:
            self.failure = self._shortfall()
        if self._usage is not None:
            events.append(UsageReported(self._usage))
        if self.failure is None:
            events.append(ReplyFinished(self._finish_reason or "stop", self.request_id))
        return events

    def _take_all(self, events: list[StreamEvent]) -> None:
        for event in events:
            if self.is_over:
                return
            match event:
                case JsonEvent(content, name):
                    self._take_object(content, is_error=name == "error")
                case EndMark():
                    self.is_over = True
                case BrokenEvent(_, rescued):
                    self._fail(
                        in_band_failure(read_chunk(rescued).text)
                        if rescued is not None
                        else ReplyIncomplete("A part of the reply arrived damaged; what came before it is kept.")
                    )

    def _take_object(self, content: dict[str, object], *, is_error: bool) -> None:
        if content.get("id") == ERROR_CHUNK_ID:
            self._fail(in_band_failure(read_chunk(content).text))
        elif is_error or (content.get("error") and not content.get("choices")):
            self._fail(error_event_failure(content))
        else:
            self._take_chunk(read_chunk(content))

    def _take_chunk(self, chunk: Chunk) -> None:
        self._has_chunks = True
        if self.request_id is None:
            self.request_id = chunk.id
        if chunk.reasoning:
            self._add("reasoning", chunk.reasoning)
        if chunk.text:
            for kind, text in self._splitter.feed(chunk.text):
                self._add(kind, text)
        if chunk.finish_reason is not None:
            self._finish_reason = chunk.finish_reason
        if chunk.usage is not None:
            self._usage = chunk.usage

    def _add(self, kind: Kind, text: str) -> None:
        self._has_words = self._has_words or kind == "reasoning" or not text.isspace()
        if self._merged and self._merged[-1][0] == kind:
            self._merged[-1][1].append(text)
        else:
            self._merged.append((kind, [text]))

    def _deltas(self) -> list[GatewayEvent]:
        merged, self._merged = self._merged, []
        return [
            TextDelta("".join(parts)) if kind == "text" else ReasoningDelta("".join(parts)) for kind, parts in merged
        ]

    def _fail(self, failure: ChatError) -> None:
        self.failure = failure
        self.is_over = True

    def _shortfall(self) -> ChatError | None:
        """Why a stream that ended without an error is still no complete reply; None when it is one."""
        page = web_page_title(self._decoder.stray)
        if not self._has_chunks and page:
            return NotAGateway(f"A web page came in place of a reply: {page}.")
        if not self._has_chunks:
            return ReplyEmpty("The stream ended without a single part of a reply.")
        if self._finish_reason is None:
            return ReplyIncomplete("The stream ended before the model did.")
        if not self._has_words and self._finish_reason == "stop":
            return ReplyEmpty("The model ended its reply without a word.")
        return None
