"""The reference of the commands, made from the command line itself."""

from __future__ import annotations

from collections.abc import Iterator

import click

from dragoman_server.cli.main import cli

COMMON = ("config", "log_level", "log_format", "help")


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command by its whole name, in the order of the alphabet."""
    for name, command in sorted(cli.commands.items()):
        if isinstance(command, click.Group):
            for inner, one in sorted(command.commands.items()):
                yield f"{name} {inner}", one
        else:
            yield name, command


def find(words: list[str]) -> tuple[click.Command, list[str]] | None:
    """The command that words name, and the words after it."""
    for name, command in commands():
        parts = name.split()
        if words[: len(parts)] == parts:
            return command, words[len(parts) :]
    return None


def reference() -> str:
    """All commands with their arguments, help and options, in Markdown."""
    return "".join(_one(name, command) for name, command in commands())


def _one(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name)
    arguments = [
        part for it in command.params if isinstance(it, click.Argument) for part in it.get_usage_pieces(context)
    ]
    shown = [it for it in command.params if isinstance(it, click.Option) and it.name not in COMMON and not it.hidden]
    text = " ".join([f"## dragoman {name}\n\n```text\ndragoman", name, *arguments, *(["[OPTIONS]"] if shown else [])])
    text += f"\n```\n\n{_escaped(_paragraphs(command.help or ''))}\n\n"
    if shown:
        text += "| option | what it does |\n| --- | --- |\n" + "".join(map(_option, shown)) + "\n"
    return text


def _option(option: click.Option) -> str:
    metavar = "" if option.is_flag else f" {_metavar(option)}"
    names = ", ".join(f"`{name}{metavar}`" for name in (*option.opts, *option.secondary_opts))
    words = (option.help or "").rstrip(".")
    if option.show_default and not option.is_flag:
        words += f"; default {option.default}"
    return f"| {names} | {_escaped(words)} |\n"


def _metavar(option: click.Option) -> str:
    if isinstance(option.type, click.Choice):
        return "\\|".join(map(str, option.type.choices))
    return option.metavar or ("N" if isinstance(option.type, click.types.IntParamType) else option.type.name.upper())


def _paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
