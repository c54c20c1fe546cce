"""The query language as a client uses it: operators, filters without words, people, and searches that find nothing."""

import pytest

from dragoman.testing.scripted_server import ScriptedServer

MESSAGES = [
    ("room", "Ann", "2026-03-10T09:01:00Z", "the budget is done", {}),
    ("room", "Ann", "2026-04-02T09:02:00Z", "the invoice is late", {"subject": "Re: March"}),
    ("room", "Hannah", "2026-04-03T09:03:00Z", "lunch and a budget", {}),
    ("random", "Ann", "2026-04-04T09:04:00Z", "budget talk https://example.com/x", {}),
    ("random", "Zoe\u0308 Ko\u0308hler", "2026-04-05T09:05:00Z", "Łódź budget plan", {}),
    ("Cafe\u0301", "me", "2026-04-06T09:06:00Z", "my own words", {}),
    ("Café-two", "James", "2026-04-07T09:07:00Z", "words of James", {}),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    settings = {"timezone": "UTC", "accounts": {"local": {"provider": "local", "name": "me"}}}
    with ScriptedServer(settings, data=tmp_path_factory.mktemp("language")) as server:
        for conversation, author, sent_at, text, more in MESSAGES:
            server.call(
                "import_message",
                conversation=f"local:{conversation}",
                text=text,
                author=author,
                sent_at=sent_at,
                **more,
            )
        (lunch,) = server.json("search_messages", query="lunch")["messages"]
        server.call("update_message", message=str(lunch["number"]), labels=["urgent"])
        yield server


def found(server, query, **more):
    return [hit["text"] for hit in server.json("search_messages", query=query, **more)["messages"]]


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ("from:Ann budget", {"the budget is done", "lunch and a budget", "budget talk https://example.com/x"}),
        ("from:Hannah budget", {"lunch and a budget"}),
        ('from:"zoe kohler" budget', {"Łódź budget plan"}),
        ("-from:ann budget", {"Łódź budget plan"}),
        ("in:#room budget", {"the budget is done", "lunch and a budget"}),
        ("in:local:random budget", {"budget talk https://example.com/x", "Łódź budget plan"}),
        ("-in:random budget", {"the budget is done", "lunch and a budget"}),
        ("before:2026-04-01 budget", {"the budget is done"}),
        ("before:2026/04/01 budget", {"the budget is done"}),
        ("after:2026-04-04 budget", {"budget talk https://example.com/x", "Łódź budget plan"}),
        ("on:2026-04-03 budget", {"lunch and a budget"}),
        ("on:2026-03 budget", {"the budget is done"}),
        ("since:2026-04-03 until:2026-04-04 budget", {"lunch and a budget", "budget talk https://example.com/x"}),
        ("has:link budget", {"budget talk https://example.com/x"}),
        ("label:URGENT budget", {"lunch and a budget"}),
        ("-label:urgent in:room budget", {"the budget is done"}),
        ("subject:march invoice", {"the invoice is late"}),
        ("budget OR invoice in:room", {"the budget is done", "the invoice is late", "lunch and a budget"}),
        ("budget -lunch in:room", {"the budget is done"}),
        ("lodz", {"Łódź budget plan"}),
    ],
)
def test_operators_mean_what_the_parameters_mean(server: ScriptedServer, query: str, texts: set[str]) -> None:
    assert set(found(server, query)) == texts


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("from:Ann budget", "author=Ann"),
        ("in:#room budget", "conversation=#room"),
        ("before:2026-04-01 lunch", "until"),
    ],
)
def test_the_answer_names_the_parameter_that_an_operator_means(
    server: ScriptedServer, query: str, parameter: str
) -> None:
    assert parameter in server.call("search_messages", query=query).split("\n")[1]


@pytest.mark.parametrize("query", ["has:pdf budget", "before:whenever budget", "is:starred budget", "to:ann budget"])
def test_an_operator_that_is_not_understood_is_searched_as_text(server: ScriptedServer, query: str) -> None:
    text = server.call("search_messages", query=query)
    assert text.startswith("0 hits")
    assert f"{query.split(' ', maxsplit=1)[0]} was not understood and searched as text" in text


def test_a_query_without_words_lists_what_its_filters_leave_newest_first(server: ScriptedServer) -> None:
    assert found(server, "", author="Ann", until="2026-04-02") == ["the invoice is late", "the budget is done"]
    assert found(server, "from:Hannah") == ["lunch and a budget"]
    assert found(server, "has:link") == ["budget talk https://example.com/x"]
    assert found(server, "label:urgent") == ["lunch and a budget"]
    assert found(server, "subject:march") == ["the invoice is late"]
    assert found(server, "after:2026-04-03 -from:ann -words") == ["Łódź budget plan"]
    page = server.json("search_messages", query="in:room", limit=2)
    rest = server.json("search_messages", query="in:room", limit=2, cursor=page["cursor"])
    texts = [hit["text"] for hit in (*page["messages"], *rest["messages"])]
    assert texts == ["lunch and a budget", "the invoice is late", "the budget is done"]


