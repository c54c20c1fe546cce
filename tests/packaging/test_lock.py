"""What is installed from outside: one version of each package, checked against its hash, listed and audited."""

import hashlib
import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
LOCKS = [ROOT / "requirements.lock", ROOT / "requirements-dev.lock", PACKAGING / "build.lock", PACKAGING / "image.lock"]
WITHOUT_MAJORS = {"tzdata"}
"""Its versions are years."""


def program(name, folder=PACKAGING):
    specification = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def lock(monkeypatch, tmp_path):
    """The program that writes lock files, in a copy of what it reads."""
    module = program("lock")
    files = {"HOME": "", "CONSTRAINTS": "constraints.txt", "RUNTIME": "requirements.lock"}
    files |= {"DEVELOPMENT": "requirements-dev.lock", "BUILD": "packaging/build.lock", "IMAGE": "packaging/image.lock"}
    (tmp_path / "packaging").mkdir()
    for name in ("pyproject.toml", *filter(None, files.values())):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    for constant, name in files.items():
        monkeypatch.setattr(module, constant, tmp_path / name)
    monkeypatch.setattr(sys, "argv", ["lock.py", "--check"])
    return module


def test_the_locks_are_up_to_date(lock):
    assert lock.problems() == []
    assert lock.main() == 0


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        (
            "pyproject.toml",
            "dependencies = [",
            'dependencies = [ "a-new-one>=1",',
            "requirements.lock lacks a-new-one.",
        ),
        ("pyproject.toml", "dev = [", 'dev = [ "a-new-one>=1",', "requirements-dev.lock lacks a-new-one."),
        ("pyproject.toml", "telemetry = [", 'telemetry = [ "a-new-one>=1",', "requirements-dev.lock lacks a-new-one."),
        ("pyproject.toml", '"click>=8.1,<9"', '"click>=99"', "and the project needs >=99."),
        ("pyproject.toml", '"hatchling>=1.27"]', '"flit_core>=3"]', "packaging/build.lock lacks flit_core."),
        ("constraints.txt", "click==8", "click==7", "and constraints.txt has 7"),
        ("requirements.lock", "click==8", "click==7", "and constraints.txt has 8"),
    ],
)
def test_what_is_stale_is_named_with_what_to_do(lock, capsys, name, old, new, told):
    file = lock.HOME / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    assert lock.main() == 1
    said = capsys.readouterr().err
    assert told in said
    assert "run ./run lock" in said


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_every_locked_package_has_one_version_and_hashes_and_no_address(path):
    text = path.read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", text.strip())
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry
    assert "://" not in text
    assert "@" not in text


def test_a_release_takes_no_major_version_that_nobody_has_tried():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    everything = [
        *project["dependencies"],
        *(it for extra in project["optional-dependencies"].values() for it in extra),
    ]
    for requirement in map(Requirement, everything):
        bounds = {specifier.operator for specifier in requirement.specifier}
        assert bounds & {"<", "==", "~="} or requirement.name in WITHOUT_MAJORS, requirement


def test_a_file_that_is_not_the_locked_one_is_not_installed(tmp_path):
    wheel = tmp_path / "sly-1-py3-none-any.whl"
    wheel.write_bytes(b"not what was locked")
    (tmp_path / "x.lock").write_text(f"sly @ {wheel.as_uri()} --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "install", "--no-index", "--require-hashes", "-r", "x.lock", "--dry-run"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() in done.stdout + done.stderr


def test_the_bill_of_materials_names_every_locked_package_with_its_hashes(monkeypatch):
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    sbom = program("sbom")
    bill = sbom.text(text, "dragoman", "1")
    document = json.loads(bill)
    found = {component["purl"]: component["hashes"] for component in document["components"]}
    pins = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.MULTILINE)
    assert len(found) == len(pins)
    assert all(
        f"pkg:pypi/{name.lower().replace('_', '-').replace('.', '-')}@{version}" in found for name, version in pins
    )
    assert sum(map(len, found.values())) == text.count("--hash=sha256:")
    assert document["bomFormat"] == "CycloneDX"
    assert document["metadata"]["component"]["name"] == "dragoman"
    assert sbom.text(text, "dragoman", "1") == bill


@pytest.fixture
def audited(monkeypatch, tmp_path, capsys):
    """The audit with a stand-in for the tool that asks the database."""

    def run(output, status):
        tool = tmp_path / "pip-audit"
        tool.write_text(f"#!/bin/sh\ncat <<'END'\n{output}\nEND\nexit {status}\n", encoding="utf-8")
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        code = program("audit").main(["x.lock"])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script of the shell")
def test_a_known_vulnerability_fails_the_audit_and_silence_of_the_database_is_said(audited):
    flaw = {"id": "GHSA-1", "fix_versions": ["2.1"]}
    bad, good = {"name": "bad", "version": "2.0", "vulns": [flaw]}, {"name": "good", "version": "1", "vulns": []}
    code, said = audited(json.dumps({"dependencies": [bad, good]}), 1)
    assert code == 1
    assert "bad 2.0: GHSA-1; mended in 2.1" in said
    code, said = audited(json.dumps({"dependencies": [good]}), 0)
    assert (code, said) == (0, "x.lock: 1 packages, 0 known vulnerabilities\n")
    code, said = audited("", 1)
    assert code == 0
    assert said.startswith("SKIPPED: x.lock was not audited")


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script of the shell")
def test_a_bundle_installs_only_what_its_lock_holds_and_only_once(tmp_path):
    for name in ("launch.py", "requirements.lock"):
        (tmp_path / name).write_bytes(((PACKAGING / "mcpb" if name == "launch.py" else ROOT) / name).read_bytes())
    notes = tmp_path / "notes"
    uv = tmp_path / "uv"
    uv.write_text(
        f'#!/bin/sh\necho said on stdout\necho "$@" >>{notes}\n'
        f'[ "$1" = venv ] || exit 0\nfor last; do :; done\nmkdir -p "$last/bin"\n'
        f'printf "#!/bin/sh\\necho started \\"\\$@\\"\\n" >"$last/bin/python"\nchmod +x "$last/bin/python"\n',
        encoding="utf-8",
    )
    uv.chmod(0o755)
    command = [sys.executable, str(tmp_path / "launch.py")]
    for _ in range(2):
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
            env={"UV": str(uv), "PATH": "/usr/bin:/bin"},
        )
        assert done.stdout == "started -m dragoman_server serve\n"
    venv, install = notes.read_text(encoding="utf-8").splitlines()
    assert venv.startswith("venv ")
    assert "--require-hashes" in install
    assert install.endswith(str(tmp_path / "requirements.lock"))


def test_what_the_build_backend_needs_to_install_the_sources_in_place_is_locked(lock, monkeypatch):
    from hatchling.build import get_requires_for_build_editable  # reads the project of the working folder

    monkeypatch.chdir(ROOT)
    locked = lock.pins(lock.DEVELOPMENT)
    needed = {Requirement(it).name for it in get_requires_for_build_editable()}
    assert needed
    assert needed <= locked.keys()
