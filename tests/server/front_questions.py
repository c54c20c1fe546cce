"""Questions that the front answers, and what the SDK answers to them."""

import json
import os
from pathlib import Path
from typing import Any

from dragoman_server.config import load
from dragoman_server.mcp import server
from dragoman_server.runtime import startup_checks, tool_context
from dragoman_server.transports.stdio import early_responder, predicted_results, transport
from dragoman_server.transports.stdio.pipes import StdioPipes

FILE = Path(predicted_results.__file__).with_name(predicted_results.SNAPSHOT)
CLIENT = {"name": "test", "version": "1"}
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": early_responder.MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": CLIENT,
}
VALUES = {
    "address": "ann@example.org",
    "base_url": "https://api.example.com",
    "token": {"env": "TOKEN"},
    "api_key": {"command": ["pass", "key"]},
    "ca_file": "/etc/ca.pem",
    "timeout": 12.5,
    "target": "localhost:50051",
}


def smallest(provider: str, **more: object) -> dict[str, object]:
    """The least that an account of a provider needs."""
    kind = snapshot()["providers"][provider]
    needed = dict.fromkeys([*kind["required"], *kind["secrets"][:1]])
    return {"provider": provider, **{key: VALUES.get(key, {"env": "SECRET"}) for key in needed}, **more}


async def sdk_lines(given_settings: dict[str, Any], lines: list[bytes], *, read_only: bool = False) -> list[bytes]:
    """What the server answers without a front, over pipes."""
    loaded = load.from_mapping(given_settings)
    if read_only:
        loaded = startup_checks.without_writing(loaded)
    to_server, from_client = os.pipe()
    to_client, from_server = os.pipe()
    os.write(from_client, b"".join(lines))
    os.close(from_client)
    with open(to_server, "rb") as incoming, open(from_server, "wb") as outgoing, open(to_client, "rb") as answers:  # noqa: ASYNC230, PTH123
        async with tool_context.open_services(loaded) as shared:
            await transport.serve(server.build(shared), StdioPipes(incoming, outgoing))
        outgoing.close()
        return answers.read().splitlines(keepends=True)


def request(number: int | str, method: str, params: dict[str, Any] | None = None) -> bytes:
    message = {"jsonrpc": "2.0", "id": number, "method": method} | ({} if params is None else {"params": params})
    return json.dumps(message).encode() + b"\n"


def greeting(version: str, **more: Any) -> dict[str, Any]:
    return {"protocolVersion": version, "capabilities": {}, "clientInfo": CLIENT} | more


def asked(version: str) -> dict[str, bytes]:
    """The requests that the front answers, in the order in which a client sends them."""
    if version == early_responder.MODERN:
        params = {"_meta": ENVELOPE}
        return {method: request(n, method, params) for n, method in enumerate(("server/discover", "tools/list"))}
    return {
        "initialize": request(0, "initialize", greeting(version)),
        "tools/list": request("ÿ", "tools/list"),
        "ping": request(2, "ping", {}),
    }


async def sdk_answers(version: str, given_settings: dict[str, Any], *, read_only: bool = False) -> dict[str, bytes]:
    questions = asked(version)
    lines = await sdk_lines(given_settings, list(questions.values()), read_only=read_only)
    by_id = {json.loads(line)["id"]: line for line in lines}
    return {method: by_id[json.loads(line)["id"]] for method, line in questions.items()}


def snapshot() -> dict[str, Any]:
    return json.loads(FILE.read_text(encoding="utf-8"))


def lists_of(predicted: dict[str, dict[str, Any]]) -> tuple[frozenset[str], bool, bool]:
    names = {name for account in predicted.values() for name in account["offers"]}
    traits = (any(account[trait] for account in predicted.values()) for trait in ("external", "narrows"))
    return frozenset(names), *traits


def parsed(answers: dict[str, bytes]) -> dict[str, Any]:
    return {method: json.loads(line) for method, line in answers.items()}


def front_answers(version: str, given_settings: dict[str, Any], *, read_only: bool = False) -> dict[str, Any]:
    found = predicted_results.predict_accounts(snapshot(), given_settings, read_only=read_only)
    assert found is not None, given_settings
    before_the_sdk = early_responder.EarlyResponder(StdioPipes(None, None), predicted_results.fill(snapshot(), found))
    lines = {method: before_the_sdk._answer(line) for method, line in asked(version).items()}
    assert all(line.count(b"\n") == 1 for line in lines.values())
    return parsed(lines)
