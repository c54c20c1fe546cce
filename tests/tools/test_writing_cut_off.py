"""Writes that end in the middle, in one process or between several, are found and never repeated in doubt."""

from pathlib import Path

import anyio
import apsw
import pytest
from journal_writing import ROOM, SAID, changes, child, opened, outcomes, settings, token_of

from dragoman.core.errors import DragomanError
from dragoman.testing.scripted_server import ScriptedServer
from dragoman.toolset import Caller, Principal, call_tool


@pytest.mark.parametrize("fault", ["killed before", "killed after"])
def test_after_kill_9_the_message_is_looked_at_before_it_is_changed(service, tmp_path, change, fault):
    service.misbehave(fault)
    killed = child(service, tmp_path, "update_message", **change)
    killed.communicate()
    assert killed.returncode == -9
    apsw.Connection(str(tmp_path / "dragoman.db")).execute("UPDATE writes SET lease = 0")
    with ScriptedServer(settings(service), data=tmp_path) as server:
        answer = server.call("update_message", **change)
        assert changes(service) == (["After"] if fault == "killed after" else [])
        if fault == "killed before":
            server.call("update_message", **change, confirm=token_of(answer))
    assert changes(service) == ["After"]


def test_two_processes_with_one_token_change_once(service, tmp_path, change):
    with ScriptedServer(settings(service, write="confirm"), data=tmp_path) as server:
        token = token_of(server.call("update_message", **change))
    children = [child(service, tmp_path, "update_message", **change, confirm=token) for _ in range(2)]
    for one in children:
        one.communicate()
    # The other one is refused, or comes late enough to learn that it was done already.
    assert any(one.returncode == 0 for one in children)
    assert changes(service) == ["After"]


@pytest.mark.parametrize(("fault", "there"), [("killed before", []), ("killed after", ["Hello"])])
def test_after_kill_9_the_service_the_service_is_looked_at_before_anything_is_sent(service, tmp_path, fault, there):
    service.misbehave(fault)
    killed = child(service, tmp_path, **SAID, idempotency_key="k")
    killed.communicate()
    assert killed.returncode == -9
    # Its lease, which would end a few seconds later.
    apsw.Connection(str(tmp_path / "dragoman.db")).execute("UPDATE writes SET lease = 0")
    with ScriptedServer(settings(service), data=tmp_path) as server:
        answer = server.call("send_message", **SAID, idempotency_key="k")
        assert service.received("room") == there
        if not there:
            server.call("send_message", **SAID, idempotency_key="k", confirm=token_of(answer))
    assert service.received("room") == ["Hello"]


def test_two_processes_with_one_key_send_once_and_answer_alike(service, tmp_path):
    children = [child(service, tmp_path, **SAID, idempotency_key="k") for _ in range(2)]
    (first, failure), (second, other_failure) = [one.communicate() for one in children]
    assert (failure, other_failure) == (b"", b"")
    assert first == second
    assert service.received("room") == ["Hello"]


def test_two_processes_with_one_token_send_once(service, tmp_path):
    with ScriptedServer(settings(service, write="confirm"), data=tmp_path) as server:
        token = token_of(server.call("send_message", conversation=ROOM, text="Hi @channel"))
    children = [child(service, tmp_path, conversation=ROOM, text="Hi @channel", confirm=token) for _ in range(2)]
    for one in children:
        one.communicate()
    # The other one is refused, or comes late enough to learn that it was done already.
    assert any(one.returncode == 0 for one in children)
    assert service.received("room") == ["Hi @channel"]


def age(tmp_path: Path, seconds: float) -> None:
    """Let time pass for everything that was written so far."""
    con = apsw.Connection(str(tmp_path / "dragoman.db"))
    con.execute(
        "UPDATE writes SET begun = begun - :us, tried = tried - :us, finished = finished - :us, lease = 0",
        {"us": round(seconds * 1_000_000)},
    )


SOON, LATER, DAY = 62.0, 65 * 60.0, 24 * 3600.0


@pytest.mark.parametrize("seconds", [0.0, SOON, LATER, DAY - 60])
def test_killed_between_the_write_and_its_answer_the_repetition_gets_the_first_result(service, tmp_path, seconds):
    service.misbehave("killed reading")
    killed = child(service, tmp_path, **SAID)
    killed.communicate()
    assert killed.returncode == -9
    assert outcomes(tmp_path) == ["begun", "done"]
    age(tmp_path, seconds)
    with ScriptedServer(settings(service), data=tmp_path) as server:
        again = server.call("send_message", **SAID)
        assert "its answer may not have arrived. Nothing was sent again." in again
        assert again.endswith("me: Hello")
        assert service.received("room") == ["Hello"]
        age(tmp_path, SOON)
        server.call("send_message", **SAID)
    assert service.received("room") == ["Hello", "Hello"]


@pytest.mark.anyio
@pytest.mark.parametrize("seconds", [0.0, SOON, LATER, DAY - 60])
async def test_timed_out_in_the_read_back_the_repetition_gets_the_first_result(service, tmp_path, seconds):
    service.misbehave("hangs reading")
    async with opened(service, tmp_path) as shared:
        await shared.workspace.store()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call_tool, shared, "send_message", SAID)
            while "done" not in outcomes(tmp_path):
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        age(tmp_path, seconds)
        again = (await call_tool(shared, "send_message", SAID)).text
    assert "its answer may not have arrived. Nothing was sent again." in again
    assert service.received("room") == ["Hello"]


@pytest.mark.parametrize("seconds", [SOON, LATER, 30 * DAY])
def test_an_unknown_outcome_stays_so_however_long_ago_it_was(server, service, tmp_path, seconds):
    service.misbehave("dropped")
    server.error("send_message", **SAID)
    age(tmp_path, seconds)
    assert "because an earlier call was cut off: its outcome is unknown" in server.call("send_message", **SAID)
    assert service.received("room") == []


@pytest.mark.anyio
async def test_nobody_else_is_told_or_held_up_by_a_write_that_was_cut_off(service, tmp_path):
    ann, bo = (Caller(principal=Principal(name=name)) for name in ("ann", "bo"))
    async with opened(service, tmp_path) as shared:
        service.misbehave("dropped")
        with pytest.raises(DragomanError):
            await call_tool(shared, "send_message", SAID, ann)
        more = await call_tool(shared, "send_message", {**SAID, "text": "More"}, bo)
        assert "outcome" not in more.text
        same = await call_tool(shared, "send_message", SAID, bo)
        assert same.text.startswith("sent ")
        assert (
            "outcome of an earlier write"
            in (await call_tool(shared, "send_message", {**SAID, "text": "More"}, ann)).text
        )
    assert service.received("room") == ["More", "Hello", "More"]


@pytest.mark.anyio
async def test_many_calls_with_one_key_send_once(service, tmp_path):
    answers: list[str] = []
    async with opened(service, tmp_path) as shared:

        async def send() -> None:
            answers.append((await call_tool(shared, "send_message", {**SAID, "idempotency_key": "k"})).text)

        async with anyio.create_task_group() as tasks:
            for _ in range(8):
                tasks.start_soon(send)
    assert len(set(answers)) == 1
    assert service.received("room") == ["Hello"]


@pytest.mark.anyio
async def test_a_cancelled_send_is_unknown_and_found(service, tmp_path):
    service.misbehave("hangs")
    async with opened(service, tmp_path) as shared:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call_tool, shared, "send_message", SAID)
            while not service.received("room"):
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        answer = await call_tool(shared, "send_message", SAID)
    assert "Nothing was sent again" in answer.text
    assert service.received("room") == ["Hello"]
