import json
import logging
import sys

import pytest

from dragoman.transport import credentials
from dragoman_server.runtime.log import RedactingFormatter, redact, set_up


@pytest.fixture
def stderr(capsys):
    """What was written to stderr; the logging of the process is as before afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield lambda: capsys.readouterr().err
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in ("dragoman", "dragoman_server"):
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer hunter2hunter2",
        "{'authorization': 'Bearer hunter2hunter2', 'a': 1}",
        "[(b'Authorization', b'Api-Key hunter2hunter2')]",
        "x-api-key=hunter2hunter2",
        "GET https://x.example/a?limit=1&access_token=hunter2hunter2&b=2",
        "GET https://x.example/a?api_key=hunter2hunter2",
        "https://ann:hunter2hunter2@x.example/",
        "sent with bearer hunter2hunter2",
    ],
)
def test_what_looks_like_a_credential_is_hidden(text):
    assert "hunter2" not in redact(text)


@pytest.mark.parametrize(
    "text", ["GET https://x.example/a?limit=5&cursor=abc", "the key idea: authors write", "Basic facts about tokens"]
)
def test_ordinary_words_stay(text):
    assert redact(text) == text


def test_a_credential_that_was_revealed_is_hidden_wherever_it_stands():
    credentials.register_for_redaction("correct-horse-battery")
    assert "correct-horse" not in redact("see correct-horse-battery, please")


def test_tracebacks_are_redacted_too():
    try:
        int("Authorization: Bearer hunter2hunter2")
    except ValueError:
        record = logging.LogRecord("dragoman", logging.ERROR, __file__, 1, "failed", (), sys.exc_info())
    said = RedactingFormatter("%(message)s").format(record)
    assert "Traceback" in said
    assert "hunter2" not in said


def test_a_log_line_cannot_steer_the_terminal():
    assert redact("a\x1b[31mb\u202ec") == "a<U+001B>[31mb<U+202E>c"


def test_our_logs_go_to_stderr_from_the_chosen_level_on(stderr):
    set_up("info")
    logging.getLogger("dragoman.transport.http").info("ours")
    logging.getLogger("dragoman.transport.http").debug("too fine")
    logging.getLogger("httpx").info("theirs")
    (line,) = stderr().splitlines()
    assert line.endswith("INFO dragoman.transport.http: ours")


def test_the_variable_sets_the_level(stderr, monkeypatch):
    monkeypatch.setenv("DRAGOMAN_LOG", "DEBUG")
    set_up()
    logging.getLogger("dragoman").debug("fine")
    assert "fine" in stderr()


def test_a_level_that_does_not_exist_is_said_and_not_repeated(stderr, monkeypatch):
    monkeypatch.setenv("DRAGOMAN_LOG", "loud")
    set_up()
    said = stderr()
    assert "DRAGOMAN_LOG is not one of debug, info, warning, error." in said
    assert "loud" not in said


def test_a_process_without_stderr_logs_nothing_and_lives(stderr, monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    set_up("debug")
    logging.getLogger("dragoman").error("lost")
    assert stderr() == ""


def test_a_log_may_be_a_json_object_a_line_with_secrets_hidden(stderr, monkeypatch):
    monkeypatch.setenv("DRAGOMAN_LOG_FORMAT", "json")
    set_up("info")
    try:
        raise ValueError("Bearer hunter2hunter2")  # noqa: TRY301  # a crash to log
    except ValueError:
        logging.getLogger("dragoman").exception("it broke\nover two lines")
    (line,) = stderr().splitlines()
    told = json.loads(line)
    assert told["level"] == "error"
    assert told["logger"] == "dragoman"
    assert told["message"] == "it broke\nover two lines"
    assert told["time"].endswith("+00:00")
    assert "ValueError" in told["trace"]
    assert "hunter2" not in line


def test_no_logged_text_can_look_like_another_entry(stderr):
    set_up("warning")
    crash = RuntimeError("x\n2026-03-10 09:00:00 WARNING dragoman: all is well")
    told = "a\n2026-03-10 09:00:00 WARNING dragoman: nothing"
    logging.getLogger("dragoman").error("%s crashed", told, exc_info=crash)
    first, *others = stderr().rstrip("\n").split("\n")
    assert "ERROR dragoman: a" in first
    assert others
    assert all(line.startswith(" ") for line in others)
