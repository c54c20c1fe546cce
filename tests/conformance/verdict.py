"""What the suite found, compared with what is expected of a server."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

_FOLDER = re.compile(r"(?:server-)?(?P<scenario>.+)-\d{4}-\d\d-\d\dT[\d-]+Z")
_ENTRY = re.compile(r"\s*-\s+(\S+)\s*(?:#.*)?")


@dataclass
class Found:
    """The checks of one scenario; what the suite only warns of does not hold either."""

    scenario: str
    held: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass
class Verdict:
    """What a run says about a server.

    Attributes:
        judged: Scenarios that were looked at.
        passed: Checks that hold.
        expected: Failures that the list of expected ones has.
        wrong: A sentence for everything that is not as it should be.
    """

    judged: int
    passed: int
    expected: int
    wrong: list[str]


def read(folder: Path) -> list[Found]:
    """The checks that the suite wrote down, one file for each scenario."""
    return [_scenario(file) for file in sorted(folder.glob("*/checks.json"))]


def expected_in(file: Path) -> set[str]:
    """``scenario`` and ``scenario:check`` of a list in the suite's own form (YAML with one list, ``server``)."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return {found[1] for line in lines if (found := _ENTRY.fullmatch(line))}


def judge(found: list[Found], wanted: frozenset[str], expected: set[str]) -> Verdict:
    """Compare; a scenario that is wanted has to be there, and what is expected to fail has to fail.

    Args:
        found: What the suite wrote down.
        wanted: The scenarios to look at.
        expected: Failures that are not ours; only those of wanted scenarios count.
    """
    judged = [one for one in found if one.scenario in wanted]
    missing = wanted - {one.scenario for one in judged}
    wrong = [f"{scenario}: was not run" for scenario in sorted(missing)]
    excused = 0
    for one in judged:
        for check, sentence in one.failed.items():
            if expected & {one.scenario, f"{one.scenario}:{check}"}:
                excused += 1
            else:
                wrong.append(f"{one.scenario}:{check}: {sentence}")
    wrong += [f"{entry}: is expected to fail, and does not" for entry in sorted(_stale(judged, expected))]
    return Verdict(len(judged), sum(len(one.held) for one in judged), excused, wrong)


def _stale(judged: list[Found], expected: set[str]) -> set[str]:
    """Entries whose scenario was run, and fails nowhere, or not in the check that they name."""
    sound = {one.scenario for one in judged if not one.failed}
    sound |= {f"{one.scenario}:{check}" for one in judged for check in set(one.held) - one.failed.keys()}
    return expected & sound


def _scenario(file: Path) -> Found:
    name = _FOLDER.fullmatch(file.parent.name)
    found = Found(name["scenario"] if name else file.parent.name)
    for check in json.loads(file.read_text(encoding="utf-8")):
        if check["status"] in {"FAILURE", "WARNING"}:
            found.failed[check["id"]] = check.get("errorMessage") or check["description"]
        elif check["status"] == "SUCCESS":
            found.held.append(check["id"])
    return found
