import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import doc_pages

ROOT = Path(__file__).parent.parent.parent
SCRIPTS = [ROOT / "run", ROOT / ".ci" / "run"]

pytestmark = pytest.mark.skipif(shutil.which("sh") is None, reason="there is no POSIX shell")


@pytest.fixture
def copied(tmp_path):
    """The script in a folder in which it finds itself installed, with stand-ins that say how they were called."""
    for name in ("run", "pyproject.toml", "requirements.lock", "requirements-dev.lock", "packaging/build.lock"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    binaries = tmp_path / ".venv" / "bin"
    binaries.mkdir(parents=True)
    for name in ("python", "dragoman", "ruff", "mypy", "pyright", "lint-imports", "hadolint", "codespell", "mkdocs"):
        stand_in = binaries / name
        stand_in.write_text(f'#!/bin/sh\necho {name} "$@"\n', encoding="utf-8")
        stand_in.chmod(0o755)
    return tmp_path


def run(folder, *arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": path if path is not None else "/usr/bin:/bin"}
    return subprocess.run(
        ["/bin/sh", str(folder / "run"), *arguments],
        capture_output=True, text=True, env=environment, cwd="/", check=False, timeout=30,
    )  # fmt: skip


def installed(folder) -> None:
    assert run(folder, "test").returncode == 0


def node_installed(folder) -> None:
    """As if the programs that run on Node were there, in the versions that the folder asks for."""
    wanted = shutil.copytree(ROOT / "tests" / "node", folder / "tests" / "node")
    both = (wanted / "package.json").read_bytes() + (wanted / "package-lock.json").read_bytes()
    stamp = subprocess.run(["cksum"], input=both, capture_output=True, check=True).stdout
    (folder / ".node").mkdir()
    (folder / ".node" / "stamp").write_bytes(stamp)


@pytest.mark.parametrize("script", SCRIPTS, ids=["run", "ci"])
def test_the_scripts_are_executable_posix_shell(script):
    assert script.stat().st_mode & 0o111
    assert script.read_text(encoding="utf-8").startswith("#!/bin/sh\n")
    subprocess.run(["sh", "-n", str(script)], check=True)


@pytest.mark.parametrize(
    ("arguments", "called"),
    [
        (["demo"], "dragoman demo"),
        (["serve", "--config", "a b.toml"], "dragoman serve --config a b.toml"),
        (["test", "-k", "x"], "python -m pytest -n auto --dist worksteal -k x"),
        (["docs"], "mkdocs build --quiet"),
        (["docs", "serve"], "mkdocs serve"),
        (["newcomer", "--json"], "python packaging/newcomer.py --json"),
        (["bench", "server"], "python -m tests.benchmarks server"),
        (["bundle", "--folder", "x"], "python packaging/bundle.py --folder x"),
        (["lock", "--check"], "python packaging/lock.py --check"),
        (["audit", "x.lock"], "python packaging/audit.py x.lock"),
        (["pin-base"], "python packaging/pin_base.py"),
    ],
)
def test_each_command_passes_its_arguments_on(copied, arguments, called):
    installed(copied)
    node_installed(copied)
    done = run(copied, *arguments)
    assert done.stdout.splitlines() == [called]
    assert done.returncode == 0


def test_serve_stays_where_the_caller_is_so_that_settings_there_are_found(copied):
    stand_in = copied / ".venv" / "bin" / "dragoman"
    stand_in.write_text("#!/bin/sh\npwd\n", encoding="utf-8")
    installed(copied)
    assert run(copied, "serve").stdout == "/\n"


def test_check_runs_every_tool(copied):
    installed(copied)
    tools = [line.split()[0] for line in run(copied, "check").stdout.splitlines()]
    assert tools == [
        "ruff", "ruff", "mypy", "pyright", "lint-imports", "python", "hadolint", "codespell", "python", "python",
    ]  # fmt: skip


def test_check_fails_when_one_tool_does(copied):
    installed(copied)
    (copied / ".venv" / "bin" / "mypy").write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    assert run(copied, "check").returncode != 0


def test_conformance_without_npm_says_that_it_is_skipped(copied, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "cat", "cksum", "dirname"):
        (tools / name).symlink_to(shutil.which(name))
    done = run(copied, "conformance", path=str(tools))
    assert done.returncode == 0
    assert "SKIPPED" in done.stderr
    assert "python -m tests" not in done.stdout


def test_conformance_installs_node_once_and_passes_arguments_on(copied):
    shutil.copytree(ROOT / "tests" / "node", copied / "tests" / "node")
    npm = copied / ".venv" / "bin" / "npm"
    node = "node_modules/.bin/node"
    npm.write_text(
        f'#!/bin/sh\nmkdir -p .node/{node[:-5]}\nprintf "#!/bin/sh\\n" >.node/{node}\nchmod +x .node/{node}\n',
        encoding="utf-8",
    )
    npm.chmod(0o755)
    done = run(copied, "conformance", "--x")
    assert done.stdout.splitlines()[-1] == "python -m tests.conformance --x"
    assert "into .node" in done.stderr
    assert "into .node" not in run(copied, "conformance").stderr


def test_what_comes_through_npm_is_pinned_and_says_no_address():
    package = json.loads((ROOT / "tests" / "node" / "package.json").read_text(encoding="utf-8"))
    lock = (ROOT / "tests" / "node" / "package-lock.json").read_text(encoding="utf-8")
    assert all(version.rpartition("@")[2][0].isdigit() for version in package["dependencies"].values())
    assert "://" not in lock
    assert json.loads(lock)["packages"][""]["dependencies"] == package["dependencies"]


def test_installing_happens_once_until_something_changes(copied):
    assert "Installing" in run(copied, "test").stderr
    assert "Installing" not in run(copied, "test").stderr
    with (copied / "requirements-dev.lock").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert "Installing" in run(copied, "test").stderr


PIP = """#!/bin/sh
case "$*" in *"-m pip"*) printf '%s\\n' "$*" >>"$(dirname "$0")/asked" ;; esac
"""


def asked_of_pip(folder) -> list[str]:
    file = folder / ".venv" / "bin" / "asked"
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def test_the_demo_installs_what_running_needs_and_checking_more_once_each(copied):
    (copied / ".venv" / "bin" / "python").write_text(PIP, encoding="utf-8")
    assert run(copied, "demo").returncode == 0
    assert run(copied, "serve").returncode == 0
    packages, sources = asked_of_pip(copied)
    assert "--require-hashes" in packages
    assert f"-r {copied}/requirements.lock -r {copied}/packaging/build.lock" in packages
    assert sources.endswith(f"-e {copied}")
    for command in ("test", "demo", "test"):
        assert run(copied, command).returncode == 0
    assert f"-r {copied}/requirements-dev.lock" in asked_of_pip(copied)[2]
    assert len(asked_of_pip(copied)) == 4


NO_NETWORK = """#!/bin/sh
case "$*" in *"-m pip"*) ;; *) exit ;; esac
echo "WARNING: Retrying after connection broken"
echo "ERROR: No matching distribution found for anyio==4"
exit 1
"""


def test_without_a_network_two_sentences_say_what_to_do_and_the_next_try_installs(copied):
    python = copied / ".venv" / "bin" / "python"
    python.write_text(NO_NETWORK, encoding="utf-8")
    done = run(copied, "demo")
    assert done.returncode == 1
    assert done.stdout == ""
    _installing, reason, advice = done.stderr.splitlines()
    assert reason == "The packages cannot be installed: No matching distribution found for anyio==4"
    assert "reaches its package index, then try again" in advice
    assert "Retrying" in (copied / ".venv" / "install.log").read_text(encoding="utf-8")
    python.write_text(PIP, encoding="utf-8")
    assert run(copied, "demo").returncode == 0


def commands_of_the_script() -> set[str]:
    arms = (ROOT / "run").read_text(encoding="utf-8").partition("command=${1:-}")[2].partition("esac")[0]
    return {name for arm in re.findall(r"^    ([a-z |-]+)\)", arms, re.MULTILINE) for name in arm.split(" | ")}


def test_without_a_command_the_commands_are_shown_and_nothing_is_installed(copied):
    for arguments in ([], ["help"], ["nonsense"]):
        done = run(copied, *arguments)
        shown = set(re.findall(r"^  ([a-z-]+) ", done.stdout + done.stderr, re.MULTILINE))
        assert shown == commands_of_the_script() - {"help", "-h", "--help"}
        assert done.returncode == (0 if arguments == ["help"] else 2)
        assert "Installing" not in done.stderr


def test_a_command_of_the_script_that_a_page_names_is_one():
    named = {
        name for file in doc_pages.PAGES for name in re.findall(r"\./run ([a-z-]+)", file.read_text(encoding="utf-8"))
    }
    assert {"demo", "test", "check", "docs"} <= named <= commands_of_the_script()


def test_without_python_there_is_one_sentence(copied):
    shutil.rmtree(copied / ".venv")
    tools = copied / "tools"
    tools.mkdir()
    for name in ("sh", "cat", "cksum", "dirname", "sed", "cut"):
        (tools / name).symlink_to(shutil.which(name))
    done = run(copied, "demo", path=str(tools))
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed" in done.stderr


def test_every_pin_is_exact_and_says_no_address():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert all("==" in line and "://" not in line and "@" not in line for line in lines if line)


def test_everything_the_project_needs_is_pinned():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {canonicalize_name(line.partition("==")[0]) for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    here = [
        requirement
        for requirement in map(Requirement, needed)
        if not requirement.marker or requirement.marker.evaluate()
    ]
    assert {canonicalize_name(requirement.name) for requirement in here} <= pinned


@pytest.mark.parametrize(
    ("results", "code", "runs"),
    [([0], 0, 1), ([1, 0], 0, 2), ([1, 1], 1, 2), ([1, 5], 5, 2), ([2], 1, 1), ([5], 1, 1)],
    ids=["green", "green alone", "red twice", "nothing to run again", "interrupted", "no tests"],
)
def test_only_tests_that_fail_again_alone_make_a_whole_run_red(tmp_path, results, code, runs):
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    for number, result in enumerate(results, 1):
        (tmp_path / str(number)).write_text(str(result), encoding="utf-8")
    stand_in = tmp_path / "run"
    said = 'echo "$@" >>calls\nexit "$(cat "$(grep -c . calls)")"'
    stand_in.write_text(f'#!/bin/sh\n[ "$1" = test ] || exit 0\n{said}\n', encoding="utf-8")
    stand_in.chmod(0o755)
    # Without the names of Debian's tools nothing is installed.
    path = tmp_path / "bin"
    path.mkdir()
    for name in ("id", "dirname", "cat", "grep"):
        (path / name).symlink_to(shutil.which(name))
    script = ["/bin/sh", str(tmp_path / ".ci" / "run")]
    ended = subprocess.run(script, env={"PATH": str(path)}, capture_output=True, timeout=30, check=False)
    calls = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
    assert (ended.returncode, len(calls)) == (code, runs)
    assert ["--last-failed" in call for call in calls] == [False, True][:runs]
