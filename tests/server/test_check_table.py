import subprocess

import pytest

from dragoman.core.errors import DragomanError
from dragoman_server.commands.inspect import check
from dragoman_server.commands.inspect.check import Report, lines, table

LONG = "The service cannot be reached, because the name of its machine is not known to anybody who was asked."
REPORTS = [
    Report("near", good=True, sentence="12 messages in 3 conversations"),
    Report("far-away", good=False, sentence=LONG, action="Check the address in the settings and your connection."),
]


@pytest.mark.parametrize("width", [80, 60, 10])
def test_a_table_is_aligned_and_as_narrow_as_its_terminal_allows(width):
    rows = table(REPORTS, width).splitlines()
    assert rows[0].startswith("ok      near      12 messages")
    assert rows[rows.index(next(row for row in rows if "FAILED" in row))].startswith("FAILED  far-away  The service")
    assert sum("do: " in row for row in rows) == 1
    assert all(len(row) <= max(width, 42) for row in rows)
    begun = [row for row in rows if not row.startswith(" " * 18)]
    assert len(begun) == 2


def test_nothing_of_a_report_is_lost_by_the_table():
    assert " ".join(table(REPORTS, 50).split()).count(LONG) == 1


def test_programs_get_one_line_for_each_account():
    first, second = lines(REPORTS).splitlines()
    assert first == "ok      near: 12 messages in 3 conversations"
    assert second == f"FAILED  far-away: {LONG} Check the address in the settings and your connection."


def test_a_report_cannot_forge_another():
    forged = Report("a", good=False, sentence="x\nok      b: works", action="y\nz\x1b[2J")
    assert len(lines([forged]).splitlines()) == 1
    assert not any(row.startswith("ok") for row in table([forged], 80).splitlines())
    assert "\x1b" not in table([forged], 80)


def test_every_kind_of_failure_has_something_to_do():
    kinds = [DragomanError]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
        assert check._ACTIONS[kind.code].endswith(".")


def test_an_account_that_fails_says_what_to_do_in_a_terminal(talk, trouble, tmp_path):
    (tmp_path / "bad.db").write_bytes(b"this is no database" * 100)
    settings = tmp_path / "dragoman.toml"
    settings.write_text(f'[accounts.a]\nprovider = "local"\npath = "{tmp_path}/bad.db"\n', encoding="utf-8")
    seen, status = talk(["check", "--config", str(settings)], [])
    assert status == 1
    assert b"FAILED  a  " in seen
    assert seen.count(b"do: ") == 1


def test_the_same_account_is_one_line_for_a_program(dragoman_command, tmp_path, settings_named):
    (tmp_path / "bad.db").write_bytes(b"this is no database" * 100)
    settings_named('[accounts.a]\nprovider = "local"\npath = "bad.db"\n')
    done: subprocess.CompletedProcess[bytes] = dragoman_command("check")
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1
