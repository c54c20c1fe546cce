"""The command ``serve``: from the two pipes to a running server."""

from __future__ import annotations

import gc
import os
from pathlib import Path

# Importing the SDK makes hundreds of thousands of objects that live as long as the process: looking
# for garbage among them, then and later, is a tenth of the start.
gc.disable()

# Looking through all installed packages for plugins of pydantic costs as much again; none concerns us.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from dragoman_server.transports.stdio import light_import  # noqa: E402  # after the garbage collector rests

light_import.light()

from anyio import to_thread  # noqa: E402  # as above

from dragoman_server.mcp import server  # noqa: E402  # after the SDK's part that is needed
from dragoman_server.runtime import (  # noqa: E402  # as above
    log,
    process,  # as above
    startup_checks,
    tool_context,
)
from dragoman_server.runtime.background_sync import keep_current_inside  # noqa: E402  # as above
from dragoman_server.runtime.preload import open_ahead, preload  # noqa: E402  # as above
from dragoman_server.transports.stdio import transport  # noqa: E402  # after the SDK's part that is needed
from dragoman_server.transports.stdio.pipes import StdioPipes  # noqa: E402  # as above

gc.freeze()
gc.enable()


def serve_stdio(
    wire: StdioPipes,
    settings_file: Path | None,
    log_level: str | None,
    *,
    read_only: bool = False,
    remember: bool = False,
) -> None:
    """Serve one client until it leaves. Does not return: the process ends with the connection.

    Args:
        wire: The pipes to the client.
        settings_file: As named on the command line.
        log_level: As named on the command line.
        read_only: Write nothing, whatever the settings allow.
        remember: Keep what the next start with these settings needs to answer at once.

    Raises:
        ConfigError: The settings cannot be used; nothing was opened.
    """
    log.set_up(log_level)
    settings = startup_checks.settings(settings_file, read_only=read_only)
    if remember:
        from dragoman_server.transports.stdio import start_record  # noqa: PLC0415  # only for settings that are new

        start_record.remember(settings)

    async def main() -> None:
        async with tool_context.open_services(settings) as shared, keep_current_inside(shared.workspace) as begin:

            async def when_idle() -> None:
                await to_thread.run_sync(preload, settings, abandon_on_cancel=True)
                # Here and not in that thread: it goes on while all is closed, and must begin nothing then.
                await open_ahead(shared.workspace, settings)
                begin()

            await transport.serve(server.build(shared), wire, when_idle=when_idle)

    process.run(main)
