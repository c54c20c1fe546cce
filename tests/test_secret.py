import sys

import anyio
import keyring
import keyring.errors
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyring.backend import KeyringBackend
from pydantic import BaseModel, ConfigDict, SecretStr, TypeAdapter, ValidationError

from dragoman.core.errors import Unauthenticated
from dragoman.transport import credential_sources
from dragoman.transport.credentials import Secret, bearer, known_secrets, redact, register_for_redaction

pytestmark = pytest.mark.anyio

VALUE = "pigeon-token-4711"
FIRST, REFUSED = False, True
PRINT = "import sys; sys.stdout.write(sys.argv[1])"


class Settings(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    token: Secret


def command(code: str, *arguments: str) -> Secret:
    return Secret(command=[sys.executable, "-c", code, *arguments])


@pytest.fixture(autouse=True)
def nothing_revealed(monkeypatch):
    monkeypatch.setattr("dragoman.transport.credentials._revealed", set())


class Drawer(KeyringBackend):
    priority = 1
    entries = {("dragoman", "glean"): VALUE}  # noqa: RUF012 - never changed

    def get_password(self, service, username):
        if username == "locked":
            raise keyring.errors.KeyringLocked(VALUE)
        return self.entries.get((service, username))

    def set_password(self, service, username, password):
        raise NotImplementedError

    def delete_password(self, service, username):
        raise NotImplementedError


@pytest.fixture
def drawer():
    before = keyring.get_keyring()
    keyring.set_keyring(Drawer())
    yield
    keyring.set_keyring(before)


@pytest.mark.parametrize(
    "setting",
    [
        VALUE,
        f"  {VALUE}\n",
        SecretStr(VALUE),
        {"env": "PIGEON_TOKEN"},
        {"file": "~/token"},
        {"command": [sys.executable, "-c", PRINT, f"{VALUE}\n"]},
        {"keyring": "glean"},
    ],
    ids=["plain", "untidy", "SecretStr", "env", "file", "command", "keyring"],
)
@pytest.mark.usefixtures("drawer")
async def test_a_credential_is_found_where_the_settings_say(setting, monkeypatch, tmp_path):
    monkeypatch.setenv("PIGEON_TOKEN", f"{VALUE} ")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "token").write_text(f"\ufeff{VALUE}\r\n", encoding="utf-8")
    settings = Settings(token=setting)
    assert known_secrets() == frozenset()
    assert await settings.token.reveal() == VALUE
    assert known_secrets() == {VALUE}


@pytest.mark.parametrize(
    "setting",
    [
        "",
        " ",
        {},
        {"env": ""},
        {"env": 5},
        {"env": VALUE, "file": "x"},
        {"plain": VALUE},
        {"command": VALUE},
        {"command": []},
        {"command": [VALUE, 5]},
        {"file": [VALUE]},
        {"unknown": VALUE},
        [VALUE],
        None,
        4711,
    ],
)
def test_a_setting_that_is_no_secret_is_refused_without_its_value(setting):
    with pytest.raises(ValidationError) as caught:
        Settings(token=setting)
    assert VALUE not in str(caught.value)
    assert "4711" not in str(caught.value)


