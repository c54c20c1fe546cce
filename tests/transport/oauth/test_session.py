"""Access tokens that renew themselves, against a real authorization server on loopback."""

import json
import logging
import stat
import subprocess
import sys

import anyio
import pytest

from dragoman.core.context.clock import JumpingClock
from dragoman.core.errors import BadResponse, DragomanError, PermissionDenied, Unauthenticated, Unavailable
from dragoman.transport.credentials import known_secrets
from dragoman.transport.oauth.session import OAuthSession

pytestmark = pytest.mark.anyio


def files(home):
    return [path for path in home.rglob("*.oauth.*") if path.suffix != ".lock"]


async def test_a_token_is_fetched_once_and_used_until_shortly_before_its_end(server, client_of):
    clock = JumpingClock()
    session = OAuthSession(client_of(server, refresh_token=server.seed()), clock)
    first = await session.access_token()
    await clock.sleep(3200)
    assert await session(False) == f"Bearer {first}"
    await clock.sleep(120)
    assert await session.access_token() == server.access_tokens[1] != first


async def test_the_new_refresh_token_is_stored_before_the_access_token_is_used(server, client_of, home):
    await OAuthSession(client_of(server, refresh_token=server.seed())).access_token()
    (path,) = files(home)
    assert json.loads(path.read_text())["refresh_token"] in server.refresh_tokens
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_another_process_goes_on_with_the_stored_tokens_and_asks_nobody(server, client_of):
    client = client_of(server, refresh_token=server.seed())
    first = await OAuthSession(client).access_token()
    assert await OAuthSession(client).access_token() == first
    assert len(server.forms) == 1


async def test_a_rotated_token_of_the_settings_is_not_used_a_second_time(server, client_of):
    client = client_of(server, refresh_token=server.seed())
    clock = JumpingClock()
    await OAuthSession(client, clock).access_token()
    await clock.sleep(4000)
    await OAuthSession(client, clock).access_token()
    used = [form["refresh_token"] for form in server.forms]
    assert len(used) == len(set(used)) == 2


async def test_another_token_in_the_settings_counts_more_than_what_was_stored(server, client_of):
    await OAuthSession(client_of(server, refresh_token=server.seed())).access_token()
    await OAuthSession(client_of(server, refresh_token=server.seed("a-newer-refresh-token"))).access_token()
    assert server.forms[-1]["refresh_token"] == "a-newer-refresh-token"  # noqa: S105  # of no service


async def test_calls_that_are_refused_together_cause_one_renewal(server, client_of):
    session = OAuthSession(client_of(server, refresh_token=server.seed()))
    await session.access_token()
    found = []

    async def again():
        found.append(await session.access_token(refused=True))

    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(again)
    assert len(server.forms) == 2
    assert set(found) == {server.access_tokens[-1]}


async def test_many_sessions_at_once_renew_once(server, client_of):
    client = client_of(server, refresh_token=server.seed())
    async with anyio.create_task_group() as group:
        for _ in range(6):
            group.start_soon(OAuthSession(client).access_token)
    assert len(server.forms) == 1


CHILD = """
import sys, anyio
from dragoman.core.context.instrumentation import naming_account
from dragoman.transport.oauth.settings import OAuthSettings
from dragoman.transport.oauth.session import OAuthSession
import json
async def main():
    with naming_account("work-mail"):
        client = OAuthSettings.model_validate(json.loads(sys.argv[1])).client(scopes={})
    sys.stdin.readline()
    print(await OAuthSession(client).access_token())
anyio.run(main)
"""


def _child(settings):
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, settings], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


