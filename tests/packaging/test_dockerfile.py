import json
import os
import re
import shlex
import socket
import subprocess
import sys
import sysconfig
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from dragoman_server.commands import health

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "packaging" / "Dockerfile"
linux = pytest.mark.skipif(os.name == "nt", reason="an image is Linux")


def steps() -> list[tuple[str, str]]:
    joined = DOCKERFILE.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split()[0], line.partition(" ")[2]) for line in lines]


def last_stage() -> list[tuple[str, str]]:
    every = steps()
    return every[max(number for number, step in enumerate(every) if step[0] == "FROM") :]


BASE = DOCKERFILE.read_text(encoding="utf-8").partition("FROM ")[2].partition(" ")[0]


def lint(file: Path) -> subprocess.CompletedProcess[str]:
    """What ``./run check`` says of a Dockerfile."""
    script = (ROOT / "run").read_text(encoding="utf-8")
    (called,) = [line.split() for line in script.splitlines() if "hadolint" in line]
    assert called[-1] == DOCKERFILE.relative_to(ROOT).as_posix()
    linter = Path(sysconfig.get_path("scripts")) / called[0]
    return subprocess.run([linter, *called[1:-1], file], capture_output=True, text=True, check=False, timeout=60)


@linux
def test_the_linter_finds_nothing_to_say():
    done = lint(DOCKERFILE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@linux
@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("COPY server", "ADD server", "DL3020"),
        ("USER 10001", "USER root", "DL3002"),
        ("RUN useradd", "RUN apt-get install -y curl && useradd", "DL3008"),
        ("RUN useradd", "RUN sudo useradd", "DL3004"),
        ("RUN useradd", "RUN cd /tmp && useradd", "DL3003"),
        ("-m 0700 /data", "-m 0700 $DATA", "SC2086"),
        (BASE, "python:latest", "DL3007"),
        ("--from=build", "--from=biuld", "DL3022"),
        ("ENV PATH", "ENV API_TOKEN=abc PATH", "DL3064"),
        ('CMD ["serve"]', "CMD serve", "DL3025"),
        ('CMD ["serve"]', "COMMAND serve", "unexpected"),
        ("--interval", "--intervall", "invalid flag"),
    ],
)
def test_the_linter_refuses_a_mistake(tmp_path, right, wrong, said):
    planted = tmp_path / "Dockerfile"
    planted.write_text(DOCKERFILE.read_text(encoding="utf-8").replace(right, wrong), encoding="utf-8")
    done = lint(planted)
    assert done.returncode == 1
    assert said in done.stdout + done.stderr


@linux
@pytest.mark.timeout(600)
def test_the_steps_make_a_server_with_compiled_bytecode_and_without_pip(tmp_path):
    script = ROOT / "packaging" / "try_dockerfile.py"
    site = sysconfig.get_path("purelib")
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), "--packages", site],
        check=True, capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    *_, last = done.stdout.splitlines()
    command = json.loads(last.removeprefix("start: "))
    assert command == [str(tmp_path / "opt/dragoman/bin/dragoman"), "serve"]
    packages = next((tmp_path / "opt/dragoman").glob("lib/python*/site-packages"))
    modules = [file for name in ("dragoman", "dragoman_server") for file in (packages / name).rglob("*.py")]
    assert len(modules) > 100
    for file in modules:
        assert list((file.parent / "__pycache__").glob(f"{file.stem}.cpython-*.pyc")), file
    assert not (packages / "pip").exists()
    told = subprocess.run(
        [command[0], "tools"],
        check=True, capture_output=True, text=True, timeout=60, cwd=tmp_path,
        env={"DRAGOMAN_DATA": str(tmp_path / "data"), "HOME": str(tmp_path), "PATH": ""},
    )  # fmt: skip
    assert "list_messages" in told.stdout
    the_lines_of_the_page_for_http_work(tmp_path, command[0])