@given(st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_any_setting_is_a_secret_or_a_validation_error(setting):
    kinds: list[str] = []
    try:
        TypeAdapter(Secret).validate_python(setting)
    except ValidationError as error:
        kinds += [problem["type"] for problem in error.errors()]
    assert kinds in ([], ["secret"])


def test_nothing_that_prints_a_secret_shows_it():
    settings = Settings(token=VALUE)
    shown = [repr(settings), str(settings), repr(settings.token), f"{settings.token}", settings.model_dump_json()]
    assert not any(VALUE in text for text in shown)


def test_the_settings_have_a_schema_that_describes_secrets():
    schema = Settings.model_json_schema()["properties"]["token"]
    assert [sorted(way.get("properties", {})) for way in schema["anyOf"]] == [
        [],
        ["env"],
        ["file"],
        ["command"],
        ["keyring"],
    ]


def test_secrets_with_the_same_source_are_equal_and_others_are_not():
    assert Settings(token={"env": "A"}) == Settings(token={"env": "A"})
    assert hash(Secret(env="A")) == hash(Secret(env="A"))
    assert Secret(env="A") != Secret(file="A")


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        (Secret(env="PIGEON_NOWHERE"), "environment variable 'PIGEON_NOWHERE' is not set"),
        (Secret(file="/nowhere/token"), "file '/nowhere/token' cannot be read"),
        (Secret(command=["/nowhere/pass", VALUE]), "command '/nowhere/pass' cannot be started"),
        (command("raise SystemExit(3)"), "failed with exit status 3"),
        (command("import sys; print(sys.argv[1]); sys.exit(1)", VALUE), "failed with exit status 1"),
        (command("pass"), "is empty"),
        (command(PRINT, f"{VALUE}\nsecond"), "several lines"),
        (command(PRINT, f"{VALUE}\0".replace("\0", "\x01")), "control characters"),
        (command(PRINT, f"{VALUE}ß"), "characters that no credential has"),
        (command("import sys; sys.stdout.buffer.write(b'\\xff')"), "no text"),
        (command("print('x' * 70_000)"), "more than 65,536 bytes"),
        (Secret(keyring="missing"), "keyring entry 'missing' does not exist"),
        (Secret(keyring="locked"), r"keyring entry 'locked' cannot be read \(KeyringLocked\)"),
    ],
)
@pytest.mark.usefixtures("drawer")
async def test_a_credential_that_cannot_be_used_names_its_place_and_never_its_value(secret, words):
    with pytest.raises(Unauthenticated, match=words) as caught:
        await secret.reveal()
    assert VALUE not in str(caught.value)
    assert caught.value.hint


async def test_a_command_that_never_ends_is_given_up(monkeypatch):
    monkeypatch.setattr(credential_sources, "_PATIENCE", 0.2)
    with anyio.fail_after(10):
        with pytest.raises(Unauthenticated, match="did not answer within"):
            await command("import time; time.sleep(60)").reveal()


async def test_a_command_does_not_read_from_the_protocol():
    assert await command("import sys; print('eof-' + repr(sys.stdin.read()))").reveal() == "eof-''"


async def test_a_key_file_may_have_several_lines():
    key = '{\n "private_key": "abc"\n}'
    assert await command(PRINT, key).reveal(multiline=True) == key


async def test_a_credential_is_looked_up_once_until_it_is_forgotten(tmp_path):
    place = tmp_path / "token"
    place.write_text("first1")
    secret = Secret(file=str(place))
    assert await secret.reveal() == "first1"
    place.write_text("second2")
    assert await secret.reveal() == "first1"
    secret.invalidate()
    assert await secret.reveal() == "second2"


async def test_bearer_looks_again_only_when_the_last_value_was_refused(tmp_path):
    place = tmp_path / "token"
    place.write_text("first1")
    authorize = bearer(Secret(file=str(place)))
    assert await authorize(FIRST) == "Bearer first1"
    place.write_text("second2")
    assert await authorize(FIRST) == "Bearer first1"
    assert await authorize(REFUSED) == "Bearer second2"


async def test_a_scheme_that_was_pasted_along_is_not_doubled():
    assert await bearer(Secret("bearer abc"))(FIRST) == "Bearer abc"
    assert await bearer(Secret("AQVN12"), "Api-Key")(FIRST) == "Api-Key AQVN12"


@pytest.mark.parametrize("written", ["p%40ss+w%2Frd%3D", "p%40ss%20w%2frd%3D", "p@ss w/rd=", '{"x":"p@ss w\\/rd="}'])
def test_a_credential_is_redacted_as_addresses_and_json_write_it(written):
    register_for_redaction("p@ss w/rd=")
    assert "rd" not in redact(f"the service says {written}").replace("[secret]", "")


async def test_every_known_credential_is_redacted_the_longer_one_first():
    await Secret("pigeon").reveal()
    register_for_redaction("pigeon-extended")
    register_for_redaction("")
    register_for_redaction("ab")
    assert redact("a pigeon-extended and a pigeon, ab") == "a [secret] and a [secret], ab"


def test_a_secret_has_exactly_one_source():
    with pytest.raises(ValueError, match="exactly one source"):
        Secret("a", env="B")
    with pytest.raises(ValueError, match="exactly one source"):
        Secret()
