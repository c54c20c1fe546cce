"""The page of commands is made from the command line, and every command on any page is one."""

import re
import shlex

import click
import command_reference
import pytest

import doc_pages
from dragoman_server.cli.main import cli

INLINE = sorted(
    {
        (file.relative_to(doc_pages.ROOT).as_posix(), words)
        for file in doc_pages.PAGES
        for words in re.findall(r"`dragoman ([a-z][^`]*)`", doc_pages.prose(file.read_text(encoding="utf-8")))
    }
)


def test_the_reference_is_made_from_the_commands():
    found, expected = doc_pages.generated("docs/commands.md", "commands", command_reference.reference())
    assert found == expected


def test_the_options_of_every_command_are_told_once_above_the_reference():
    text = doc_pages.page("docs/commands.md").partition("<!-- commands -->")[0]
    told = set(re.findall(r"`(--[a-z-]+)", text)) - {"--help"}
    common = {
        name
        for _, command in command_reference.commands()
        for option in command.params
        if option.name in command_reference.COMMON
        for name in option.opts
    }
    assert told == common


@pytest.mark.parametrize(("page", "words"), INLINE)
def test_a_command_in_the_text_of_a_page_is_one_with_these_options(page, words):
    if words.split()[0].isupper():
        return  # COMMAND stands for any
    found = command_reference.find(shlex.split(words.replace("[", "").replace("]", "")))
    if found is None and isinstance(cli.commands.get(words.split()[0]), click.Group):
        return  # the group alone
    assert found, f"{page}: there is no `dragoman {words}`"
    command, rest = found
    known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)} | {"--help"}
    assert {word.partition("=")[0] for word in rest if word.startswith("--")} <= known, page
