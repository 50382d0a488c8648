"""Scripted behaviour of the demo gateway, by name. Knows nothing of HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .catalogue import StateChange
from .limits import MODEL_TOKENS_PER_MINUTE, REQUESTS_PER_SECOND, USER_TOKENS_PER_MINUTE
from .sign_ins import ACCESS_TOKEN_SECONDS

METIS_NOTICE = "Metis is under maintenance until 17:00 CT"


@dataclass(frozen=True)
class Scenario:
    """How one demo gateway behaves; every field has the real gateway's value unless told otherwise."""

    name: str
    summary: str
    requests_per_second: int | None = REQUESTS_PER_SECOND
    user_tokens_per_minute: int | None = USER_TOKENS_PER_MINUTE
    model_tokens_per_minute: int | None = MODEL_TOKENS_PER_MINUTE
    counts_streams: bool = False
    """The public gateway counts tokens of non-stream calls only."""
    serves_models_route: bool = True
    maintenance: Mapping[str, str] = field(default_factory=dict)
    """Operator's notice by cluster."""
    failing_jobs: Mapping[str, int] = field(default_factory=dict)
    """Clusters whose jobs route answers 500 or 504."""
    timeline: tuple[StateChange, ...] = ()
    refuse_as: str | None = None
    """Access tokens from before the start are refused like this known bad one; those of a new sign-in are good."""
    needs_sign_in: bool = False
    """The fixed access token is not accepted: there is no way in but a sign-in."""
    access_token_seconds: float = ACCESS_TOKEN_SECONDS
    site_down: bool = False
    """The web server in front answers everything with its maintenance line."""
    speed: float = 1.0
    """Multiplies the models' own rates and divides their latencies."""


def _cold_start(cluster: str, model: str, step_seconds: float) -> tuple[StateChange, ...]:
    words = ("stopped", "queued", "starting", "running")
    return tuple(StateChange(position * step_seconds, cluster, model, word) for position, word in enumerate(words))


_ALL = (
    Scenario("default", "everything as on an ordinary day"),
    Scenario("maintenance", "Metis is under maintenance", maintenance={"metis": METIS_NOTICE}),
    Scenario(
        "cold-start",
        "two models go from stopped over queued and starting to running, one step every few seconds",
        timeline=(
            *_cold_start("metis", "Mistral-Large-3-675B-Instruct-2512", 3.0),
            *_cold_start("sophia", "argonne/AuroraGPT-IT-v4-0125", 5.0),
        ),
    ),
    Scenario("throttle", "two requests a second and user", requests_per_second=2),
    Scenario(
        "tpm",
        "the tokens of the minute are used up by the first reply",
        user_tokens_per_minute=1,
        counts_streams=True,
    ),
    Scenario(
        "outage",
        "the liveness of Metis and Minerva cannot be read, Sophia answers",
        failing_jobs={"metis": 500, "minerva": 504},
    ),
    Scenario("no-models-route", "no capabilities route, like the public source code", serves_models_route=False),
    Scenario("slow-line", "replies trickle at a tenth of their speed", speed=0.1),
    Scenario("expired", "the access token is no longer active", refuse_as="expired-token"),
    Scenario("policy-lapsed", "the site wants a fresh sign-in", refuse_as="policy-token"),
    Scenario("sign-in", "an ordinary day before the first sign-in", needs_sign_in=True),
    Scenario(
        "short-tokens",
        "a sign-in is needed, and its access tokens expire after 90 seconds",
        needs_sign_in=True,
        access_token_seconds=90.0,
    ),
    Scenario("site-down", "the whole site is down for maintenance", site_down=True),
)
SCENARIOS: Mapping[str, Scenario] = {scenario.name: scenario for scenario in _ALL}


def scenario_names() -> list[str]:
    return list(SCENARIOS)


def find_scenario(scenario: str | Scenario) -> Scenario:
    """The scenario of that name; raises ValueError that lists the names there are."""
    if isinstance(scenario, Scenario):
        return scenario
    try:
        return SCENARIOS[scenario]
    except KeyError:
        names = ", ".join(SCENARIOS)
        raise ValueError(f"no scenario {scenario!r}; there are: {names}") from None
