"""What Slack writes becomes Markdown in which nothing is lost, empty, or said twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.emoji_names import emoji_of
from dragoman.core.slack.message_text import SlackText


class Names:
    def name_of(self, id_):
        return {"U1": "Ann Lee", "U2": "Bo"}.get(id_, "")

    def title_of(self, id_):
        return {"C1": "room"}.get(id_, "")

    def group_of(self, id_):
        return {"S1": "oncall"}.get(id_, "")


TEXT = SlackText(Names(), markdown=True)


def written(**members):
    return TEXT.of_message({"type": "message", "text": "", **members})


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<@U1> <@U1|nick> <@U9|guest> <@W9>", "@Ann Lee @Ann Lee @guest @W9"),
        ("<#C1|> <#C1|old> <#C7|gone> <#C7>", "#room #room #gone #C7"),
        ("<!subteam^S1> <!subteam^S2|@ops> <!subteam^S3>", "@oncall @ops @S3"),
        ("<!here> <!channel|@channel> <!everyone>", "@here @channel @everyone"),
        ("<!date^1^{date}|Monday> <!date^1^{date}^https://x.example/|Monday>", "Monday [Monday](https://x.example/)"),
        ("<https://x.example/?a=1&amp;b=2|here>", "[here](https://x.example/?a=1&b=2)"),
        ("<https://evil.example|https://bank.example>", "[https://bank.example](https://evil.example)"),
        ("<https://x.example/a_(b)|a] (c>", "[a) (c](<https://x.example/a_(b)>)"),
        ("<https://x.example|x.example> <mailto:a@x.example|a@x.example>", "https://x.example a@x.example"),
        ("&lt;!here&gt; &amp;lt; &quot;", "<!here> &lt; &quot;"),
        ("Map<String, List> a < b > c -> d", "Map<String, List> a < b > c -> d"),
        ("*bold* and *two words* ~gone~ _so_", "**bold** and **two words** ~~gone~~ _so_"),
        ("*by <@U1>* 2*3*4 a*b* snake_case_name", "**by @Ann Lee** 2*3*4 a*b* snake_case_name"),
        ("`*a* &lt; :tada:` ```*b*\n~c~``` :tada:", "`*a* < :tada:` ```*b*\n~c~``` 🎉"),
        (":+1::skin-tone-2: :party-relay: at 10:30:15", "👍🏻 :party-relay: at 10:30:15"),
        ("  kept \n\t as it is  \n", "  kept \n\t as it is  \n"),
        ("\ufdd07\ufdd1 <@U1>", "\ufdd07\ufdd1 @Ann Lee"),
    ],
)
def test_markup_is_read_as_people_see_it(markup, text):
    assert written(text=markup) == text


def rich(*elements, kind="rich_text_section", **members):
    return {"type": "rich_text", "elements": [{"type": kind, "elements": list(elements), **members}]}


def test_styles_of_rich_text_stand_at_the_borders_of_words():
    bold, code = {"bold": True, "italic": True}, {"code": True}
    block = rich(
        {"type": "text", "text": "So "},
        {"type": "text", "text": " very good ", "style": bold},
        {"type": "text", "text": "a`b", "style": code},
        {"type": "link", "url": "https://x.example/", "text": "see", "style": {"strike": True}},
    )
    assert written(blocks=[block]) == "So  **_very good_** `` a`b ``~~[see](https://x.example/)~~"


def test_a_code_block_that_holds_a_fence_is_fenced_longer():
    block = rich({"type": "text", "text": "```\nx\n```"}, kind="rich_text_preformatted", language="sql")
    assert written(blocks=[block]) == "````sql\n```\nx\n```\n````"


def test_blocks_count_and_the_summary_beside_them_does_not():
    header = {"type": "header", "text": {"type": "plain_text", "text": "Deploy *1* :rocket:"}}
    assert written(text="Summary", blocks=[header]) == "Deploy *1* 🚀"


def test_a_block_of_markdown_stays_as_it_is_but_for_names():
    assert written(blocks=[{"type": "markdown", "text": "# *a* <@U1> &amp; `x`"}]) == "# *a* @Ann Lee &amp; `x`"


def test_a_block_of_an_unknown_kind_gives_its_words_and_what_the_summary_has_beside_them():
    block = {"type": "hologram", "inner": [{"deep": {"title": {"type": "mrkdwn", "text": "*Seen* by <@U1>"}}}]}
    assert written(text="Seen by Ann Lee", blocks=[block]) == "**Seen** by @Ann Lee"
    assert written(text="Cost 7 EUR", blocks=[{"type": "hologram", "value": "secret"}]) == "Cost 7 EUR"
    assert written(text="Cost 7 EUR", blocks=[block]) == "**Seen** by @Ann Lee\nCost 7 EUR"


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"files": [{"id": "F1", "mode": "tombstone"}]}, "[file]"),
        ({"subtype": "ekm_access_denied"}, "[not shown: the organisation withdrew the key of this message]"),
        ({"blocks": [{"type": "divider"}, {"type": "future_thing"}]}, "[divider, future thing]"),
        ({"subtype": "channel_hologram"}, "[channel hologram]"),
        ({"text": None, "blocks": 7, "attachments": {"a": 1}}, "[no text]"),
        ({"attachments": [{"fallback": "only this"}]}, "only this"),
        ({"text": "Same", "attachments": [{"fallback": "Same", "text": "Same"}]}, "Same"),
        ({"text": "This content can't be displayed.", "attachments": [{"text": "Report"}]}, "Report"),
    ],
)
def test_no_message_is_empty_and_no_words_come_twice(members, text):
    assert written(**members) == text


def test_a_forwarded_message_is_quoted_with_its_author_and_where_it_stood():
    inner = {"message": {"blocks": [rich({"type": "text", "text": "Yes\nreally"})]}}
    card = {"is_share": True, "author_name": "Cy", "channel_id": "C1", "text": "", "message_blocks": [inner]}
    assert written(attachments=[card]) == "> Cy (#room): Yes\n> really"


def test_the_words_of_a_mail_and_of_a_recording_are_shown():
    mail = {"mode": "email", "subject": "Bill", "from": [{"address": "a@x.example"}], "plain_text": "Pay\n"}
    clip = {"mode": "hosted", "transcription": {"preview": {"content": "Hello"}}}
    assert written(files=[mail, clip]) == "Bill\nFrom: a@x.example\nPay\nTranscript: Hello"


def test_a_call_says_who_was_there():
    room = {"created_by": "U1", "participant_history": ["U1", "U2", "U9"], "date_start": 1773126420}
    assert written(subtype="huddle_thread", room=room) == "Huddle, begun by Ann Lee, with Bo, U9, 07:07 UTC, running"


def test_tables_have_their_rows():
    rows = [[{"type": "raw_text", "text": "a"}, {"type": "raw_text", "text": ""}], [None, {"type": "raw_text"}]]
    assert written(blocks=[{"type": "table", "rows": rows}]) == "a | \n | "


KEYS = st.sampled_from(["type", "text", "blocks", "elements", "attachments", "files", "rows", "room", "style", "url"])
KINDS = st.sampled_from(["rich_text", "rich_text_list", "section", "mrkdwn", "table", "context", "link", "date", "x"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | KINDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(KEYS, ANYTHING, max_size=6))
def test_whatever_comes_there_is_text(message):
    assert TEXT.of_message(message).strip() or message.get("text") is not None


@pytest.mark.parametrize("name", ["flag-scotland", "man-facepalming", "woman-gesturing-ok", "beetle", "simple_smile"])
def test_every_name_that_slack_gives_emoji_is_known(name):
    assert not emoji_of(name).startswith(":")
