import os

import forked_program
import pytest


@pytest.mark.parametrize(
    ("archive", "words"),
    [
        ("slack", ["Slack export", "7 read, 7 new", "ferry-lines", "renewed"]),
        ("mbox", ["mail", "3 read, 3 new", "Dry dock", "48,200 EUR"]),
        ("whatsapp", ["WhatsApp", "Night crew", "In my jacket", "fuel pump"]),
    ],
)
def test_the_demonstration_imports_a_sample_archive_and_answers_from_it(archive, words, tmp_path):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DRAGOMAN_")}
    done = forked_program.run(["demo", "--archive", archive], env=environment | {"COLUMNS": "80"}, cwd=tmp_path)
    assert len(done.stdout.decode().splitlines()) <= 60
    said = " ".join(done.stdout.decode().split())
    assert done.returncode == 0, done.stderr.decode()
    assert [word for word in words if word not in said] == []
