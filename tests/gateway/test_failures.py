"""Answers that are failures: what a person is told, and what must never be shown."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    SignInLapsed,
    SignInNeeded,
    SignInServiceTrouble,
    TokenInactive,
    UpstreamFailure,
    WrongIdentity,
)
from metis_tui.chat.printable import printable
from metis_tui.gateway.failures import Answer, failure_of, in_band_failure
from metis_tui.gateway.reasons import clean, inner_error

UPSTREAM = "http://sambastack-07.internal:8093/v1/chat/completions"
COMMAND = (
    " If you are passing an access token directly to this API, please logout from Globus by visiting"
    " https://app.globus.org/logout and re-authenticate with the following command:"
    " 'python3 inference_auth_token.py authenticate --force'."
)
POLICY = (
    "Error: Permission denied from internal policies. This is likely due to a high-assurance timeout. Please logout"
    " by visiting https://app.globus.org/logout, and re-authenticate with the following command:"
    " 'python3 inference_auth_token.py authenticate --force'. Make sure you authenticate with an authorized identity"
    " provider: anl.gov, alcf.anl.gov."
)


def told(status: int, body: object, asked: str = "gpt-oss-120b@metis") -> ChatError:
    content = body if isinstance(body, str) else json.dumps(body)
    return failure_of(Answer(status, content.encode()), asked=asked)


def envelope(code: str, message: str, **more: object) -> dict[str, object]:
    return {"error": {"code": code, "message": message, "info": more.pop("info", {})}, **more}


def page(title: str) -> str:
    return f"<html>\r\n<head><title>{title}</title></head>\r\n<body><center><h1>{title}</h1></center></body></html>"


INACTIVE = "Token is either not active or invalid"
NO_INTROSPECTION = "Could not introspect token with Globus /v2/oauth2/token/introspect. auth.globus.org unreachable"
NOT_MEMBER = "Error: Permission denied. User (alice@anl.gov) not part of the Globus Groups applied for this service."

CASES: list[tuple[int, object, type[ChatError], str]] = [
    # Sign-in: always 401, told apart by the words
    (401, {"detail": "Error: Missing ('Authorization': 'Bearer <your-access-token>') in request headers."},
     SignInNeeded, "carried no access token"),
    (401, envelope("unauthorized", INACTIVE), TokenInactive, "expired, was revoked or is mistyped"),
    (401, envelope("unauthorized", f"Token introspection: {INACTIVE}"), TokenInactive, "mistyped"),
    (401, envelope("unauthorized", "Access token expired."), TokenInactive, "has expired"),
    (401, envelope("unauthorized", POLICY), SignInLapsed, "fresh sign-in"),
    (401, envelope("unauthorized", f"Token introspection: {POLICY}"), SignInLapsed, "fresh sign-in"),
    (401, envelope("unauthorized", "Error: Permission denied. Must authenticate with anl.gov, alcf.anl.gov."
                   " Currently authenticated as Mal Outsider (mal@gmail.com)." + COMMAND),
     WrongIdentity, "Must authenticate with anl.gov, alcf.anl.gov. Currently authenticated as Mal Outsider"),
    (401, envelope("unauthorized", "Error: Permission denied. Must authenticate with anl.gov. Currently authenticated"
                   " as Unknown (no active session found)." + COMMAND), WrongIdentity, "no active session"),
    (401, envelope("unauthorized", NOT_MEMBER), AccessDenied, "not part of the Globus Groups"),
    (401, envelope("unauthorized", "Error: User is not a member of an allowed Globus Group."),
     AccessDenied, "not a member"),
    (401, envelope("unauthorized", "Permission denied due to Globus Group restrictions."),
     AccessDenied, "This model"),
    (401, envelope("unauthorized", "Permission denied due to IdP domain restrictions."),
     AccessDenied, "This model"),
    (401, envelope("unauthorized", NO_INTROSPECTION), SignInServiceTrouble, "could not ask Globus"),
    (401, envelope("unauthorized", f"Token introspection: {NO_INTROSPECTION}"), SignInServiceTrouble, "Globus"),
    (401, envelope("unauthorized", "Could not recover dependent access token for group view"),
     SignInServiceTrouble, "Globus"),
    (401, envelope("unauthorized", "Authorization type should be Bearer."), TokenInactive, "should be Bearer"),
    (401, envelope("internal_endpoint_error", "Upstream endpoint returned 401: b'{\"error\": {\"message\": \"Invalid"
                   " API key\", \"type\": \"authentication_error\"}}'."), UpstreamFailure, "the gateway's own key"),
    # Not found
    (404, envelope("cluster_not_found", "The requested cluster 'nosuch' does not exist."), ModelUnknown, "cluster"),
    (404, envelope("endpoint_not_found", "The requested endpoint 'metis-api-no-such-model' does not exist."),
     ModelUnknown, "no such model (gpt-oss-120b@metis)"),
    (400, envelope("unsupported_framework", "framework vllm not available on cluster metis."), ModelUnknown, "vllm"),
    (400, envelope("unsupported_endpoint", "endpoint embeddings not available."), ModelUnknown, "embeddings"),
    (404, page("Not Found"), NotAGateway, "error 404: Not Found"),
    (405, "Method not allowed", NotAGateway, "405"),
    # Contract
    (422, {"detail": [{"type": "extra_forbidden", "loc": ["body", "payload", "top_k"],
                       "msg": "Extra inputs are not permitted"}]}, InvalidRequest, "top_k is not accepted"),
    (422, {"detail": [{"type": "less_than_equal", "loc": ["body", "payload", "temperature"],
                       "msg": "Input should be less than or equal to 2"},
                      {"type": "less_than_equal", "loc": ["body", "payload", "top_p"],
                       "msg": "Input should be less than or equal to 1"}]},
     InvalidRequest, "temperature should be less than or equal to 2. top_p should be less than or equal to 1."),
    (422, {"detail": [{"type": "string_type", "loc": ["body", "payload", "messages", 0, "content", "str"],
                       "msg": "Input should be a valid string"},
                      {"type": "string_type", "loc": ["body", "payload", "messages", 0, "content", "list[str]", 0],
                       "msg": "Input should be a valid string"}]},
     InvalidRequest, "messages[0].content should be a valid string."),
    (422, {"detail": [{"type": "value_error", "loc": ["body", "payload"],
                       "msg": "Value error, 'stop' list must have between 1 to 4 items."}]},
     InvalidRequest, "'stop' list must have between 1 to 4 items."),
    (422, {"detail": [{"type": "missing", "loc": ["body", "payload"], "msg": "Field required"}]},
     InvalidRequest, "The request body is missing."),
    (422, {"detail": ["odd", {"loc": "odd", "msg": 3}]}, InvalidRequest, "3."),
    (400, {"detail": "Cannot parse request body"}, InvalidRequest, "Cannot parse request body"),
    # Size
    (413, page("413 Request Entity Too Large"), RequestTooLarge, "of this size"),
    (413, {"detail": "too big"}, RequestTooLarge, "too big"),
    # Limits
    (429, {"detail": "Too many requests."}, RateLimited, "More than 10 requests in one second"),
    (429, envelope("too_many_requests", "Tokens/minute limit exceeded",
                   info={"global_model_usage": 60000, "user_model_usage": 60000}), RateLimited, "You used up"),
    (429, envelope("too_many_requests", "Tokens/minute limit exceeded",
                   info={"global_model_usage": 100000, "user_model_usage": 1200}), RateLimited, "Everybody together"),
    (429, envelope("too_many_requests", "Tokens/minute limit exceeded"), RateLimited, "Tokens/minute"),
    (429, {"error": "Rate limit exceeded", "message": "Slow down.", "retry_after": 7}, RateLimited, "Slow down."),
    (429, page("429"), RateLimited, "Too many"),
    (429, envelope("internal_endpoint_error", "Upstream endpoint returned 429: b'{\"error\": {\"message\": \"Rate"
                   " limit exceeded for model x\", \"type\": \"rate_limit_error\"}}'."),
     RateLimited, "The model's server is busy: Rate limit exceeded for model x"),
    # Not serving
    (503, envelope("internal_endpoint_error", "'gpt-oss-120b' is not currently live on Metis."),
     ModelNotLive, "'gpt-oss-120b' is not currently live on Metis."),
    (503, envelope("cluster_under_maintenance", "Metis is under maintenance until 17:00 CT"),
     Maintenance, "Metis is under maintenance until 17:00 CT"),
    (503, {"detail": "Service is temporarily down for maintenance."}, Maintenance, "temporarily down"),
    (503, page("503 Service Unavailable"), GatewayFailure, "down or overloaded"),
    (502, page("502 Bad Gateway"), GatewayFailure, "is down (error 502)"),
    (504, page("504 Gateway Time-out"), GatewayFailure, "did not answer in time"),
    (500, page("Server Error"), GatewayFailure, "Error 500: Server Error"),
    # Behind the gateway
    (500, envelope("internal_endpoint_error", "Upstream endpoint returned 500: b'{\"error\": {\"message\": \"RDU"
                   " worker crashed\", \"type\": \"server_error\"}}'."), UpstreamFailure, "RDU worker crashed"),
    (400, envelope("internal_endpoint_error", "Upstream endpoint returned 400: b'{\"error\": {\"message\": \"This"
                   " model\\'s maximum context length is 131072 tokens. However, you requested 140000 tok'."),
     ContextTooLong, "This model's maximum context length is 131072"),
    (400, envelope("internal_endpoint_error", "Upstream endpoint returned 400: b'{\"error\": \"Model started a"
                   " function call but did not complete it.\"}'."), UpstreamFailure, "Model started a function call"),
    (502, envelope("internal_endpoint_error", "Upstream endpoint returned 502: b'<html><title>Bad Gateway</title>'."),
     UpstreamFailure, "Bad Gateway"),
    (500, envelope("internal_endpoint_error", "Upstream endpoint returned 500: b''."), UpstreamFailure, ""),
    (504, envelope("internal_endpoint_error", f"Timeout calling {UPSTREAM}.", info={"timeout": 5}),
     UpstreamFailure, "sent nothing for 5 seconds"),
    (500, envelope("internal_endpoint_error", f"HTTP error calling API at {UPSTREAM}: Server disconnected without"
                   " sending a response."), UpstreamFailure, "broke the connection"),
    (500, envelope("internal_endpoint_error", f"HTTP error calling API at {UPSTREAM}: All connection"
                   " attempts failed"),
     UpstreamFailure, "could not reach"),
    # The gateway itself
    (500, {"error": {"code": "internal_error", "message": "Internal Server Error"}, "error_id": "ed689b17"},
     GatewayFailure, "Internal Server Error"),
    (500, envelope("failed_to_get_cluster_jobs", "Unexpected error calling 'http://10.1.2.3:8094/status': Server"
                   " error '500 Internal Server Error' for url 'http://10.1.2.3:8094/status'"),
     GatewayFailure, "could not read which models are live"),
    (504, envelope("failed_to_get_cluster_jobs", "Timeout calling 'http://127.0.0.1:8094/status'"),
     GatewayFailure, "which models are live"),
    # Somebody else
    (302, "", NotAGateway, "redirects elsewhere"),
    (403, page("Forbidden"), NotAGateway, "Forbidden"),
    (403, {"detail": "no"}, AccessDenied, "no"),
    (407, page("Proxy"), NotAGateway, "proxy"),
    (418, "teapot", NotAGateway, "418"),
    (500, "", GatewayFailure, "500"),
    (500, "[1]", GatewayFailure, "500"),
    (404, {"detail": "Not Found"}, NotAGateway, "no such route"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "kind", "reason"), CASES)
def test_failures(status: int, body: object, kind: type[ChatError], reason: str) -> None:
    error = told(status, body)
    assert type(error) is kind
    assert reason in error.reason
    assert error.reason
    shown = f"{error} {error.hint}"
    assert shown.isprintable()
    for secret in ("http://", "internal:", ".internal", "10.1.2.3", "127.0.0.1", " b'", "<html", "inference_auth"):
        assert secret not in shown


def test_the_error_id_is_kept_for_support() -> None:
    error = told(500, {"error": {"code": "internal_error", "message": "Internal Server Error"}, "error_id": "ed689b"})
    assert error.error_id == "ed689b"
    assert "ed689b" in str(error)


@pytest.mark.parametrize(
    ("own", "all_users", "is_shared"),
    [(60_000, 60_000, False), (1_200, 100_000, True), (60_500, 150_000, False), (40_000, 60_000, False)],
)
def test_whose_tokens_they_were(own: int, all_users: int, is_shared: bool) -> None:
    info = {"global_model_usage": all_users, "user_model_usage": own}
    error = told(429, envelope("too_many_requests", "Tokens/minute limit exceeded", info=info))
    assert isinstance(error, RateLimited)
    assert error.is_shared is is_shared
    assert error.retry_after_seconds == 60


def test_when_to_try_again() -> None:
    assert told(429, {"detail": "Too many requests."}).retry_after_seconds == 1
    assert told(429, {"error": "Rate limit exceeded", "message": "x", "retry_after": 7}).retry_after_seconds == 7
    assert told(429, {"error": "Rate limit exceeded", "retry_after": "soon"}).retry_after_seconds == 1


def test_a_redirect_names_the_host_it_points_at() -> None:
    error = failure_of(Answer(302, b"", "login.example.org"))
    assert "login.example.org" in error.reason


def test_what_can_be_tried_again() -> None:
    assert told(503, envelope("internal_endpoint_error", "'x' is not currently live on Metis.")).can_retry
    assert not told(422, {"detail": []}).can_retry
    refused = 'Upstream endpoint returned 400: b\'{"error": "no tools"}\'.'
    assert not told(400, envelope("internal_endpoint_error", refused)).can_retry
    assert not told(401, envelope("unauthorized", POLICY)).can_retry


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        (f"at {UPSTREAM}: gone", "at the model's server: gone"),
        ("calling 'http://10.0.0.1:80/x' failed", "calling the model's server failed"),
        ("host 10.0.0.1:80 down", "host the model's server down"),
        ("redis.cluster.local:6379 down", "the model's server down"),
        ("see b'caf\\xc3\\xa9' now", "see café now"),
        ('see b"it\'s" now', "see it's now"),
        ("cut b'off at 256 by", "cut off at 256 by"),
        ("a\x1b[31mred\u202e\nline", "a␛[31mred line"),
        ("version 1.2 of model-3.1 at 17:00 CT", "version 1.2 of model-3.1 at 17:00 CT"),
    ],
)
def test_cleaning(message: str, wanted: str) -> None:
    assert clean(message) == wanted


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ('x: {"error": {"message": "m", "type": "T", "code": "c"}} y', ("m", "c t")),
        ('x: {"error": "m"}', ("m", "")),
        ('x: {"detail": "m"}', ("m", "")),
        ('x: {"message": "m", "code": 400}', ("m", "400")),
        ('x: b\'{"error": {"message": "it\\\'s cut of\'', ("it's cut of", "")),
        ("x: b'<html><title>Bad</title></html>'", ("Bad", "")),
        ("x: b'plain words'", ("plain words", "")),
        ('x: {"error": {"message": "a \\"quoted\\" part and then', ('a "quoted" part and then', "")),
    ],
)
def test_what_the_models_server_said_is_found(message: str, wanted: tuple[str, str]) -> None:
    inner = inner_error(message)
    assert inner is not None
    assert (inner.message, inner.code) == wanted


@pytest.mark.parametrize("message", ["", "no braces", "b''", "x {", '{"other": 1}', "{[}"])
def test_where_nothing_was_said_nothing_is_made_up(message: str) -> None:
    assert inner_error(message) is None


@given(st.integers(200, 599), st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_answer_makes_some_error(status: int, body: bytes) -> None:
    error = failure_of(Answer(status, body))
    assert printable(str(error)) == str(error)
    assert error.reason


VALUES = st.none() | st.integers() | st.text(max_size=8) | st.just({"message": "m", "code": "c"}) | st.just([{}, 1])


@given(st.integers(200, 599), st.dictionaries(st.sampled_from(["error", "detail", "message", "error_id"]), VALUES))
def test_any_json_makes_some_error(status: int, body: dict[str, object]) -> None:
    error = failure_of(Answer(status, json.dumps(body).encode()))
    assert printable(str(error)) == str(error)


@given(st.text(max_size=80))
def test_any_in_band_text_makes_some_error(text: str) -> None:
    error = in_band_failure(f"\n\n[ERROR] Error: {text}")
    assert printable(str(error)) == str(error)
    assert not re.search(r"\w+://\w", error.reason)