async def test_processes_at_once_renew_once(server, monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    settings = json.dumps(server.settings(refresh_token=server.seed()))
    children = [_child(settings) for _ in range(3)]
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    tokens = {(await anyio.to_thread.run_sync(child.communicate))[0].strip() for child in children}
    assert tokens == set(server.access_tokens)
    assert len(server.forms) == 1


async def test_a_refused_renewal_names_the_command_that_signs_in_and_is_not_repeated(server, client_of):
    session = OAuthSession(client_of(server, refresh_token="long-used-up-token"))  # noqa: S106  # of no service
    for _ in range(2):
        with pytest.raises(Unauthenticated) as caught:
            await session.access_token()
        assert str(caught.value).count(".") == 1
        assert "`dragoman login work-mail`" in str(caught.value)
    assert len(server.forms) == 1


async def test_a_sign_in_of_meanwhile_is_found_without_a_restart(server, client_of):
    from dragoman.transport.oauth.session import stored_tokens
    from dragoman.transport.oauth.token_response import IssuedTokens
    from dragoman.transport.oauth.token_store import TokenStore

    client, clock = client_of(server), JumpingClock()
    session = OAuthSession(client, clock)
    with pytest.raises(Unauthenticated, match="dragoman login work-mail"):
        await session.access_token()
    issued = IssuedTokens(access_token="of-the-sign-in", refresh_token=server.seed())  # noqa: S106  # of no service
    await TokenStore(client.entry).save(stored_tokens(issued, clock))
    assert await session.access_token() == "of-the-sign-in"


async def test_cancelling_a_call_during_the_renewal_loses_no_token(server, client_of, home):
    session = OAuthSession(client_of(server, refresh_token=server.seed()))
    async with anyio.create_task_group() as group:
        server.before_answer = lambda form: anyio_cancel()
        loop_token = anyio.lowlevel.current_token()

        def anyio_cancel():
            anyio.from_thread.run_sync(group.cancel_scope.cancel, token=loop_token)

        group.start_soon(session.access_token)
    (path,) = files(home)
    assert json.loads(path.read_text())["refresh_token"] in server.refresh_tokens


async def test_a_keyring_that_takes_only_short_entries_gets_the_refresh_token(server, client_of, working_keyring, home):
    working_keyring.longest = 170
    client = client_of(server, refresh_token=server.seed())
    await OAuthSession(client).access_token()
    (entry,) = working_keyring.entries.values()
    assert json.loads(entry)["refresh_token"] in server.refresh_tokens
    assert not files(home)
    await OAuthSession(client).access_token()
    assert len(server.forms) == 2


async def test_a_folder_that_takes_no_file_leaves_the_sign_in_working_and_says_so(
    server, client_of, home, caplog, monkeypatch
):
    home.mkdir()
    (home / ".config").write_text("in the way")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    with caplog.at_level(logging.WARNING):
        assert await OAuthSession(client_of(server, refresh_token=server.seed())).access_token()
    assert "cannot be stored" in caplog.text


async def test_tokens_are_taken_out_of_logs_and_out_of_representations(server, client_of, caplog):
    session = OAuthSession(client_of(server, refresh_token=server.seed()))
    with caplog.at_level(logging.DEBUG):
        token = await session.access_token()
    secrets = {token, *server.refresh_tokens, "refresh-token-of-before", server.client_secret}
    assert secrets <= known_secrets()
    assert not [secret for secret in secrets if secret in caplog.text or secret in repr(vars(session))]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((400, {"error": "invalid_client", "error_description": "no\r\nsuch client"}), Unauthenticated),
        ((403, {"error": "access_denied"}), PermissionDenied),
        ((400, {"error": "admin_policy_enforced"}), PermissionDenied),
        ((400, {"error": "temporarily_unavailable"}), Unavailable),
        ((400, {"error": "brand_new_code", "error_description": "<html><body>x</body></html>"}), Unauthenticated),
        ((400, {"nothing": 1}), BadResponse),
        ((200, {"ok": False, "error": "invalid_refresh_token"}), Unauthenticated),
        ((200, {}), BadResponse),
        ((200, {"access_token": 17}), BadResponse),
        ((200, {"access_token": ""}), BadResponse),
        ((200, {"access_token": "a\r\nx-evil: 1"}), BadResponse),
        ((200, {"access_token": "tökén"}), BadResponse),
        ((200, {"access_token": "a" * 20_000}), BadResponse),
        ((200, {"access_token": "good", "token_type": "mac"}), BadResponse),
        ((200, b"<html>Sign in</html>", {"content-type": "text/html"}), BadResponse),
        ((200, b"[" * 100_000), BadResponse),
        ((200, b"x" * 3_000_000), BadResponse),
        ((302, b"", {"location": "http://127.0.0.1:9/elsewhere"}), BadResponse),
        ((307, b"", {"location": "http://localhost:9/elsewhere"}), BadResponse),
    ],
)
async def test_answers_that_make_no_sense_end_in_plain_sentences(server, client_of, answer, error, waits):
    server.scripted = [answer] * 5
    with pytest.raises(DragomanError) as caught:
        await OAuthSession(client_of(server, refresh_token=server.seed())).access_token()
    assert type(caught.value) is error
    said = str(caught.value)
    assert "\n" not in said
    assert "<" not in said
    assert len(said) < 400


@pytest.mark.parametrize("expires_in", [None, "3600", -5, 0, 1e300, float("inf"), "soon", True, [], 0.5])
async def test_any_lifetime_gives_a_token_that_is_used(server, client_of, expires_in):
    body = json.dumps({"access_token": "good-token", "expires_in": expires_in}).encode()
    server.scripted = [(200, body)]
    assert await OAuthSession(client_of(server, refresh_token=server.seed())).access_token() == "good-token"


async def test_a_service_that_is_down_for_a_moment_is_asked_again(server, client_of, waits):
    server.scripted = [(503, {}), (429, {}, {"retry-after": "2"})]
    assert await OAuthSession(client_of(server, refresh_token=server.seed())).access_token()
    assert len(server.forms) == 3


async def test_an_issuer_tells_its_addresses(server, client_of):
    settings = dict.fromkeys(("authorize_url", "token_url", "device_url"))
    client = client_of(server, issuer=server.address, refresh_token=server.seed(), **settings)
    assert await OAuthSession(client).access_token() in server.access_tokens


async def test_metadata_of_another_issuer_are_refused_before_anything_is_sent(server, client_of):
    server.issuer_in_metadata = "https://evil.example"
    settings = dict.fromkeys(("authorize_url", "token_url", "device_url"))
    client = client_of(server, issuer=server.address, refresh_token=server.seed(), **settings)
    with pytest.raises(BadResponse, match="another issuer"):
        await OAuthSession(client).access_token()
    assert server.forms == []


def damage(path):
    path.write_bytes(b"\xff{broken")


async def test_a_stored_file_that_is_damaged_counts_as_none(server, client_of, home):
    client = client_of(server, refresh_token=server.seed())
    await OAuthSession(client).access_token()
    (path,) = files(home)
    damage(path)
    server.seed()
    assert await OAuthSession(client).access_token()
