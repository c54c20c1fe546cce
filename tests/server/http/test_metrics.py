"""The page for Prometheus: off unless it is set, for those who may call, and nothing of what was said."""

import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from dragoman_server.transports.http.auth.api_tokens import create_token, hash_token

ANN, BOB = create_token(), create_token()
ACCOUNTS = '[accounts.one]\nprovider = "local"\n[accounts.two]\nprovider = "local"\npath = "two.db"\n'
AUTH = f'[auth.tokens.ann]\nhash = "{hash_token(ANN)}"\n'
AUTH += f'[auth.tokens.bob]\nhash = "{hash_token(BOB)}"\naccounts = ["two"]\n'


def page(server, token=None, **headers):
    return server.get("/metrics", **({"Authorization": f"Bearer {token}"} if token else {}), **headers)


def samples(answer):
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(answer.body.decode())
    return {(sample.name, *sorted(sample.labels.items())): sample.value for it in families for sample in it.samples}


def calls_of(found, account):
    return sum(v for k, v in found.items() if k[0] == "dragoman_tool_calls_total" and ("account", account) in k)


@pytest.fixture
def often(monkeypatch, environment, tmp_path):
    """Have servers write their counts down at once."""
    (tmp_path / "sitecustomize.py").write_text(
        "import dragoman.store.usage_counter\ndragoman.store.usage_counter.WRITE_INTERVAL = 0.01\n"
    )
    environment["PYTHONPATH"] = str(tmp_path)


def test_without_the_setting_there_is_no_such_page(site):
    with site() as server:
        assert page(server).status == 404


def test_calls_are_counted_over_all_workers_and_shown_to_who_may_use_the_account(site, often):
    with site(f"[http]\nmetrics = true\n{ACCOUNTS}{AUTH}", "--workers", "2") as server:
        for account in ("one", "two", "two"):
            server.call("search_messages", ANN, query="confidential words", account=account)
        server.call("list_messages", ANN, conversation="two:nowhere")
        end = time.monotonic() + 30
        while calls_of(samples(page(server, ANN)), "two") < 3 and time.monotonic() < end:
            time.sleep(0.1)
        everything = samples(page(server, ANN))
        assert calls_of(everything, "one") == 1
        assert calls_of(everything, "two") == 3
        missing = ("dragoman_tool_calls_total", ("account", "two"), ("outcome", "not_found"), ("tool", "list_messages"))
        assert everything[missing] == 1
        assert everything["dragoman_store_up",] == 1
        seconds = ("account", "two"), ("tool", "search_messages")
        assert everything[("dragoman_tool_duration_seconds_count", *seconds)] == 2
        assert everything[("dragoman_tool_duration_seconds_bucket", seconds[0], ("le", "+Inf"), seconds[1])] == 2
        theirs = page(server, BOB)
        assert calls_of(samples(theirs), "two") == 3
        assert b'account="one"' not in theirs.body
        assert b"confidential" not in page(server, ANN).body


def test_nobody_else_sees_the_page(site):
    with site(f"[http]\nmetrics = true\n{ACCOUNTS}{AUTH}") as server:
        assert page(server).status == 401
        assert page(server, "dragoman_wrong").status == 401
        assert page(server, ANN, Host="evil.example").status == 421
        assert page(server, ANN, Origin="https://evil.example").status == 403
        assert server.request("POST", "/metrics", b"", {"Authorization": f"Bearer {ANN}"}).status == 405
        assert page(server, ANN).status == 200