def the_lines_of_the_page_for_http_work(root, program):
    """What its ``docker run`` lines start, on the scratch folder that stands for the image."""
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.partition("#")[0].split() for line in page.splitlines() if line.startswith("docker run")]
    token, serve = ([program, *line[line.index("dragoman", 3) + 1 :]] for line in map(without_volumes, lines))
    assert serve[1:3] == ["serve", "--http"]
    settings = root / "settings" / "dragoman.toml"
    env = {"DRAGOMAN_DATA": str(root / "data"), "HOME": str(root), "PATH": "", "DRAGOMAN_CONFIG": str(settings)}
    made = subprocess.run(token, check=True, capture_output=True, text=True, timeout=60, cwd=root, env=env).stdout
    settings.parent.mkdir()
    settings.write_text(made[made.index("[auth.") :], encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        serve[-1] = serve[-1].replace("8765", str(probe.getsockname()[1]))
    with subprocess.Popen(serve, stderr=subprocess.PIPE, cwd=root, env=env) as server:
        try:
            assert b"Serving MCP at http://0.0.0.0:" in server.stderr.readline()
            assert health.is_healthy(serve)
        finally:
            server.terminate()


def without_volumes(line):
    return [word for word in line if not word.startswith("dragoman:")]


def test_what_is_skipped_without_docker_is_only_what_needs_it():
    tried = {"RUN", "COPY", "WORKDIR", "ENV", "ENTRYPOINT", "CMD"}
    assert {step for step, _ in steps()} - tried == {"FROM", "LABEL", "USER", "VOLUME", "HEALTHCHECK"}


def test_the_server_runs_as_nobody_special_and_is_asked_how_it_is():
    stage = dict(last_stage())
    assert stage["USER"].isdecimal()
    assert int(stage["USER"]) >= 10_000
    assert stage["HEALTHCHECK"].endswith('CMD ["python", "-m", "dragoman_server.commands.health"]')
    order = [step for step, _ in last_stage()]
    assert order.index("USER") > max(number for number, step in enumerate(order) if step in {"RUN", "COPY"})


def test_all_stages_have_the_same_base_of_one_patch_version_and_one_release_of_debian():
    bases = {rest.split()[0] for step, rest in steps() if step == "FROM"}
    (base,) = bases
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-slim-[a-z]+(@sha256:[0-9a-f]{64})?", base)


def test_what_is_copied_exists_and_is_not_ignored():
    ignored = DOCKERFILE.with_name("Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    for step, rest in steps():
        if step == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists()
                assert f"!{source}" in ignored
    assert ignored[0] == "*"


def test_every_package_of_the_image_is_checked_against_its_hash_or_made_of_these_sources():
    installs = [part for step, rest in steps() for part in rest.split("&&") if step == "RUN" and "pip install" in part]
    assert len(installs) == 3
    for install in installs:
        assert "--require-hashes" in install or "--no-deps --no-index --find-links /wheels" in install
    (wheel,) = [part for step, rest in steps() for part in rest.split("&&") if step == "RUN" and "pip wheel" in part]
    assert "--no-build-isolation" in wheel
    assert "--no-deps" in wheel


def test_commands_are_lists_so_that_signals_reach_the_server():
    for step, rest in steps():
        if step in {"ENTRYPOINT", "CMD"}:
            assert isinstance(json.loads(rest), list)
    assert not any("curl" in rest or "ADD" in step or "sudo" in rest for step, rest in steps())


def test_no_step_holds_a_credential():
    names = [word.partition("=")[0] for step, rest in steps() if step in {"ENV", "ARG"} for word in shlex.split(rest)]
    assert not any(part in name.lower() for name in names for part in ("token", "secret", "password", "key"))


class Healthy(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *parts):
        pass


@pytest.fixture
def port():
    with HTTPServer(("127.0.0.1", 0), Healthy) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_server_over_http_is_well_when_it_answers(port):
    assert health.is_healthy(["dragoman", "serve", "--http", f"0.0.0.0:{port}"])
    assert health.is_healthy(["dragoman", "serve", f"--http=0.0.0.0:{port}"])


def test_a_server_over_http_is_asked_where_its_settings_have_it_listen(port, tmp_path, monkeypatch):
    settings = tmp_path / "dragoman.toml"
    settings.write_text(f'[http]\nlisten = "0.0.0.0:{port}"\n[auth.tokens.a]\nhash = "sha256:{"0" * 64}"\n')
    for words in (["--http", "--config", str(settings)], [f"--config={settings}", "--http"]):
        assert health.is_healthy(["python", "/opt/dragoman/bin/dragoman", "serve", *words])
    monkeypatch.setenv("DRAGOMAN_CONFIG", str(settings))
    assert health.is_healthy(["dragoman", "serve", "--http"])
    assert health.is_healthy(["dragoman", "serve", "--http", "--workers", "2"])
    assert not health.is_healthy(["dragoman", "serve", "--http", "127.0.0.1:1"])


def test_a_server_over_http_that_is_gone_is_not_well(port):
    with HTTPServer(("127.0.0.1", 0), Healthy) as closed:
        gone = closed.server_port
    assert not health.is_healthy(["dragoman", "serve", "--http", f"0.0.0.0:{gone}"])


def test_a_server_over_pipes_is_well_as_long_as_it_is_there(monkeypatch, tmp_path):
    monkeypatch.setenv("DRAGOMAN_CONFIG", str(tmp_path / "none.toml"))
    assert health.is_healthy(["dragoman", "serve"])
    for words in (["--http"], ["--http", "--config", "x"]):
        assert health.address_of(["dragoman", "serve", *words]).port == 8765


def test_every_stage_is_built_on_one_image_that_is_named_by_its_digest():
    bases = [
        line.split()[1] for line in DOCKERFILE.read_text(encoding="utf-8").splitlines() if line.startswith("FROM ")
    ]
    assert set(bases) == {BASE}
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+@sha256:[0-9a-f]{64}", BASE)
