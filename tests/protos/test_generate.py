import importlib.util
import sys
from pathlib import Path

import pytest

from dragoman.providers.yandex._proto import threads_pb2

ROOT = Path(__file__).parents[2]


@pytest.fixture
def generate(monkeypatch):
    spec = importlib.util.spec_from_file_location("generate", ROOT / "protos" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(sys, "argv", ["generate.py", "--check"])
    return module


def test_what_is_committed_is_what_the_generator_makes(generate, capsys):
    assert generate.main() == 0
    assert capsys.readouterr().err == ""


def test_stale_code_is_found_and_left_alone(generate, monkeypatch, capsys, tmp_path):
    stale = tmp_path / "threads_pb2.py"
    stale.write_text("old")
    monkeypatch.setattr(generate, "TARGETS", {"yandex/threads.proto": tmp_path})
    assert generate.main() == 1
    assert f"{stale} is stale" in capsys.readouterr().err
    assert stale.read_text() == "old"


def test_another_generator_than_the_pinned_one_is_refused(generate, monkeypatch):
    monkeypatch.setattr(generate.importlib.metadata, "version", lambda _: "0.0.1")
    with pytest.raises(SystemExit, match=r"grpcio-tools is 0\.0\.1"):
        generate.main()


def test_the_descriptions_have_names_that_no_vendor_has():
    assert threads_pb2.DESCRIPTOR.package.startswith("dragoman.")
    assert threads_pb2.DESCRIPTOR.name.startswith("dragoman/")
