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


def test_a_request_whose_id_is_no_text_and_no_whole_number_is_refused(site):
    with site() as server:
        for number in ("null", "true", "false", "1.5", "1e3", "[1]", '{"a": 1}'):
            answer = server.post(f'{{"jsonrpc": "2.0", "id": {number}, "method": "tools/list"}}'.encode())
            assert answer.status == 400, (number, answer)
            told = json.loads(answer.body)
            assert (told["id"], told["error"]["code"]) == (None, -32600), number
            assert told["error"]["message"] == "The id of a request is a text or a whole number.", number
        notice = server.post(b'{"jsonrpc": "2.0", "method": "notifications/initialized"}')
        assert notice.status == 202
