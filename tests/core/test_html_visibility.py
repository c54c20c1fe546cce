"""What a reader of HTML does not see is no text of it, and what a reader sees is never lost."""

from __future__ import annotations

import pytest

from dragoman.core.html_text import to_text

HIDDEN_STYLES = (
    "display:none", "DISPLAY : NONE !important", "display:/**/none", "display:n\\6fne", "visibility:hidden",
    "content-visibility:hidden", "opacity:0", "opacity:0.01", "opacity:5%", "filter:opacity(0)", "font-size:0",
    "font-size:1px", "font-size:.1pt", "font:0/0 a", "font: 1px/1px sans-serif", "color:#fff", "color:#fefefe",
    "color:white", "color:rgb(255,255,255)", "color:rgba(0,0,0,0)", "color:#00000000", "color:transparent",
    "color:hsl(0,0%,100%)", "color:#000;-webkit-text-fill-color:transparent", "background:#123456;color:#123456",
    "position:absolute;left:-9999px", "margin-left:-9999px", "text-indent:-9999px", "letter-spacing:-1000px",
    "max-height:0;overflow:hidden", "height:1px;overflow:hidden", "position:absolute;clip:rect(0,0,0,0)",
    "clip-path:inset(100%)", "transform:scale(0)",
)  # fmt: skip
SEEN_STYLES = (
    "display:block", "color:#333", "color:#fff;background:#004488", "color:#fff;background:url(x.png)",
    "font-size:13px", "font-size:.8em", "font:14px/1.5 Arial", "opacity:.9", "left:-1px",
    "position:relative;left:-10px", "overflow:hidden;height:20px", "margin-left:-12px", "color:var(--ink)",
    "letter-spacing:-1px", "transform:scale(1)", "clip:auto", "visibility:visible", "text-indent:-20px",
)  # fmt: skip


def sees(markup):
    return "WORDS" in to_text(f"<p>Hello</p>{markup}<p>Bye</p>")


@pytest.mark.parametrize("style", HIDDEN_STYLES)
def test_text_that_its_style_hides_is_left_out(style):
    assert not sees(f'<div style="{style}">WORDS</div>')
    assert not sees(f'<div style="{style}"><b>and <i>WORDS</i></b></div>')


@pytest.mark.parametrize("style", HIDDEN_STYLES)
@pytest.mark.parametrize(
    ("selector", "element"),
    [(".x", "<div class='a x'>"), ("#y", "<div id=y>"), ("em", "<em>"), ("div.x", "<div class=X>")],
)
def test_text_that_a_style_sheet_hides_is_left_out(style, selector, element):
    assert not sees(f"<style>.q, {selector} {{ {style} }}</style>{element}WORDS</div></em>")


@pytest.mark.parametrize("style", SEEN_STYLES)
def test_text_that_its_style_shows_stays(style):
    assert sees(f'<div style="{style}">WORDS</div>')
    assert sees(f"<style>.x{{{style}}}</style><div class=x>WORDS</div>")


@pytest.mark.parametrize(
    "markup",
    [
        "<style>.a .b{display:none}</style><div class=a><p><span class=b>WORDS</span></p></div>",
        "<style>.a > .b{display:none}</style><div class=a><span class=b>WORDS</span></div>",
        "<style>@media screen{.b{display:none}}</style><span class=b>WORDS</span>",
        "<style>@media (min-width:1px){.b{display:none}}</style><span class=b>WORDS</span>",
        "<style>@media screen and (min-width: 480px) {.b{display:none}}</style><span class=b>WORDS</span>",
        "<style>@supports (display:grid){.b{display:none}}</style><span class=b>WORDS</span>",
        "<style>@layer x{@media all{.b{display:none}}}</style><span class=b>WORDS</span>",
        "<style>[data-x]{display:none}</style><span data-x=1>WORDS</span>",
        "<style>span[data-x='Secret']{display:none}</style><span data-x=secret>WORDS</span>",
        "<style>[class^=pre][class$='er']{display:none}</style><span class=preheader>WORDS</span>",
        "<style>.a > [class~=b]{display:none}</style><div class=a><span class='q b'>WORDS</span></div>",
        "<style>[id*=idd]{display:none}</style><span id=hidden>WORDS</span>",
        "<style><!-- .b{display:none} --></style><span class=b>WORDS</span>",
        "<span class=b>WORDS</span><style>.b{display:none}</style>",
        "<style>.b{display:none!important}</style><span class=b style='display:inline'>WORDS</span>",
        "<table bgcolor='#000000'><tr><td><font color='#000000'>WORDS</font></td></tr></table>",
        "<font color=white>WORDS</font>",
        "<p hidden>WORDS</p>",
        "<img src=x width=1 height=1 alt=WORDS>",
        "<img src=x style='display:none' alt=WORDS>",
        "<!-- WORDS --><script>WORDS</script><template>WORDS</template><title>WORDS</title>",
    ],
)
def test_other_ways_to_hide_text_are_known(markup):
    assert not sees(markup)


@pytest.mark.parametrize(
    "markup",
    [
        "<style>.a .b{display:none}</style><div class=b>WORDS</div>",
        "<style>.a > .b{display:none}</style><div class=a><p><span class=b>WORDS</span></p></div>",
        "<style>@media only screen and (max-width:600px){.b{display:none!important}}</style><p class=b>WORDS</p>",
        "<style>@media print{.b{display:none}}</style><p class=b>WORDS</p>",
        "<style>@media (min-width:2000px){.b{display:none}}</style><p class=b>WORDS</p>",
        "<style>@supports not (display:grid){.b{display:none}}</style><p class=b>WORDS</p>",
        "<style>[owa] .b{display:none} p[class=c]{display:none} [class^='']{display:none}</style><p class=b>WORDS</p>",
        "<style>.b:hover{display:none} .b::before{color:#fff}</style><p class=b>WORDS</p>",
        "<style>.b{display:none} p.b{display:block}</style><p class=b>WORDS</p>",
        "<style>.b{display:none}</style><p class=b style='display:block'>WORDS</p>",
        "<!--[if mso]><style>.b{display:none}</style><![endif]--><p class=b>WORDS</p>",
        "<style>@import url(x.css); @font-face{font-family:x} .c{display:none}</style><p>WORDS</p>",
        "<div style='background:#222'><p style='color:#fff'>WORDS</p></div>",
        "<table bgcolor=navy background=x.png><tr><td style='color:white'>WORDS</td></tr></table>",
        "<img src=x width=100 height=1 alt=''>WORDS",
        "<style>{}}}{{.b{display:none</style><p>WORDS</p>",
    ],
)
def test_what_is_seen_is_not_taken_for_hidden(markup):
    assert sees(markup)


def test_rules_beyond_all_measure_are_given_up_and_nothing_else_is_lost():
    rules = "".join(f"* .x{number} b{{color:#fff}} * b{{color:#fff}}" for number in range(400))
    assert "WORDS" in to_text(f"<style>{rules}</style>{'<b class=x1>a</b>' * 20_000}<p>WORDS</p>")
