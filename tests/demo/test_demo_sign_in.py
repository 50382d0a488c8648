"""The demo gateway's own Globus: signing in, tokens and their end, and what the gateway then lets in."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator

import globus_sdk
import pytest
from demo_calls import CHAT, Got, call, chat, payload, stream
from sign_in_calls import (
    CLIENT_ID,
    CLIENT_IDS,
    GATEWAY_RESOURCE_SERVER,
    GATEWAY_SCOPE,
    POLICY,
    VERIFIER,
    ask,
    authorize_path,
    code_on,
    exchanged,
    for_gateway,
    new_code,
    redirect_uri,
    redirected,
    refreshed,
    revoked,
    sdk_client,
    signed_in,
    word_of,
)

from metis_tui.demo.server import DemoGateway

LAPSED = "Error: Permission denied from internal policies. This is likely due to a high-assurance timeout."
OUTSIDER = "Error: Permission denied. Must authenticate with anl.gov, alcf.anl.gov. Currently authenticated as "
INACTIVE = "Token is either not active or invalid"


@pytest.fixture(scope="module")
def globus() -> Iterator[DemoGateway]:
    """One gateway for the tests that leave nothing behind."""
    with DemoGateway(scenario="sign-in", throttle=None, speed=200, seed=1) as running:
        yield running


def whoami(gateway: DemoGateway, access_token: str) -> Got:
    return call(gateway, "whoami", token=access_token)


def refusal(got: Got) -> str:
    assert (got.status, got.error["code"]) == (401, "unauthorized")
    return got.error["message"]


# -- with the real SDK ---------------------------------------------------------------------------------------------


def test_the_sdk_signs_in_renews_and_revokes(globus: DemoGateway) -> None:
    client = sdk_client(globus)
    client.oauth2_start_flow(["openid", "profile", "email", GATEWAY_SCOPE], refresh_tokens=True)
    url = client.oauth2_get_authorize_url(prompt="login", session_required_policies=POLICY)
    with urllib.request.urlopen(url, timeout=20) as page:
        code = code_on(page.read().decode())
    before = time.time()
    answer = client.oauth2_exchange_code_for_tokens(code)
    assert set(answer.by_resource_server) == {"auth.globus.org", GATEWAY_RESOURCE_SERVER}
    claims = answer.decode_id_token()
    assert (claims["sub"], claims["aud"], claims["iss"]) == (
        "11111111-1111-4111-8111-111111111111",
        CLIENT_ID,
        globus.auth_url.rstrip("/"),
    )
    assert (claims["name"], claims["preferred_username"], claims["email"]) == (
        "Alice Tester",
        "alice@anl.gov",
        "alice@anl.gov",
    )
    assert claims["identity_provider_display_name"] == "Argonne National Laboratory"
    assert before - 2 <= claims["last_authentication"] <= claims["iat"] < claims["exp"]

    tokens = answer.by_resource_server[GATEWAY_RESOURCE_SERVER]
    assert (tokens["scope"], tokens["token_type"]) == (GATEWAY_SCOPE, "Bearer")
    assert tokens["expires_at_seconds"] == pytest.approx(before + 172_800, abs=60)
    assert whoami(globus, tokens["access_token"]).json["username"] == "alice@anl.gov"

    renewed = client.oauth2_refresh_token(tokens["refresh_token"])
    assert list(renewed.by_resource_server) == [GATEWAY_RESOURCE_SERVER]
    assert "id_token" not in renewed.data
    again = renewed.by_resource_server[GATEWAY_RESOURCE_SERVER]
    assert again["refresh_token"] == tokens["refresh_token"]
    assert again["access_token"] != tokens["access_token"]
    for value in (tokens["access_token"], again["access_token"]):
        assert whoami(globus, value).status == 200

    assert client.oauth2_revoke_token(tokens["refresh_token"]).data == {"active": False}
    for value in (tokens["access_token"], again["access_token"]):
        assert refusal(whoami(globus, value)) == INACTIVE
    with pytest.raises(globus_sdk.AuthAPIError) as dead:
        client.oauth2_refresh_token(tokens["refresh_token"])
    assert (dead.value.http_status, dead.value.raw_json) == (400, {"error": "invalid_grant"})


def test_the_sdk_finds_the_address_in_its_variable(globus: DemoGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLOBUS_SDK_SERVICE_URL_AUTH", globus.auth_url)
    client = globus_sdk.NativeAppAuthClient(CLIENT_ID)
    assert client.base_url == globus.auth_url
    assert client.get_openid_configuration()["jwks_uri"] == f"{globus.auth_url}jwk.json"
    assert client.get_jwk(as_pem=True).key_size == 2048


def test_no_library_for_keys_is_loaded_before_it_is_needed() -> None:
    script = (
        "import sys, urllib.request\n"
        "from metis_tui.demo.server import DemoGateway\n"
        "with DemoGateway() as gateway:\n"
        "    gateway.oauth.issue()\n"
        "    urllib.request.urlopen(gateway.url + 'health', timeout=10).read()\n"
        "assert not {'jwt', 'cryptography', 'globus_sdk', 'requests'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)


# -- the authorize route and the page with the code ----------------------------------------------------------------


def test_the_code_comes_by_redirect_with_the_state(globus: DemoGateway) -> None:
    got = ask(globus, authorize_path(globus, state="a b&c"))
    assert got.headers["location"].startswith(redirect_uri(globus) + "?")
    assert redirected(got)["state"] == "a b&c"
    page = ask(globus, f"/v2/web/auth-code?code={redirected(got)['code']}")
    assert page.headers["content-type"].startswith("text/plain")
    assert code_on(page.text) == redirected(got)["code"]
    assert "Alice Tester (alice@anl.gov)" in page.text


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": None},
        {"client_id": "00000000-0000-4000-8000-000000000000"},
        {"redirect_uri": None},
        {"redirect_uri": "http://evil.example/v2/web/auth-code"},
        {"redirect_uri": "https://auth.globus.org/v2/web/auth-code"},
    ],
)
def test_nobody_is_sent_to_an_unknown_place(globus: DemoGateway, change: dict[str, str | None]) -> None:
    got = ask(globus, authorize_path(globus, **change))
    assert got.status == 400
    assert "location" not in got.headers


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"access_type": "always"}, "invalid_request"),
        ({"prompt": "none"}, "invalid_request"),
        ({"session_required_policies": "seven-days"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "openid everything"}, "invalid_scope"),
    ],
)
def test_what_is_wrong_is_told_at_the_redirect(globus: DemoGateway, change: dict[str, str | None], word: str) -> None:
    got = ask(globus, authorize_path(globus, **change))
    assert redirected(got) == {"error": word, "state": "_default"}
    assert f"failed: {word}." in ask(globus, got.headers["location"].removeprefix(globus.auth_url[:-1])).text


def test_the_page_shows_nothing_that_is_no_code(globus: DemoGateway) -> None:
    for query in ("", "?code=", "?code=%1b%5B31mred", "?code=" + "x" * 30):
        page = ask(globus, f"/v2/web/auth-code{query}")
        assert page.text == "There is no such code, or it was used.\n"
    assert "\x1b" not in ask(globus, "/v2/web/auth-code?error=%1b%5B31mred%0a").text


def test_wrong_methods(globus: DemoGateway) -> None:
    assert ask(globus, "/v2/oauth2/token").status == 405
    assert ask(globus, "/v2/oauth2/authorize", {}).status == 405
    assert ask(globus, "/v2/oauth2/nothing").status == 404


# -- the token route -----------------------------------------------------------------------------------------------


def test_what_the_code_grant_answers(globus: DemoGateway) -> None:
    got = exchanged(globus, new_code(globus))
    assert got.headers["cache-control"] == "no-store"
    primary, (other,) = got.json, got.json["other_tokens"]
    assert (primary["resource_server"], primary["scope"]) == ("auth.globus.org", "openid profile email")
    assert (other["resource_server"], other["scope"]) == (GATEWAY_RESOURCE_SERVER, GATEWAY_SCOPE)
    assert (primary["expires_in"], other["expires_in"]) == (172_800, 172_800)
    values = [document[key] for document in (primary, other) for key in ("access_token", "refresh_token")]
    assert len(set(values)) == 4
    assert primary["id_token"].count(".") == 2
    assert "id_token" not in other


def test_only_what_was_asked_for_is_given(globus: DemoGateway) -> None:
    bare = exchanged(globus, new_code(globus, scope=GATEWAY_SCOPE, access_type="online")).json
    assert (bare["resource_server"], bare["other_tokens"]) == (GATEWAY_RESOURCE_SERVER, [])
    assert not {"id_token", "refresh_token"} & set(bare)
    openid = exchanged(globus, new_code(globus, scope="openid")).json
    assert (openid["scope"], openid["other_tokens"]) == ("openid", [])


def test_an_access_token_for_globus_itself_is_none_for_the_gateway(globus: DemoGateway) -> None:
    answer = exchanged(globus, new_code(globus)).json
    for value in (answer["access_token"], answer["refresh_token"], for_gateway(answer)["refresh_token"]):
        assert refusal(whoami(globus, value)) == INACTIVE
        assert word_of(refreshed(globus, answer["access_token"])) == "invalid_grant"


def test_a_code_is_good_once(globus: DemoGateway) -> None:
    code = new_code(globus)
    assert exchanged(globus, code).status == 200
    assert word_of(exchanged(globus, code)) == "invalid_grant"


@pytest.mark.parametrize(
    ("change", "status", "word"),
    [
        ({"code_verifier": "w" * 43}, 400, "invalid_grant"),
        ({"code_verifier": "short"}, 400, "invalid_grant"),
        ({"code_verifier": None}, 400, "invalid_request"),
        ({"redirect_uri": "http://127.0.0.1:1/v2/web/auth-code"}, 400, "invalid_grant"),
        ({"redirect_uri": None}, 400, "invalid_request"),
        ({"client_id": CLIENT_IDS[1]}, 400, "invalid_grant"),
        ({"client_id": "00000000-0000-4000-8000-000000000000"}, 401, "invalid_client"),
        ({"client_id": None}, 401, "invalid_client"),
        ({"code": "x" * 30}, 400, "invalid_grant"),
        ({"code": "\x00ä"}, 400, "invalid_grant"),
        ({"code": None}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": None}, 400, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "invalid_grant"),
        ({"grant_type": "refresh_token"}, 400, "invalid_request"),
    ],
)
def test_refused_grants(globus: DemoGateway, change: dict[str, str | None], status: int, word: str) -> None:
    code = new_code(globus)
    grants = list(globus.oauth.grants)
    got = exchanged(globus, code, **{"code": code, **change})
    assert (got.status, word_of(got)) == (status, word)
    assert globus.oauth.grants == grants
    assert exchanged(globus, code).status == 200


@pytest.mark.parametrize(
    "body", [b"\xff\xfe\x00", b"&&&=", b"grant_type", b'{"grant_type": 1}', b"a=%ff", b"a=1&a=2"]
)
@pytest.mark.parametrize("path", ["/v2/oauth2/token", "/v2/oauth2/token/revoke"])
def test_garbage_is_no_form(globus: DemoGateway, path: str, body: bytes) -> None:
    got = ask(globus, path, body)
    assert (got.status, word_of(got)) == (400, "invalid_request")


def test_a_form_of_another_kind_is_none(globus: DemoGateway) -> None:
    for kind in ("application/json", "text/plain", "multipart/form-data; boundary=x"):
        assert word_of(ask(globus, "/v2/oauth2/token", b"grant_type=refresh_token", kind=kind)) == "invalid_request"
    many = "&".join(f"f{number}=1" for number in range(500)).encode()
    assert word_of(ask(globus, "/v2/oauth2/token", many)) == "invalid_request"


def test_codes_and_access_tokens_expire(clock) -> None:
    with DemoGateway(clock=clock, throttle=None) as gateway:
        code, late = new_code(gateway), new_code(gateway)
        clock.now += 599
        document = for_gateway(exchanged(gateway, code).json)
        clock.now += 1
        assert word_of(exchanged(gateway, late)) == "invalid_grant"
        clock.now += 172_798
        assert whoami(gateway, document["access_token"]).status == 200
        clock.now += 1
        assert refusal(whoami(gateway, document["access_token"])) == INACTIVE
        assert refusal(whoami(gateway, document["access_token"])) == f"Token introspection: {INACTIVE}"
        renewed = refreshed(gateway, document["refresh_token"]).json
        assert whoami(gateway, renewed["access_token"]).status == 200
        assert gateway.oauth.grants == ["authorization_code", "refresh_token"]


def test_refresh_tokens_belong_to_their_client(globus: DemoGateway) -> None:
    document = signed_in(globus)
    assert word_of(refreshed(globus, document["refresh_token"], CLIENT_IDS[1])) == "invalid_grant"
    assert word_of(revoked(globus, document["refresh_token"], CLIENT_IDS[1])) == "unauthorized_client"
    assert refreshed(globus, document["refresh_token"]).status == 200


def test_a_revoked_access_token_is_dead_alone(globus: DemoGateway) -> None:
    document = signed_in(globus)
    assert globus.oauth.is_active(document["access_token"])
    assert revoked(globus, document["access_token"]).json == {"active": False}
    assert not globus.oauth.is_active(document["access_token"])
    assert refusal(whoami(globus, document["access_token"])) == INACTIVE
    assert whoami(globus, refreshed(globus, document["refresh_token"]).json["access_token"]).status == 200
    for unknown in ("nothing", document["access_token"]):
        assert revoked(globus, unknown).json == {"active": False}
    assert word_of(ask(globus, "/v2/oauth2/token/revoke", {"client_id": CLIENT_ID})) == "invalid_request"
    assert ask(globus, "/v2/oauth2/token/revoke", {"token": "x"}).status == 401


# -- who signs in --------------------------------------------------------------------------------------------------


def test_others_sign_in() -> None:
    with DemoGateway(throttle=None) as gateway:
        gateway.oauth.sign_in_as("bob")
        assert whoami(gateway, signed_in(gateway)["access_token"]).json["username"] == "bob@alcf.anl.gov"
        hinted = signed_in(gateway, login_hint="alice@anl.gov")
        assert whoami(gateway, hinted["access_token"]).json["name"] == "Alice Tester"
        assert whoami(gateway, signed_in(gateway, login_hint="nobody")["access_token"]).json["name"] == "Bob Builder"
        gateway.oauth.sign_in_as("mal")
        assert refusal(whoami(gateway, signed_in(gateway)["access_token"])).startswith(
            f"{OUTSIDER}Mal Outsider (mal@gmail.com). "
        )
        assert "not part of the Globus Groups" in refusal(
            whoami(gateway, signed_in(gateway, login_hint="gus")["access_token"])
        )
        with pytest.raises(ValueError, match="there are: alice, bob, mal, gus"):
            gateway.oauth.sign_in_as("eve")


def test_renewed_access_tokens_are_the_same_caller() -> None:
    with DemoGateway(throttle=2, clock=lambda: 5.0) as gateway:
        document = signed_in(gateway)
        renewed = refreshed(gateway, document["refresh_token"]).json
        statuses = [
            whoami(gateway, value).status
            for value in (document["access_token"], renewed["access_token"], document["access_token"])
        ]
        assert statuses == [200, 200, 429]
        assert whoami(gateway, signed_in(gateway, login_hint="bob")["access_token"]).status == 200


# -- steering it ---------------------------------------------------------------------------------------------------


def test_ready_made_tokens_look_like_the_token_file(globus: DemoGateway) -> None:
    documents = globus.oauth.issue("bob", access_token_seconds=30)
    assert set(documents) == {"auth.globus.org", GATEWAY_RESOURCE_SERVER}
    document = documents[GATEWAY_RESOURCE_SERVER]
    assert set(document) == {
        "resource_server",
        "identity_id",
        "scope",
        "access_token",
        "refresh_token",
        "expires_at_seconds",
        "token_type",
    }
    assert document["expires_at_seconds"] == pytest.approx(time.time() + 30, abs=10)
    assert whoami(globus, document["access_token"]).json["id"] == document["identity_id"]
    assert refreshed(globus, document["refresh_token"]).json["expires_in"] == 172_800


def test_expiry_and_revocation_of_everything() -> None:
    with DemoGateway(throttle=None) as gateway:
        document = signed_in(gateway)
        gateway.oauth.expire_access_tokens()
        assert refusal(whoami(gateway, document["access_token"])) == INACTIVE
        gateway.oauth.access_token_seconds = 7
        renewed = refreshed(gateway, document["refresh_token"]).json
        assert renewed["expires_in"] == 7
        assert whoami(gateway, renewed["access_token"]).status == 200
        gateway.oauth.revoke_everything()
        assert refusal(whoami(gateway, renewed["access_token"])) == INACTIVE
        assert word_of(refreshed(gateway, document["refresh_token"])) == "invalid_grant"
        assert whoami(gateway, gateway.token).status == 200


def test_a_lapsed_sign_in_stays_lapsed_until_a_new_one() -> None:
    with DemoGateway(throttle=None) as gateway:
        document = signed_in(gateway)
        code = new_code(gateway)
        gateway.oauth.lapse_sign_ins()
        renewed = refreshed(gateway, document["refresh_token"]).json
        early = for_gateway(exchanged(gateway, code).json)
        for value in (document["access_token"], renewed["access_token"], early["access_token"]):
            assert refusal(whoami(gateway, value)).startswith(LAPSED)
        assert whoami(gateway, signed_in(gateway)["access_token"]).status == 200
        assert refusal(whoami(gateway, renewed["access_token"])).startswith(LAPSED)
        assert whoami(gateway, gateway.token).status == 200


@pytest.mark.parametrize("status", [500, 503])
def test_an_outage_of_globus(status: int) -> None:
    with DemoGateway(throttle=None) as gateway:
        document = signed_in(gateway)
        gateway.oauth.set_down(status)
        assert gateway.oauth.is_down
        assert refreshed(gateway, document["refresh_token"]).status == status
        assert revoked(gateway, document["refresh_token"]).status == status
        assert ask(gateway, authorize_path(gateway)).status == status
        assert whoami(gateway, document["access_token"]).status == 200
        gateway.oauth.set_down(None)
        assert refreshed(gateway, document["refresh_token"]).status == 200


def test_connections_to_globus_that_are_cut_or_hang() -> None:
    with DemoGateway(throttle=None) as gateway:
        client = sdk_client(gateway)
        document = signed_in(gateway)
        gateway.oauth.set_down("cut")
        with pytest.raises(globus_sdk.GlobusConnectionError):
            client.oauth2_refresh_token(document["refresh_token"])
        gateway.oauth.set_down("hang")
        ended: list[Exception] = []

        def wait() -> None:
            try:
                client.oauth2_refresh_token(document["refresh_token"])
            except globus_sdk.NetworkError as error:
                ended.append(error)

        waiting = threading.Thread(target=wait)
        waiting.start()
        assert gateway.log.wait_for(lambda requests: sum(r.path == "/v2/oauth2/token" for r in requests) == 3, 10)
        assert whoami(gateway, document["access_token"]).status == 200
        assert waiting.is_alive()
        with pytest.raises(ValueError, match="there are: a status, cut, hang"):
            gateway.oauth.set_down("slow")
    waiting.join(10)
    assert len(ended) == 1
    assert gateway.oauth.grants == ["authorization_code"]


# -- scenarios -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("scenario", "seconds"), [("sign-in", 172_800), ("short-tokens", 90)])
def test_scenarios_that_need_a_sign_in(clock, scenario: str, seconds: int) -> None:
    with DemoGateway(scenario=scenario, tokens=["fixed"], clock=clock) as gateway:
        assert gateway.scenario.needs_sign_in
        assert refusal(whoami(gateway, gateway.token)) == INACTIVE
        assert whoami(gateway, "fixed").status == 200
        document = signed_in(gateway)
        assert document["expires_in"] == seconds
        assert whoami(gateway, document["access_token"]).status == 200
        clock.now += seconds
        assert refusal(whoami(gateway, document["access_token"])) == INACTIVE
        assert refreshed(gateway, document["refresh_token"]).json["expires_in"] == seconds


def test_a_lapsed_policy_takes_a_new_sign_in() -> None:
    with DemoGateway(scenario="policy-lapsed") as gateway:
        assert not gateway.scenario.needs_sign_in
        earlier = gateway.oauth.issue()[GATEWAY_RESOURCE_SERVER]
        renewed = refreshed(gateway, earlier["refresh_token"]).json
        for value in (gateway.token, earlier["access_token"], renewed["access_token"]):
            assert refusal(whoami(gateway, value)).startswith(LAPSED)
        assert whoami(gateway, signed_in(gateway)["access_token"]).status == 200


def test_an_expired_access_token_can_be_renewed() -> None:
    with DemoGateway(scenario="expired") as gateway:
        earlier = gateway.oauth.issue()[GATEWAY_RESOURCE_SERVER]
        for value in (gateway.token, earlier["access_token"]):
            assert refusal(whoami(gateway, value)) == INACTIVE
        assert whoami(gateway, refreshed(gateway, earlier["refresh_token"]).json["access_token"]).status == 200


def test_globus_works_while_the_gateways_site_is_down() -> None:
    with DemoGateway(scenario="site-down") as gateway:
        assert whoami(gateway, signed_in(gateway)["access_token"]).status == 503


# -- faults in prompts ---------------------------------------------------------------------------------------------

FAULTS = [
    ("lapse", LAPSED),
    ("inactive", INACTIVE),
    ("wrong_identity", OUTSIDER),
    ("globus_down", "Could not introspect token with Globus"),
    ("group", "Permission denied due to Globus Group restrictions."),
]


@pytest.mark.parametrize(("name", "opening"), FAULTS)
def test_a_fault_of_access_strikes_once_for_a_fixed_access_token(name: str, opening: str) -> None:
    with DemoGateway(throttle=None, speed=200) as gateway:
        for prompt in (f"hi @@{name}@@", f"ho @@{name}@@"):
            got = stream(gateway, prompt)
            assert got.headers["content-type"].startswith("application/json")
            assert refusal(got).startswith(opening)
            assert stream(gateway, prompt).status == 200
            assert chat(gateway, prompt).status == 200
        assert whoami(gateway, gateway.token).status == 200


@pytest.mark.parametrize(("name", "opening"), FAULTS)
def test_a_fault_of_access_after_a_sign_in(name: str, opening: str) -> None:
    with DemoGateway(scenario="sign-in", throttle=None, speed=200) as gateway:
        document = signed_in(gateway)
        prompt = f"hi @@{name}@@"
        assert refusal(stream(gateway, prompt, token=document["access_token"])).startswith(opening)
        renewed = refreshed(gateway, document["refresh_token"]).json["access_token"]
        afterwards = {value: whoami(gateway, value).status for value in (document["access_token"], renewed)}
        stays = name in ("lapse", "wrong_identity")
        assert afterwards == {
            document["access_token"]: 401 if stays or name == "inactive" else 200,
            renewed: 401 if stays else 200,
        }
        last = signed_in(gateway)["access_token"] if stays else renewed
        assert stream(gateway, prompt, token=last).status == 200


def test_a_wrong_identity_is_named() -> None:
    with DemoGateway() as gateway:
        told = refusal(chat(gateway, "@@wrong_identity@@", token=signed_in(gateway)["access_token"]))
        assert told.startswith(f"{OUTSIDER}Alice Tester (alice@gmail.com). ")


def test_several_faults_strike_one_after_the_other_and_before_all_else(globus: DemoGateway) -> None:
    token = signed_in(globus)["access_token"]
    prompt = "@@group@@ @@globus_down@@ @@die_mid@@"
    openings = [refusal(chat(globus, prompt, token=token, model="nosuch"))[:16] for _ in range(2)]
    assert openings == ["Permission denie", "Could not intros"]
    assert chat(globus, prompt, token=token, model="nosuch").status == 404
    assert "peer closed" in stream(globus, prompt, token=token).in_band_error


@pytest.mark.parametrize(
    "body",
    [
        b"@@lapse@@",
        b'["@@lapse@@"]',
        b'{"messages": "@@lapse@@"}',
        b'{"messages": [{"content": "@@lapse@@"}]}',
        b'{"messages": [{"role": "user", "content": [1, "@@lapse@@"]}]}',
        b"[" * 100_000 + b"@@",
    ],
)
def test_faults_in_what_is_no_chat_request(globus: DemoGateway, body: bytes) -> None:
    token = signed_in(globus)["access_token"]
    assert call(globus, CHAT, body, token=token).status in (400, 422)
    assert whoami(globus, token).status == 200


def test_a_lapse_needs_a_good_access_token_first(globus: DemoGateway) -> None:
    assert refusal(call(globus, CHAT, payload("@@group@@ first"), token="bad")).endswith(INACTIVE)
    assert "Group" in refusal(chat(globus, "@@group@@ first", token=signed_in(globus)["access_token"]))


# -- hygiene -------------------------------------------------------------------------------------------------------


def test_no_repr_holds_a_token(globus: DemoGateway) -> None:
    document = signed_in(globus)
    found = globus.oauth.find(document["access_token"])
    assert document["access_token"] not in repr(found)
    assert document["refresh_token"] not in repr(found)


def test_many_at_once_get_one_sign_in_each(globus: DemoGateway) -> None:
    code = new_code(globus)
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda: statuses.append(exchanged(globus, code).status)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(statuses) == [200] + [400] * 7


def test_the_verifier_is_of_a_length_that_globus_takes(globus: DemoGateway) -> None:
    assert len(VERIFIER) == 43
    assert word_of(exchanged(globus, new_code(globus), code_verifier="v" * 129)) == "invalid_grant"
