import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.core.model import Attachment, Author, AuthorKind, Reaction
from dragoman.core.times import parse_time
from dragoman.providers.glean.chat.mapping import to_conversation, to_messages
from dragoman.providers.glean.conversation_id import Address
from dragoman.providers.glean.mapping.chat_wire import Chat
from dragoman.providers.glean.mapping.mapping import emoji, to_message
from dragoman.providers.glean.mapping.message_batch import is_coarse, to_batch
from dragoman.providers.glean.mapping.results import Piece, flatten_results, snippet_text
from dragoman.providers.glean.mapping.wire import MessagesAnswer, Result, SearchAnswer, Snippet
from dragoman.providers.glean.search import relevant, to_hit
from dragoman.providers.glean.settings import GleanSettings
from dragoman.providers.kit.wire import lenient

ACCOUNT = GleanSettings.model_validate({"provider": "glean", "base_url": "https://a-be.glean.com", "token": "t"})
ROOM = "slack.channel.C1"
PLACE = Address.parse(ROOM, ACCOUNT)
THREAD = Address.parse("slack.thread.1.2", ACCOUNT)

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def members(names, inner=anything):
    return st.dictionaries(st.sampled_from(names), inner, max_size=6)


people = members(["name", "obfuscatedId", "metadata"]) | anything
metadata = members(
    ["createTime", "updateTime", "author", "owner", "container", "containerId", "parentId", "datasourceId", "labels",
     "mentionedPeople", "interactions", "documentId", "objectType", "status"],
    people
    | st.sampled_from(["2024-06-03T16:00:00.123Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
    | members(["reacts", "reactions", "numComments", "numReactions"]),
)  # fmt: skip
documents = members(
    ["id", "url", "title", "metadata", "content", "docType"], metadata | members(["fullTextList"]) | anything
)


def results(deeper):
    one = members(
        ["url", "document", "metadata", "fullText", "fullTextList", "snippets", "relatedResults", "clusteredResults",
         "allClusteredResults", "attachments", "attachmentCount", "clusterType", "title"],
        documents
        | deeper
        | st.lists(members(["text", "snippet", "ranges", "snippetTextOrdering", "mimeType"]), max_size=2),
    )  # fmt: skip
    related = st.fixed_dictionaries(
        {"relation": st.just("CONVERSATION_MESSAGES"), "results": st.lists(one, max_size=2)}
    )
    return one | st.fixed_dictionaries({"url": st.text(), "relatedResults": st.lists(related, max_size=2)})


nested = results(results(anything))
answers = st.fixed_dictionaries(
    {"hasMore": st.booleans() | anything},
    optional={
        "rootMessage": nested | anything,
        "searchResponse": st.fixed_dictionaries({"results": st.lists(nested | anything, max_size=4)}) | anything,
    },
)


@given(raw=answers)
@settings(deadline=None)
def test_any_answer_with_messages_maps_and_each_message_has_what_every_message_has(raw):
    before = json.dumps(raw)
    answer = lenient(MessagesAnswer, raw)
    for place in (PLACE, THREAD):
        batch = to_batch(answer, place, ROOM)
        found = [*batch.messages, *([batch.root] if batch.root else [])]
        assert len({m.id for m in found}) == len(found)
        for message in found:
            assert message.id
            assert message.author.name.strip()
            assert message.sent_at is None or message.sent_at.utcoffset() is not None
    assert json.dumps(raw) == before


@given(good=st.lists(st.text(min_size=1, max_size=5), max_size=4), bad=st.lists(anything, max_size=3), data=st.data())
@settings(deadline=None)
def test_one_bad_item_never_costs_another(good, bad, data):
    items = [{"url": f"https://x.example/{number}", "fullTextList": [text]} for number, text in enumerate(good)]
    mixed = data.draw(st.permutations([*items, *bad]))
    batch = to_batch(lenient(MessagesAnswer, {"searchResponse": {"results": mixed}}), PLACE, ROOM)
    assert {m.id for m in batch.messages} >= {one["url"] for one in items}
    assert {m.text for m in batch.messages if m.id.startswith("https://x.example/")} == set(good)


@given(raw=st.fixed_dictionaries({"results": st.lists(nested | anything, max_size=4)}), query=st.text(max_size=6))
@settings(deadline=None)
def test_any_search_answer_maps_and_highlights_lie_inside(raw, query):
    for piece in relevant(flatten_results(lenient(SearchAnswer, raw).results), query):
        hit = to_hit(piece, ROOM)
        shown = hit.message.text if hit.excerpt is None else hit.excerpt
        assert all(0 <= start < end <= len(shown) for start, end in hit.highlights)


@given(
    raw=members(
        ["id", "name", "createTime", "updateTime", "createdBy", "roles", "messages", "applicationName"],
        anything
        | people
        | st.lists(
            members(
                ["author", "messageType", "messageId", "ts", "fragments", "citations", "uploadedFileIds"],
                anything
                | st.sampled_from(["USER", "GLEAN_AI", "CONTENT", "ERROR"])
                | st.lists(members(["text", "citation", "file", "structuredResults", "querySuggestion"]), max_size=3),
            ),
            max_size=4,
        ),
    )
)
@settings(deadline=None)
def test_any_chat_maps_and_ids_differ(raw):
    chat = lenient(Chat, raw)
    messages = to_messages(chat, "chat.c1")
    assert to_conversation(chat, "c1").id == "chat.c1"
    assert len({m.id for m in messages}) == len(messages)
    assert all(m.author.name.strip() for m in messages)


def mapped(**members):
    return to_message(lenient(Result, {"url": "https://x.example/1", **members}), ROOM)


@pytest.mark.parametrize(
    ("members", "text", "partial"),
    [
        ({"fullTextList": ["a", "", "b"], "fullText": "c"}, "a\n\nb", False),
        ({"fullTextList": [], "fullText": "c"}, "c", False),
        ({"fullTextList": None, "document": {"content": {"fullTextList": ["d", "e"]}}}, "d\ne", False),
        ({"snippets": [{"text": "second", "snippetTextOrdering": 2}, {"text": "first", "snippetTextOrdering": 1}]},
         "first\nsecond", True),
        ({"snippets": [{"text": "<p>a &amp; b</p><p>c</p>", "mimeType": "text/html"}]}, "a & b\nc", True),
        ({"snippets": [{"snippet": "an \ue006old\ue007 one"}]}, "an old one", True),
        ({}, "", False),
    ],
)  # fmt: skip
def test_the_text_comes_from_the_best_place_that_has_one(members, text, partial):
    message = mapped(**members)
    assert (message.text, message.partial) == (text, partial)


def test_the_id_is_of_the_document_then_of_its_metadata_then_the_link():
    ids = [
        mapped(document={"id": "d", "metadata": {"documentId": "m"}}).id,
        mapped(document={"metadata": {"documentId": "m"}}).id,
        mapped(metadata={"documentId": "old"}).id,
        mapped().id,
    ]
    assert ids == ["d", "m", "old", "https://x.example/1"]


def test_the_author_is_the_owner_where_there_is_no_author():
    owner = {"owner": {"name": "Ann", "obfuscatedId": "u1", "metadata": {"email": "ann@x.example"}}}
    assert mapped(metadata=owner).author == Author(id="u1", name="Ann", email="ann@x.example")
    assert mapped(metadata={"author": {}, **owner}).author.name == "Ann"
    assert mapped(metadata={"author": {"name": None, "obfuscatedId": "u9"}}).author == Author(id="u9", name="u9")


@pytest.mark.parametrize(
    "members",
    [
        {"author": {"name": "B", "metadata": {"type": "NON_EMPLOYEE"}}},
        {"author": {"name": "B"}, "objectType": "Bot Message"},
    ],
)
def test_bots_are_told_by_their_type_or_that_of_the_message(members):
    assert mapped(metadata=members).author.kind is AuthorKind.BOT


def test_a_change_within_a_second_is_no_edit_but_a_later_one_is():
    created = "2024-06-03T16:00:00.004Z"
    assert mapped(metadata={"createTime": created, "updateTime": "2024-06-03T16:00:00.9Z"}).edited_at is None
    edited = mapped(metadata={"createTime": created, "updateTime": "2024-06-03T16:09:10Z"}).edited_at
    assert edited == datetime(2024, 6, 3, 16, 9, 10, tzinfo=UTC)


def test_reactions_in_both_forms():
    reacts = [
        {"type": "eyes", "count": 3, "reactors": [{"name": "Ann"}]},
        {"type": "our_logo", "count": 1},
        {"count": 4},
    ]
    newer = mapped(metadata={"interactions": {"reacts": reacts, "reactions": ["x"]}}).reactions
    assert newer == (Reaction(emoji="👀", count=3, by=("Ann",)), Reaction(emoji=":our_logo:", count=1))
    older = mapped(metadata={"interactions": {"reactions": ["tada", "tada", "eyes"]}}).reactions
    assert older == (Reaction(emoji="🎉", count=2), Reaction(emoji="👀", count=1))


def test_files_and_how_many_there_are_beyond_them():
    files = [{"url": "https://f.example/a%20b.png", "document": {"id": "f1", "metadata": {"mimeType": "image/png"}}}]
    message = mapped(attachments=files, attachmentCount=3)
    assert message.attachments == (
        Attachment(name="a b.png", id="f1", media_type="image/png", url="https://f.example/a%20b.png"),
    )
    assert message.extra["attachments"] == 3


def test_a_parent_that_is_only_the_channel_is_none():
    assert mapped(metadata={"parentId": "C", "containerId": "C"}).reply_to is None
    assert mapped(metadata={"parentId": "m0", "containerId": "C"}).reply_to == "m0"


def test_parts_are_found_in_the_older_form_and_beneath_others():
    whole = {"relatedResults": [{"relation": "CONVERSATION_MESSAGES", "documents": [{"id": "p1"}, {"id": "p2"}]}]}
    beside = {
        "url": "u",
        "clusteredResults": [{"url": "c"}],
        "allClusteredResults": [{"clusteredResults": [{"url": "d"}]}],
    }
    answer = lenient(SearchAnswer, {"results": [whole, beside]})
    found = [(to_message(piece.result, ROOM).id, piece.whole is not None) for piece in flatten_results(answer.results)]
    assert found == [("p1", True), ("p2", True), ("u", False), ("c", False), ("d", False)]


def test_of_a_whole_conversation_the_parts_with_the_words_count_or_else_all():
    parts = [
        {"url": f"https://x.example/{n}", "fullTextList": [text]} for n, text in enumerate(["Deployed!", "Lunch?"])
    ]
    whole = {"relatedResults": [{"relation": "CONVERSATION_MESSAGES", "results": parts}]}
    results = lenient(SearchAnswer, {"results": [whole]}).results
    assert [piece.result.url[-1] for piece in relevant(flatten_results(results), "deploy")] == ["0"]
    assert [piece.result.url[-1] for piece in relevant(flatten_results(results), "release")] == ["0", "1"]


def test_a_hit_shows_the_passage_and_drops_marks_that_lie_outside():
    ranges = [{"startIndex": 2, "endIndex": 4}, {"startIndex": 3, "endIndex": 99}, {"startIndex": 4, "endIndex": 2}, {}]
    result = lenient(Result, {"url": "u", "fullText": "whole", "snippets": [{"text": "passage", "ranges": ranges}]})
    hit = to_hit(Piece(result), ROOM)
    assert (hit.message.text, hit.excerpt, hit.highlights) == ("whole", "passage", ((2, 4),))


def test_two_messages_with_one_link_and_different_texts_are_two():
    items = [{"url": "https://x.example/1", "fullText": "a"}, {"url": "https://x.example/1", "fullText": "b"},
             {"url": "https://x.example/1", "fullText": "a"}]  # fmt: skip
    batch = to_batch(lenient(MessagesAnswer, {"searchResponse": {"results": items}}), PLACE, ROOM)
    assert sorted(m.text for m in batch.messages) == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2024-06-03T16:00:00.004Z", "2024-06-03T16:00:00.004000+00:00"),
        ("2024-06-03T18:00:00+02:00", "2024-06-03T16:00:00+00:00"),
        ("2024-06-03T16:00:00", "2024-06-03T16:00:00+00:00"),
        ("1717430400", "2024-06-03T16:00:00+00:00"),
        ("1717430400123", "2024-06-03T16:00:00.123000+00:00"),
        ("2024-06-03T16:00:00.123456789Z", "2024-06-03T16:00:00.123456+00:00"),
    ],
)
def test_times_in_every_form_that_is_seen(text, shown):
    assert parse_time(text).isoformat() == shown


@pytest.mark.parametrize("text", [None, "", "soon", "0001-01-01T00:00:00+14:00", "9" * 20])
def test_what_is_no_time_is_none(text):
    assert parse_time(text) is None


def test_precision_is_read_from_the_text():
    assert is_coarse("2024-06-03T16:00:00Z")
    assert not is_coarse("2024-06-03T16:00:00.000Z")
    assert not is_coarse(None)


def test_emoji_stay_and_unknown_names_keep_their_colons():
    assert [emoji(name) for name in ("👍", ":tada:", "Rocket", ":acme:")] == ["👍", "🎉", "🚀", ":acme:"]


def test_markup_becomes_the_text_that_it_shows():
    markup = "a < b<br/>c<script>alert(1)</script> &lt;d&gt;"
    assert snippet_text(Snippet(text=markup, mimeType="text/html")) == "a < b\nc <d>"
    assert snippet_text(Snippet(text=markup)) == markup
