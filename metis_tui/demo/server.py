"""The demo gateway: a real HTTP server on this machine that behaves like the inference gateway.

It runs in a daemon thread with its own event loop, so tests and the app itself can start one anywhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

from .access import DEMO_TOKEN, TokenDesk, accepted_tokens
from .catalogue import Catalogue
from .chat import ChatDesk
from .connection import Connections
from .limits import Clock, Throttle, TokenBudget
from .oauth import GlobusRoutes
from .request_log import RecordedRequest, RequestLog
from .routes import ROOT, Routes
from .scenario import Scenario, find_scenario, scenario_names
from .sign_ins import SignIns

__all__ = ["DEMO_TOKEN", "DemoGateway", "RecordedRequest", "Scenario", "run_forever", "scenario_names"]

HOST = "127.0.0.1"
_AS_SCENARIO: Any = object()


class DemoGateway:
    """One gateway on 127.0.0.1; use it as a context manager or call `start` and `stop`.

    `throttle` is requests a second and access token, `tokens_per_minute` a limit for each access token and model;
    None switches either off. `speed` multiplies the models' rates and divides their latencies,
    `status_cache_seconds` is how long a model's state is remembered (60 on the real gateway), `clock` drives limits,
    caches and scripted states. Raises ValueError for an unknown scenario.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        scenario: str | Scenario = "default",
        serve_models_route: bool = True,
        token: str | None = None,
        tokens: Iterable[str] = (),
        throttle: int | None = _AS_SCENARIO,
        tokens_per_minute: int | None = _AS_SCENARIO,
        speed: float = 1.0,
        seed: int | None = None,
        clock: Clock = time.monotonic,
        status_cache_seconds: float = 0.0,
    ) -> None:
        self.scenario = find_scenario(scenario)
        self.token = token or DEMO_TOKEN
        self.oauth = SignIns(clock, self.scenario.access_token_seconds, self.scenario.refuse_as)
        """The demo gateway's own Globus, for looking at and for steering."""
        self._port = port
        self._log = RequestLog()
        self._catalogue = Catalogue(
            clock,
            timeline=self.scenario.timeline,
            maintenance=dict(self.scenario.maintenance),
            failing_jobs=dict(self.scenario.failing_jobs),
            cache_seconds=status_cache_seconds,
        )
        per_second = self.scenario.requests_per_second if throttle is _AS_SCENARIO else throttle
        fixed = accepted_tokens(tokens, [token] if token else (), with_demo_token=not self.scenario.needs_sign_in)
        routes = Routes(
            self.scenario,
            GlobusRoutes(self.oauth, lambda: self.auth_url),
            TokenDesk(clock, self.oauth, fixed, self.scenario.refuse_as),
            Throttle(per_second, clock),
            _token_budget(self.scenario, tokens_per_minute, clock),
            self._catalogue,
            ChatDesk(speed * self.scenario.speed, seed),
            serve_models_route and self.scenario.serves_models_route,
            seed,
        )
        self._connections = Connections(routes, self._log)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def url(self) -> str:
        """The base_url, with its trailing slash."""
        return f"http://{HOST}:{self._port}{ROOT}"

    @property
    def auth_url(self) -> str:
        """The address of its own Globus, with the trailing slash that the Globus SDK wants."""
        return f"http://{HOST}:{self._port}/"

    @property
    def port(self) -> int:
        return self._port

    @property
    def requests(self) -> list[RecordedRequest]:
        """The last requests, oldest first."""
        return self._log.snapshot()

    @property
    def log(self) -> RequestLog:
        """For waiting until a request arrives or changes, and for forgetting old ones."""
        return self._log

    def set_state(self, cluster: str, model: str, state: str) -> None:
        """From now on the model is running, stopped, unlisted or in any queued word. Raises KeyError."""
        self._catalogue.set_state(cluster, model, state)

    def set_maintenance(self, cluster: str, notice: str | None) -> None:
        """Starts maintenance of a cluster with the operator's notice, or ends it with None."""
        self._catalogue.set_maintenance(cluster, notice)

    def set_failing_jobs(self, cluster: str, status: int | None) -> None:
        """Makes the liveness of a cluster unreadable (500 or 504), or readable again with None."""
        self._catalogue.set_failing_jobs(cluster, status)

    def start(self) -> DemoGateway:
        """Listens; raises OSError when the port is taken."""
        if self._thread is not None:
            raise RuntimeError("the demo gateway is running already")
        started = threading.Event()
        failure: list[Exception] = []
        self._thread = threading.Thread(target=self._run, args=(started, failure), name="demo-gateway", daemon=True)
        self._thread.start()
        started.wait()
        if failure:
            self._thread.join()
            self._thread = None
            raise failure[0]
        return self

    def stop(self) -> None:
        """Ends all connections and the thread; does nothing when not running."""
        thread, loop = self._thread, self._loop
        if thread is None or loop is None:
            return
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(self._connections.close)
        thread.join(10)
        self._thread = self._loop = None

    def __enter__(self) -> DemoGateway:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, started: threading.Event, failure: list[Exception]) -> None:
        asyncio.run(self._serve(started, failure))

    async def _serve(self, started: threading.Event, failure: list[Exception]) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            self._port = await self._connections.listen(HOST, self._port)
        except (OSError, OverflowError) as error:
            failure.append(error)
            return
        finally:
            started.set()
        await self._connections.wait_closed()


def _token_budget(scenario: Scenario, per_minute: int | None, clock: Clock) -> TokenBudget:
    if per_minute is _AS_SCENARIO:
        return TokenBudget(clock, scenario.user_tokens_per_minute, scenario.model_tokens_per_minute)
    return TokenBudget(clock, per_minute, None)


def run_forever(
    port: int = 0,
    scenario: str = "default",
    *,
    serve_models_route: bool = False,
    when_ready: Callable[[DemoGateway], None] | None = None,
) -> int:
    """Serves until SIGINT or SIGTERM and returns an exit code; prints `ready URL` when it listens.

    `when_ready` is called after that.
    Alone it speaks the public source code's contract, which has no capabilities route.
    """
    stopped = threading.Event()
    try:
        gateway = DemoGateway(port=port, scenario=scenario, serve_models_route=serve_models_route)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        gateway.start()
    except (OSError, OverflowError) as error:
        sys.stderr.write(f"cannot listen on {HOST} port {port}: {_reason(error)}\n")
        return 1
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"ready {gateway.url}\n")
    sys.stdout.flush()
    if when_ready is not None:
        when_ready(gateway)
    stopped.wait()
    gateway.stop()
    return 0


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return "the port is in use"
    if isinstance(error, OSError) and error.errno == errno.EACCES:
        return "not allowed"
    return str(error)
