"""A list of tools that was answered before anything was known is announced when it becomes shorter."""

import json

from narrow_chat import NOTICE, NarrowChat


def test_a_shorter_list_is_announced_over_the_pipes_also_after_the_early_answer(serve, tmp_path):
    chat = NarrowChat()
    with chat.serve() as address:
        (tmp_path / "dragoman.toml").write_text(chat.account(address))
        with serve("--config", str(tmp_path / "dragoman.toml")) as server:
            opened = server.greet()
            assert opened["result"]["capabilities"]["tools"] == {"listChanged": True}
            before = server.ask(1, "tools/list")
            call = {"name": "list_conversations", "arguments": {}}
            server.send({"id": 2, "method": "tools/call", "params": call})
            told = []
            while not told or told[-1].get("id") != 2:
                told.append(json.loads(server.process.stdout.readline()))
            after = server.ask(3, "tools/list")
    assert [one["method"] for one in told[:-1]] == [NOTICE]
    names = [{tool["name"] for tool in answer["result"]["tools"]} for answer in (before, after)]
    assert names[0] - names[1] == {"send_message", "update_message"}
