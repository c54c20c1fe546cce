"""Bodies that are refused are told so in plain words."""

import json

LIBRARY = ("validation error", "JSONRPCRequest", "pydantic", "expected", "column", "Field required", "Validation error")
BODIES = (b"{", b"\xff", b"", b"[1, 2", b'{"jsonrpc": "2.0"}', b'{"jsonrpc": "1.0", "id": 1}', b"3", b"[]")


def test_a_body_that_is_no_message_is_refused_in_plain_words(site):
    with site() as server:
        for body in BODIES:
            answer = server.post(body)
            assert answer.status == 400, (body, answer)
            said = json.loads(answer.body)["error"]["message"]
            assert said.endswith("."), (body, said)
            assert not any(word in said for word in LIBRARY), (body, said)
        assert server.ask("tools/list").status == 200
