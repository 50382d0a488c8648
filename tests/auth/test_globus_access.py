"""Signing in, renewing and signing out against a real OAuth2 server on this machine."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from globus_probe import Clock, code_from, sign_in, sources_for, stored

from metis_tui.auth.credential_file import GATEWAY_RESOURCE_SERVER
from metis_tui.auth.sources import TokenSources
from metis_tui.chat.errors import (
    IdentityDiffers,
    SignInFailed,
    SignInLapsed,
    SignInNeeded,
    TokenInactive,
    WrongIdentity,
)
from metis_tui.demo.server import DemoGateway
from metis_tui.gateway.client import GatewayClient

DAY = 86_400.0


async def eventually(claim: object, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not claim():  # type: ignore[operator]
        assert time.monotonic() < end, "never came true"
        await asyncio.sleep(0.01)


async def test_signing_in_by_pasting_the_code(demo: DemoGateway, tmp_path: Path) -> None:
    sources = sources_for(demo, tmp_path)
    with pytest.raises(SignInNeeded):
        await sources.access_token()
    pending = await sources.begin()
    assert "prompt=login" in pending.url
    assert "session_required_policies=83732ff2-9c42-4548-b5ce-17e498c84f6a" in pending.url
    code = code_from(pending.url)
    done = await pending.finish(f"  {code[:9]}\n{code[9:]} \n")
    assert done.identity_id == "11111111-1111-4111-8111-111111111111"
    assert done.trouble == ""
    token = await sources.access_token()
    assert token.value == stored(tmp_path).value == done.token.value
    facts = await sources.facts()
    assert facts.is_usable
    assert facts.is_renewable
    assert facts.identity_id == done.identity_id
    assert facts.deadline is not None
    assert facts.deadline.at == pytest.approx(time.time() + 7 * DAY, abs=60)
    assert not facts.deadline.is_estimate
    gateway = GatewayClient(demo.url, sources)
    assert (await gateway.whoami()).username == "alice@anl.gov"
    await gateway.close()


async def test_the_address_of_the_page_with_the_code_serves_too(demo: DemoGateway, tmp_path: Path) -> None:
    pending = await sources_for(demo, tmp_path).begin()
    code = code_from(pending.url)
    await pending.finish(f"https://auth.globus.org/v2/web/auth-code?code={code}&state=_default")
    assert stored(tmp_path).refresh_token


async def test_a_mistyped_code_can_be_corrected(demo: DemoGateway, tmp_path: Path) -> None:
    pending = await sources_for(demo, tmp_path).begin()
    code = code_from(pending.url)
    for wrong in ("", "   ", code[:-1] + "!", "https://example.org/"):
        with pytest.raises(SignInFailed) as caught:
            await pending.finish(wrong)
        assert code[:-1] not in f"{caught.value} {caught.value.hint} {caught.value.__cause__} {caught.value.args}"
    await pending.finish(code)
    with pytest.raises(SignInFailed, match="used before"):
        await (await sources_for(demo, tmp_path).begin()).finish(code)


async def test_another_identity_is_stored_only_when_the_user_says_so(demo: DemoGateway, tmp_path: Path) -> None:
    sources = sources_for(demo, tmp_path)
    await sign_in(sources)
    before = stored(tmp_path)
    demo.oauth.sign_in_as("bob")
    pending = await sources.begin()
    code = code_from(pending.url)
    with pytest.raises(IdentityDiffers) as caught:
        await pending.finish(code)
    assert caught.value.stored_id == before.identity_id
    assert stored(tmp_path) == before
    done = await pending.finish(code, replace_identity=True)
    assert done.identity_id == caught.value.new_id == stored(tmp_path).identity_id
    assert (await sources.access_token()).value == done.token.value


async def test_a_sign_in_that_cannot_be_saved_lasts_until_the_end(demo: DemoGateway, tmp_path: Path) -> None:
    (tmp_path / "shared").write_text("a file is in the way")
    sources = sources_for(demo, tmp_path)
    done = await sign_in(sources)
    assert done.trouble
    assert (await sources.access_token()).value == done.token.value
    assert (await sources.facts()).is_renewable
    demo.oauth.expire_access_tokens()
    renewed = await sources.renew(done.token)
    assert renewed.value != done.token.value


async def test_an_access_token_that_ends_soon_is_renewed_while_it_is_used(demo: DemoGateway, tmp_path: Path) -> None:
    clock = Clock()
    sources = sources_for(demo, tmp_path, clock=clock)
    first = (await sign_in(sources)).token
    clock.ahead = 2 * DAY - 300
    assert (await sources.access_token()).value == first.value, "nobody waits"
    await eventually(lambda: stored(tmp_path).value != first.value)
    assert (await sources.access_token()).value == stored(tmp_path).value
    assert demo.oauth.grants == ["authorization_code", "refresh_token"]
    assert stored(tmp_path).identity_id


async def test_requests_at_the_same_time_share_one_renewal(demo: DemoGateway, tmp_path: Path) -> None:
    clock = Clock()
    sources = sources_for(demo, tmp_path, clock=clock)
    await sign_in(sources)
    clock.ahead = 3 * DAY
    tokens = await asyncio.gather(*(sources.access_token() for _ in range(9)))
    assert len({token.value for token in tokens}) == 1
    assert demo.oauth.grants.count("refresh_token") == 1


async def test_what_another_process_has_renewed_is_taken_over(demo: DemoGateway, tmp_path: Path) -> None:
    clock = Clock()
    mine, other = sources_for(demo, tmp_path, clock=clock), sources_for(demo, tmp_path, clock=clock)
    first = (await sign_in(mine)).token
    demo.oauth.expire_access_tokens()
    renewed = await other.renew(first)
    assert (await mine.renew(first)).value == renewed.value
    assert demo.oauth.grants.count("refresh_token") == 1


async def test_short_lived_access_tokens_are_not_renewed_all_the_time(demo: DemoGateway, tmp_path: Path) -> None:
    demo.oauth.access_token_seconds = 90
    clock = Clock()
    sources = sources_for(demo, tmp_path, clock=clock)
    await sign_in(sources)
    for _ in range(5):
        await sources.access_token()
        pause = await sources.keep_fresh()
    assert 1 <= pause <= 60
    assert demo.oauth.grants == ["authorization_code"]
    clock.ahead = 65
    await sources.keep_fresh()
    await eventually(lambda: demo.oauth.grants.count("refresh_token") == 1)


async def test_an_inactive_access_token_is_renewed_and_the_request_sent_again_unseen(
    demo: DemoGateway, tmp_path: Path
) -> None:
    sources = sources_for(demo, tmp_path)
    await sign_in(sources)
    gateway = GatewayClient(demo.url, sources)
    await gateway.whoami()
    demo.oauth.expire_access_tokens()
    demo.log.clear()
    assert (await gateway.whoami()).username == "alice@anl.gov"
    assert [request.status for request in demo.requests if request.path.endswith("whoami")] == [401, 200]
    await gateway.close()


async def test_an_access_token_that_stays_inactive_is_tried_twice_only(demo: DemoGateway, tmp_path: Path) -> None:
    with DemoGateway(scenario="expired", throttle=None) as strict:
        sources = sources_for(demo, tmp_path)  # signs in elsewhere than the gateway asks
        await sign_in(sources)
        gateway = GatewayClient(strict.url, sources)
        with pytest.raises(TokenInactive):
            await gateway.whoami()
        assert len(strict.requests) == 2
        await gateway.close()


async def test_a_sign_in_that_globus_has_ended_needs_a_new_one(demo: DemoGateway, tmp_path: Path) -> None:
    sources = sources_for(demo, tmp_path)
    first = (await sign_in(sources)).token
    demo.oauth.revoke_everything()
    with pytest.raises(TokenInactive) as caught:
        await sources.renew(first)
    assert caught.value.needs_sign_in
    assert "F8" in caught.value.hint
    facts = await sources.facts()
    assert facts.trouble is not None
    assert facts.trouble.needs_sign_in
    second = (await sign_in(sources)).token
    assert (await sources.access_token()).value == second.value
    assert (await sources.facts()).is_usable


@pytest.mark.parametrize("how", [500, 503, "cut"])
async def test_an_outage_of_globus_keeps_the_tokens_and_asks_nobody_to_sign_in(
    demo: DemoGateway, tmp_path: Path, how: int | str
) -> None:
    clock = Clock()
    sources = sources_for(demo, tmp_path, clock=clock)
    await sign_in(sources)
    before = stored(tmp_path)
    demo.oauth.set_down(how)
    clock.ahead = 2 * DAY - 300
    assert (await sources.access_token()).value == before.value
    clock.ahead = 3 * DAY
    with pytest.raises(TokenInactive) as caught:
        await sources.access_token()
    assert not caught.value.needs_sign_in
    assert "could not be renewed" in caught.value.reason
    assert stored(tmp_path) == before
    assert (await sources.facts()).renewal_trouble
    pending = await sources.begin()
    with pytest.raises(SignInFailed, match=r"Globus"):
        await pending.finish("code")
    demo.oauth.set_down(None)
    await eventually_renewed(sources, before.value)


async def eventually_renewed(sources: TokenSources, old: str, seconds: float = 10.0) -> None:
    """A failed renewal is not repeated for a moment."""
    end = time.monotonic() + seconds
    while True:
        try:
            assert (await sources.access_token()).value != old
            return
        except TokenInactive:
            assert time.monotonic() < end
            await asyncio.sleep(0.1)


async def test_no_way_to_globus_is_told_soon_and_a_valid_access_token_is_used(
    demo: DemoGateway, tmp_path: Path
) -> None:
    clock = Clock()
    await sign_in(sources_for(demo, tmp_path, clock=clock))
    value = stored(tmp_path).value
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    offline = TokenSources(
        environ={}, files=(tmp_path / "shared" / "tokens.json",), auth_url=f"http://127.0.0.1:{port}/", clock=clock
    )
    assert (await offline.access_token()).value == value
    clock.ahead = 3 * DAY
    started = time.monotonic()
    with pytest.raises(TokenInactive, match="No connection to Globus") as caught:
        await offline.access_token()
    assert time.monotonic() - started < 3
    assert "expired" in caught.value.reason


async def test_renewals_in_the_background_pause_after_a_failure(demo: DemoGateway, tmp_path: Path) -> None:
    clock = Clock()
    sources = sources_for(demo, tmp_path, clock=clock)
    await sign_in(sources)
    demo.oauth.set_down(503)
    clock.ahead = 2 * DAY - 300
    demo.log.clear()
    await sources.keep_fresh()
    await eventually(lambda: sources._globus.renewals.failure_count == 1)
    asked = len(demo.requests)
    for _ in range(5):
        await sources.keep_fresh()
        await sources.access_token()
    assert len(demo.requests) == asked


async def test_the_gateways_word_on_the_sign_in_is_remembered(demo: DemoGateway, tmp_path: Path) -> None:
    clock = Clock()
    sources = sources_for(demo, tmp_path, clock=clock)
    demo.oauth.access_token_seconds = 30 * DAY  # so that only the sign-in gets old
    await sign_in(sources)
    gateway = GatewayClient(demo.url, sources)
    clock.ahead = 5.5 * DAY
    demo.oauth.lapse_sign_ins()
    with pytest.raises(SignInLapsed):
        await gateway.whoami()
    facts = await sources.facts()
    assert isinstance(facts.trouble, SignInLapsed)
    assert facts.deadline is not None
    assert facts.deadline.is_learned
    assert facts.deadline.days == pytest.approx(5.5, abs=0.01)
    await sign_in(sources)
    await gateway.whoami()
    facts = await sources.facts()
    assert facts.is_usable
    assert facts.deadline is not None
    assert facts.deadline.at == pytest.approx(clock() + 5.5 * DAY, abs=1000)
    again = await sources_for(demo, tmp_path, clock=clock).facts()
    assert again.deadline == facts.deadline, "the next start knows it, too"
    await gateway.close()


async def test_a_wrong_identity_provider_is_told_apart(demo: DemoGateway, tmp_path: Path) -> None:
    demo.oauth.sign_in_as("mal")
    sources = sources_for(demo, tmp_path)
    await sign_in(sources)
    gateway = GatewayClient(demo.url, sources)
    with pytest.raises(WrongIdentity):
        await gateway.whoami()
    assert isinstance((await sources.facts()).trouble, WrongIdentity)
    demo.oauth.sign_in_as("alice")
    await sign_in(sources, replace_identity=True)
    await gateway.whoami()
    assert (await sources.facts()).is_usable
    await gateway.close()


async def test_the_older_helpers_file_is_used_and_never_written(demo: DemoGateway, tmp_path: Path) -> None:
    older = tmp_path / "older" / "tokens.json"
    older.parent.mkdir()
    documents = demo.oauth.issue(client_id="58fdd3bc-e1c3-4ce5-80ea-8d6b87cfb944")
    older.write_text(json.dumps({"data": {"DEFAULT": documents}, "format_version": "2.0", "globus-sdk.version": "3"}))
    before = older.read_bytes(), older.stat().st_mtime_ns
    clock = Clock()
    sources = sources_for(demo, tmp_path, clock=clock)
    assert (await sources.access_token()).value == documents[GATEWAY_RESOURCE_SERVER]["access_token"]
    clock.ahead = 3 * DAY
    with pytest.raises(TokenInactive) as caught:
        await sources.access_token()
    assert caught.value.needs_sign_in, "only its own tool can renew it"
    clock.ahead = 0
    await sign_in(sources)
    assert (await sources.facts()).is_usable
    assert (older.read_bytes(), older.stat().st_mtime_ns) == before


async def test_a_damaged_file_is_told_about_and_a_sign_in_puts_it_right(demo: DemoGateway, tmp_path: Path) -> None:
    shared = tmp_path / "shared" / "tokens.json"
    shared.parent.mkdir()
    shared.write_text('{"data": ')
    sources = sources_for(demo, tmp_path)
    with pytest.raises(SignInNeeded, match="damaged"):
        await sources.access_token()
    await sign_in(sources)
    facts = await sources.facts()
    assert facts.is_usable
    assert "set aside" in " ".join(facts.notes)
    assert len(list(shared.parent.glob("tokens.json.damaged-*"))) == 1


async def test_a_file_that_vanishes_means_signed_out(demo: DemoGateway, tmp_path: Path) -> None:
    sources = sources_for(demo, tmp_path)
    await sign_in(sources)
    shutil.rmtree(tmp_path / "shared")
    with pytest.raises(SignInNeeded):
        await sources.access_token()


async def test_signing_out_revokes_and_removes(demo: DemoGateway, tmp_path: Path) -> None:
    sources = sources_for(demo, tmp_path)
    await sign_in(sources)
    token = stored(tmp_path)
    done = await sources.sign_out()
    assert (done.was_signed_in, done.is_revoked, done.trouble) == (True, True, "")
    assert not demo.oauth.is_active(token.value)
    assert not demo.oauth.is_active(token.refresh_token)
    assert token.value not in (tmp_path / "shared" / "tokens.json").read_text()
    with pytest.raises(SignInNeeded):
        await sources.access_token()
    assert not (await sources.sign_out()).was_signed_in


async def test_signing_out_without_a_network_does_the_local_part(demo: DemoGateway, tmp_path: Path) -> None:
    sources = sources_for(demo, tmp_path)
    await sign_in(sources)
    demo.oauth.set_down("cut")
    done = await sources.sign_out()
    assert done.was_signed_in
    assert not done.is_revoked
    assert "Globus was not told" in done.trouble
    with pytest.raises(SignInNeeded):
        await sources.access_token()


async def test_plain_http_to_another_machine_is_never_globus(tmp_path: Path) -> None:
    sources = TokenSources(environ={}, files=(tmp_path / "tokens.json",), auth_url="http://192.0.2.7/")
    with pytest.raises(SignInFailed, match="https only"):
        await sources.begin()


async def test_a_refresh_token_follows_no_redirect(demo: DemoGateway, tmp_path: Path) -> None:
    arrived: list[bytes] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            arrived.append(self.path.encode())
            self.send_response(307)
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")  # type: ignore[attr-defined]
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    await sign_in(sources_for(demo, tmp_path))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        files = (tmp_path / "shared" / "tokens.json",)
        sources = TokenSources(environ={}, files=files, auth_url=f"http://127.0.0.1:{server.server_port}/")
        token = await sources.access_token()
        with pytest.raises(TokenInactive, match="elsewhere"):
            await sources.renew(token)
    finally:
        server.shutdown()
        server.server_close()
    assert set(arrived) == {b"/v2/oauth2/token"}


async def test_nothing_shows_a_token(demo: DemoGateway, tmp_path: Path) -> None:
    sources = sources_for(demo, tmp_path)
    done = await sign_in(sources)
    token = stored(tmp_path)
    shown = f"{done} {await sources.facts()} {token} {await sources.access_token()}"
    assert token.value not in shown
    assert token.refresh_token not in shown
    for path in (tmp_path / "state").rglob("*"):
        assert token.value not in path.read_text()
        assert token.refresh_token not in path.read_text()


_RENEWER = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from metis_tui.auth.sources import TokenSources

async def main():
    sources = TokenSources(environ={}, files=(Path(sys.argv[2]),), auth_url=sys.argv[3])
    for _ in range(int(sys.argv[4])):
        token = await sources.access_token()
        renewed = await sources.renew(token)
        assert renewed.value != token.value

asyncio.run(main())
"""