def test_times_that_leave_nothing_are_refused(server: ScriptedServer) -> None:
    assert "end before they begin" in server.error("search_messages", query="after:2026-04-02 before:2026-04-01 x")


def test_a_conversation_that_is_not_there_is_answered_with_near_ones(server: ScriptedServer) -> None:
    assert "Nearest: local:random" in server.error("search_messages", query="in:randon budget")


@pytest.mark.parametrize(
    ("query", "notes"),
    [
        ("xylophone", ["another word or spelling"]),
        ("xylophone budget", ["fewer words, or OR"]),
        ('"done budget"', ["words without quotes"]),
        ("xylophone from:ann", ["without the author"]),
        ("is:unread budget", ["what an account marks as unread", "without is:unread"]),
        ("xylophone -budget", ["Messages with budget were excluded."]),
        ("xylophone --force", ["--force was searched as force."]),
        ('"xylophone', ["not closed"]),
    ],
)
def test_nothing_found_says_what_was_searched_and_what_would_find_more(
    server: ScriptedServer, query: str, notes: list[str]
) -> None:
    text = server.call("search_messages", query=query)
    header, *lines = text.split("\n")
    assert header.startswith("0 hits · local: ")
    assert all(line.startswith("-- note: ") for line in lines)
    for note in notes:
        assert note in text


@pytest.mark.parametrize(("typed", "meant"), [("bugdet", "budget"), ("invoce", "invoice"), ("lunchh", "lunch")])
def test_a_misspelt_word_is_found_and_told(server: ScriptedServer, typed: str, meant: str) -> None:
    text = server.call("search_messages", query=typed)
    assert f"**{meant}**" in text
    assert f"Nothing has {typed}, so {meant} was searched instead." in text


def test_a_word_that_somebody_wrote_is_never_corrected(server: ScriptedServer) -> None:
    assert found(server, "lunch from:zoe") == []


@pytest.mark.parametrize("tool", ["list_messages", "search_messages"])
def test_an_author_who_is_not_there_is_told_with_the_nearest_names(server: ScriptedServer, tool: str) -> None:
    more = {"query": "budget"} if tool == "search_messages" else {}
    text = server.call(tool, conversation="local:random", author="Zoe Koller", **more)
    assert "Nobody called" in text
    assert "Zoë Köhler" in text.replace("e\u0308", "ë").replace("o\u0308", "ö")


def test_an_author_of_another_time_is_not_called_unknown(server: ScriptedServer) -> None:
    text = server.call("list_messages", conversation="local:room", author="hannah", until="2026-03-11")
    assert "Hannah wrote nothing in what was asked for" in text


def test_me_is_the_accounts_own_author_and_nobody_else(server: ScriptedServer) -> None:
    assert found(server, "words", author="me") == ["my own words"]
    assert found(server, "from:me") == ["my own words"]
    assert "0 messages" in server.call("list_messages", conversation="local:Café-two", author="me")


@pytest.mark.parametrize("title", ["Café", "cafe\u0301", "CAFE", "#café"])
def test_titles_are_compared_folded(server: ScriptedServer, title: str) -> None:
    assert "my own words" in server.call("list_messages", conversation=title)
    assert server.json("list_conversations", query=title)["conversations"][0]["title"]


@pytest.mark.parametrize("reference", ["local:Café", "local:Cafe\u0301"])
def test_a_reference_is_found_however_its_letters_are_composed(server: ScriptedServer, reference: str) -> None:
    assert "my own words" in server.call("list_messages", conversation=reference)
    assert found(server, "words", conversation=reference) == ["my own words"]


def test_the_title_that_is_written_so_wins_over_one_that_only_folds_to_it(dragoman: ScriptedServer) -> None:
    for title in ("room", "ROOM", "rôom"):
        message = {"author": "Ann", "sent_at": "2026-03-10", "text": f"in {title}"}
        dragoman.call("import_message", conversation=f"local:{title}", **message)
    for title in ("room", "ROOM", "rôom", "#ROOM"):
        assert f"in {title.lstrip('#')}" in dragoman.call("list_messages", conversation=title)
    assert "have this title" in dragoman.error("list_messages", conversation="rÖom")
