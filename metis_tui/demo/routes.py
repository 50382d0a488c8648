"""The gateway's routes and the order of its checks. Knows nothing of sockets.

Order: method, access token, throttle, size and form of the body, cluster, maintenance, framework, kind of endpoint,
model, group, tokens per minute, liveness, and only then the model itself.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Awaitable, Callable
from typing import Any

from .access import GROUP_RESTRICTED, Caller, TokenDesk, unauthorized
from .catalogue import Catalogue
from .chat import ChatAnswer, ChatDesk, StreamedReply, last_prompt
from .contract import chat_problems, problem
from .errors import (
    Answer,
    Refused,
    detail,
    gateway_error,
    internal_error,
    invalid,
    json_answer,
    not_found,
    not_live,
    too_many_tokens,
    under_maintenance,
    wrong_method,
)
from .http import HttpRequest
from .limits import Throttle, TokenBudget
from .oauth import GlobusRoutes
from .scenario import Scenario

ROOT = "/resource_server/"
BODY_BYTES_READ = 2_621_440
"""The web framework's own limit; larger bodies are an internal error."""
SITE_DOWN = "Service is temporarily down for maintenance."

_UPSTREAM_ROUTES = "chat/completions|completions|embeddings|responses|messages"
Handler = Callable[..., Awaitable[ChatAnswer]]


class Routes:
    """Answers requests; one object serves one gateway."""

    def __init__(
        self,
        scenario: Scenario,
        globus: GlobusRoutes,
        desk: TokenDesk,
        throttle: Throttle,
        budget: TokenBudget,
        catalogue: Catalogue,
        chat: ChatDesk,
        serves_models_route: bool,
        seed: int | None = None,
    ) -> None:
        self._scenario, self._globus, self._desk = scenario, globus, desk
        self._throttle, self._budget = throttle, budget
        self._catalogue, self._chat = catalogue, chat
        self._random = random.Random(seed)
        table: list[tuple[str, str, Handler]] = [
            ("GET", "health", self._health),
            ("GET", "status", self._status),
            ("GET", "whoami", self._whoami),
            ("GET", "list-endpoints", self._list_endpoints),
            ("GET", "(?P<cluster>[^/]+)/jobs", self._jobs),
            ("POST", f"(?P<cluster>[^/]+)/(?P<framework>[^/]+)/v1/(?P<kind>{_UPSTREAM_ROUTES})", self._upstream),
        ]
        if serves_models_route:
            table.append(("GET", "(?P<cluster>[^/]+)/models", self._models))
        self._table = [(method, re.compile(pattern), handler) for method, pattern, handler in table]

    async def answer(self, request: HttpRequest, address: str) -> ChatAnswer:
        """The answer to any request whatever."""
        signing_in = await self._globus.answer(request)
        if signing_in is not None:
            return signing_in
        if self._scenario.site_down:
            return detail(503, SITE_DOWN)
        if not request.path.startswith(ROOT):
            return not_found()
        route = request.path.removeprefix(ROOT)
        for method, pattern, handler in self._table:
            match = pattern.fullmatch(route)
            if match:
                if request.method != method:
                    return wrong_method(method)
                try:
                    return await handler(request, address, **match.groupdict())
                except Refused as refused:
                    return refused.answer
        return not_found()

    def _admit(self, request: HttpRequest) -> Caller:
        caller = self._desk.admit(request.headers.get("authorization"), _prompt_of(request.body))
        self._slow_down(caller.key)
        return caller

    def _slow_down(self, caller: str) -> None:
        if not self._throttle.admits(caller):
            raise Refused(detail(429, "Too many requests."))

    async def _health(self, request: HttpRequest, address: str) -> Answer:
        self._slow_down(f"anonymous {address}")
        return json_answer(200, {"status": "ok"})

    async def _status(self, request: HttpRequest, address: str) -> Answer:
        self._slow_down(f"anonymous {address}")
        return json_answer(200, self._catalogue.status())

    async def _whoami(self, request: HttpRequest, address: str) -> Answer:
        return json_answer(200, self._admit(request).identity.whoami())

    async def _list_endpoints(self, request: HttpRequest, address: str) -> Answer:
        self._admit(request)
        return json_answer(200, self._catalogue.list_endpoints())

    async def _jobs(self, request: HttpRequest, address: str, cluster: str) -> Answer:
        self._admit(request)
        self._catalogue.require_cluster(cluster)
        if cluster not in self._catalogue.maintenance:
            self._catalogue.require_liveness(cluster)
        return json_answer(200, self._catalogue.jobs(cluster))

    async def _models(self, request: HttpRequest, address: str, cluster: str) -> Answer:
        self._admit(request)
        self._catalogue.require_cluster(cluster)
        wanted = request.query.get("model_id", [None])[0]
        return json_answer(200, self._catalogue.capabilities(cluster, wanted))

    async def _upstream(
        self, request: HttpRequest, address: str, cluster: str, framework: str, kind: str
    ) -> ChatAnswer:
        caller = self._admit(request)
        payload = self._payload(request.body)
        if kind == "chat/completions":
            problems = chat_problems(payload)
            if problems:
                raise Refused(invalid(problems))
        self._catalogue.require_cluster(cluster)
        notice = self._catalogue.maintenance.get(cluster)
        if notice is not None:
            raise Refused(under_maintenance(notice))
        if framework not in self._catalogue.frameworks(cluster):
            message = f"framework {framework} not available on cluster {cluster}."
            raise Refused(gateway_error(400, "unsupported_framework", message))
        if kind != "chat/completions":
            message = f"'{kind}' not available on cluster '{cluster}'"
            raise Refused(gateway_error(400, "unsupported_endpoint", message))
        return await self._chat_completion(payload, caller.key, cluster, framework)

    def _payload(self, body: bytes) -> Any:
        if len(body) > BODY_BYTES_READ:
            raise Refused(internal_error(f"{self._random.getrandbits(128):032x}"))
        if not body.strip():
            raise Refused(invalid([problem("missing", ["body", "payload"], "Field required")]))
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise Refused(detail(400, "Cannot parse request body")) from None

    async def _chat_completion(
        self, payload: dict[str, Any], caller: str, cluster: str, framework: str
    ) -> ChatAnswer:
        model = self._catalogue.find(cluster, framework, payload["model"])
        if model is None:
            asked = self._catalogue.slug_of(cluster, framework, payload["model"])
            message = f"The requested endpoint '{asked}' does not exist."
            raise Refused(gateway_error(404, "endpoint_not_found", message))
        if model.restricted:
            raise Refused(unauthorized(GROUP_RESTRICTED))
        if self._budget.is_spent(caller, model.slug):
            raise Refused(too_many_tokens(*self._budget.usage(caller, model.slug)))
        self._catalogue.require_liveness(cluster)
        if not self._catalogue.is_live(model):
            raise Refused(not_live(payload["model"], cluster))
        answer, tokens = await self._chat.answer(payload, model)
        if isinstance(answer, StreamedReply) and self._scenario.counts_streams:
            tokens = answer.tokens
        self._budget.add(caller, model.slug, tokens)
        return answer


def _prompt_of(body: bytes) -> str:
    """The last prompt of a chat request when it may hold a fault; the body is not checked yet."""
    if b"@@" not in body:
        return ""
    try:
        return last_prompt(json.loads(body)["messages"])
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return ""
