"""Runs the verbs of `history` in this process, on a real store in a folder of the test's own."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.exchange import ConversationExchange
from metis_tui.chat.identifiers import new_ulid
from metis_tui.chat.search import ConversationSearch
from metis_tui.cli import history, parser
from metis_tui.cli.output import Output
from metis_tui.store.conversation_store import ConversationFiles


@dataclass(frozen=True)
class Done:
    code: int
    out: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


class Stream(io.TextIOWrapper):
    """Standard output that keeps what is written."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8")
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


class History:
    """The command `history` on one data folder; every call is a run of its own."""

    def __init__(
        self,
        data: Path,
        *,
        search: Callable[[ConversationFiles], ConversationSearch] | None = None,
        exchange: ConversationExchange | None = None,
    ) -> None:
        self.data = data
        self.exchange = exchange
        self.make_search = search

    @asynccontextmanager
    async def store(self) -> AsyncIterator[ConversationFiles]:
        store = ConversationFiles(self.data)
        try:
            yield store
        finally:
            await store.close()

    async def __call__(self, *words: str, is_terminal: bool = False) -> Done:
        stream = Stream(is_terminal=is_terminal)
        async with self.store() as store:

            @asynccontextmanager
            async def search() -> AsyncIterator[ConversationSearch]:
                assert self.make_search is not None
                index = self.make_search(store)
                try:
                    yield index
                finally:
                    await index.close()

            def exchange() -> ConversationExchange:
                assert self.exchange is not None
                return self.exchange

            options = parser.parse(["history", *words])
            code = await history.run(options, store=store, search=search, exchange=exchange, output=Output(stream))
        stream.flush()
        stream.seek(0)
        return Done(int(code), stream.read())

    async def save(self, text: str, reply: str = "A ring of plasma.", *, at: int | None = None) -> Conversation:
        """A conversation of one turn."""
        conversation = Conversation(id=new_ulid(at), title=text, model="gpt-oss-120b@metis")
        stamp = conversation.created_ms if at is None else at
        prompt = ChatMessage(new_ulid(stamp), None, "user", text, stamp)
        answer = ChatMessage(
            new_ulid(stamp + 1),
            prompt.id,
            "assistant",
            reply,
            stamp + 1,
            model="gpt-oss-120b",
            cluster="metis",
            stop="stop",
            params={"temperature": 0.2, "seed": 7},
        )
        async with self.store() as store:
            for message in (prompt, answer):
                conversation.add(message)
                await store.append(conversation, message)
        return conversation
