"""Completions for shells. Nothing is connected, and a failure offers nothing."""

from __future__ import annotations

from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

import click

from dragoman.core.errors import DragomanError


def accounts(ctx: click.Context, _option: click.Parameter, begun: str) -> list[str]:
    """The accounts of the settings."""
    from dragoman_server.config import load as config  # noqa: PLC0415  # only when a shell asks

    named = ctx.params.get("config")
    try:
        with redirect_stderr(StringIO()):  # a settings file that is passed over is no matter of the shell's
            names = config.load(named if isinstance(named, Path) else None).accounts
    except DragomanError:
        return []
    return [name for name in names if name.startswith(begun)]


def providers(_ctx: click.Context, _option: click.Parameter, begun: str) -> list[str]:
    """The providers that are installed."""
    from dragoman.accounts.provider_registry import provider_names  # noqa: PLC0415  # only when a shell asks

    return [name for name in provider_names() if name.startswith(begun)]


def tools(_ctx: click.Context, _option: click.Parameter, begun: str) -> list[str]:
    """The names of the tools."""
    from dragoman.toolset import TOOLS  # noqa: PLC0415  # only when a shell asks

    return [spec.name for spec in TOOLS if spec.name.startswith(begun)]


def arguments(ctx: click.Context, option: click.Parameter, begun: str) -> list[str]:
    """The arguments of the tool that was named, and accounts as their values."""
    from dragoman.toolset import TOOLS  # noqa: PLC0415  # only when a shell asks

    key, equals, value = begun.partition("=")
    if equals:
        return [f"account={name}" for name in accounts(ctx, option, value)] if key == "account" else []
    taken = [name for spec in TOOLS if spec.name == ctx.params.get("tool") for name in spec.parameters]
    return [f"{name}=" for name in taken if name.startswith(begun)]
