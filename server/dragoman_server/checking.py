"""The command ``check``: does every account work, and if not, what to do."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

import anyio

from dragoman.errors import DragomanError
from dragoman.sanitize import clean_line
from dragoman.workspace import Account
from dragoman_server import desk
from dragoman_server.config import Config
from dragoman_server.starting import missing_places

TIME_LIMIT: Final = 60.0
"""Seconds that one account may take."""

_LONGEST: Final = 300

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """What is to be said about one account."""

    account: str
    good: bool
    sentence: str

    @property
    def line(self) -> str:
        """One line for a terminal."""
        said = clean_line(self.sentence.removeprefix(f"{self.account}: "), _LONGEST)
        return f"{'ok' if self.good else 'FAILED':<7} {self.account}: {said}"


def check(config: Config) -> list[Report]:
    """Reach every account at the same time; the reports are in the order of the settings."""
    return anyio.run(_check, config)


async def _check(config: Config) -> list[Report]:
    found: dict[str, Report] = {}

    async def one(account: Account) -> None:
        found[account.name] = await _report(account)

    async with desk.at(config) as shared, anyio.create_task_group() as group:
        for account in shared.workspace.accounts.values():
            group.start_soon(one, account)
    return [found[name] for name in config.accounts]


async def _report(account: Account) -> Report:
    try:
        with anyio.fail_after(TIME_LIMIT):
            said = await (await account.provider()).check()
            missing = await missing_places(account)
    except DragomanError as error:
        return Report(account.name, good=False, sentence=str(error))
    except TimeoutError:
        return Report(account.name, good=False, sentence=f"There was no answer within {TIME_LIMIT:g} seconds.")
    except Exception as error:  # noqa: BLE001  # the boundary: one broken provider must not hide the others
        _log.debug("The check of %s crashed.", account.name, exc_info=error)
        return Report(account.name, good=False, sentence=f"The provider crashed ({type(error).__name__}).")
    if missing:
        sentence = f"write_to names conversations that do not exist: {', '.join(missing)}."
        return Report(account.name, good=False, sentence=sentence)
    return Report(account.name, good=True, sentence=said)
