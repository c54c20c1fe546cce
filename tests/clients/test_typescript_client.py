"""The TypeScript client, over both transports, in an old, a middle and the newest version of the protocol."""

import json
from pathlib import Path

import pytest


@pytest.mark.parametrize("version", ["2024-11-05", "2025-06-18", "2026-07-28"])
def test_the_client_lists_calls_hears_progress_cancels_answers_and_takes_errors_and_large_answers(
    place, version, start_node, modules
):
    drive = Path(__file__).parent / "drive.mjs"
    # Without a session an older client's cancelling belongs to no call over HTTP; the closed stream does.
    stops = "stops" if place.reaches_back(version) else "stops later"
    driven = start_node(drive, modules, version, place.notes, stops, *place.target, environment=place.environment)
    said, complaints = driven.communicate(timeout=100)
    assert driven.returncode == 0, complaints
    met = json.loads(said)
    assert met["version"] == version
    assert {"list_conversations", "list_messages"} <= set(met["tools"])
    assert "Hello" in met["called"]
    assert met["wrong"]["isError"]
    assert "nowhere" in met["wrong"]["content"][0]["text"]
    assert met["unknown"] == -32602
    assert met["heard"][0] == "Step 1"
    assert "Hello" in met["slow"]
    assert met["large"] > 150_000
    assert met["cancelled"] == "cancelled"
    assert "Hello" in met["after"]
    if place.asks(version):
        assert len(met["questions"]) == 1
        assert met["text"] in met["questions"][0]
        assert "confirm=" not in met["written"]
    else:
        assert met["questions"] == []
        assert "confirm=" in met["written"]
    assert met["text"] in met["written"]