async def test_many_processes_renew_one_file(demo: DemoGateway, tmp_path: Path) -> None:
    await sign_in(sources_for(demo, tmp_path))
    path, project = tmp_path / "shared" / "tokens.json", str(Path(__file__).parents[2])
    command = [sys.executable, "-c", _RENEWER, project, str(path), demo.auth_url, "6"]
    renewers = [subprocess.Popen(command, env=os.environ) for _ in range(3)]
    last = 0.0
    while any(renewer.poll() is None for renewer in renewers):
        found = stored(tmp_path)
        assert found.expires_at is not None
        assert found.expires_at >= last, "an older access token took the place of a newer one"
        last = found.expires_at
        await asyncio.sleep(0.005)
    assert [renewer.wait() for renewer in renewers] == [0] * 3
    assert 6 <= demo.oauth.grants.count("refresh_token") <= 18
    assert demo.oauth.is_active(stored(tmp_path).value)


async def test_a_clock_that_jumps_breaks_neither_clock(demo: DemoGateway, tmp_path: Path) -> None:
    """A laptop that slept, and one whose clock was set right afterwards."""
    clock = Clock()
    sources = sources_for(demo, tmp_path, clock=clock)
    first = (await sign_in(sources)).token
    before = (await sources.facts()).deadline
    for ahead in (-3 * DAY, 0, 3600, -60):
        clock.ahead = ahead
        assert (await sources.access_token()).value == first.value
        facts = await sources.facts()
        assert facts.is_usable
        assert facts.deadline == before
        assert 1 <= await sources.keep_fresh() <= 60
    assert demo.oauth.grants == ["authorization_code"]
    clock.ahead = 3 * DAY
    second = await sources.access_token()
    assert second.value != first.value, "slept through: renewed at once"
    clock.ahead = 0
    assert (await sources.access_token()).value == second.value
    assert demo.oauth.grants.count("refresh_token") == 1
