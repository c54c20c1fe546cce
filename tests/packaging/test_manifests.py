"""What registries and clients are told: by the registry's rules, written down here, and by the bundles' own tool."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import jsonschema
import pytest

from dragoman import __version__

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "packaging" / "server.json"
MANIFEST = ROOT / "packaging" / "mcpb" / "manifest.json"


def text(longest: int | None = None, **more: object) -> dict[str, object]:
    return {"type": "string", "minLength": 1, **({"maxLength": longest} if longest else {}), **more}


def table(needed: list[str], /, **properties: object) -> dict[str, object]:
    return {"type": "object", "required": needed, "properties": properties, "additionalProperties": False}


EXACT = text(255, pattern=r"^[^\\^~<>=*x]+$", **{"not": {"const": "latest"}})
INPUT = {
    "description": text(), "format": {"enum": ["string", "number", "boolean", "filepath"]}, "default": text(),
    "isRequired": {"type": "boolean"}, "isSecret": {"type": "boolean"}, "choices": {"type": "array", "items": text()},
    "placeholder": text(), "value": text(),
}  # fmt: skip
REGISTRY = table(
    ["$schema", "name", "description", "version"],
    **{"$schema": {"const": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"}},
    name=text(200, minLength=3, pattern=r"^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$"),
    description=text(100),
    title=text(100),
    version=EXACT,
    packages={
        "type": "array",
        "items": table(
            ["registryType", "identifier", "transport", "version"],
            registryType={"enum": ["npm", "pypi", "oci", "nuget", "mcpb"]},
            identifier=text(),
            version=EXACT,
            runtimeHint=text(),
            transport=table(["type"], type={"const": "stdio"}),
            packageArguments={
                "type": "array",
                "items": table(["type", "value"], type={"const": "positional"}, value=text()),
            },
            environmentVariables={"type": "array", "items": table(["name"], name=text(), **INPUT)},
        ),
    },
)


def test_the_entry_for_the_registry_keeps_the_rules_of_its_schema():
    jsonschema.Draft202012Validator(REGISTRY).validate(json.loads(SERVER.read_bytes()))


@pytest.mark.parametrize(
    ("key", "value"),
    [("name", "dragoman"), ("description", "x" * 101), ("version", "^1.2.3"), ("version", "latest"), ("surprise", "x")],
)
def test_the_rules_refuse_what_breaks_them(key, value):
    broken = json.loads(SERVER.read_bytes()) | {key: value}
    assert not jsonschema.Draft202012Validator(REGISTRY).is_valid(broken)


@pytest.fixture
def bundler(monkeypatch):
    """The program that makes bundles, where the official tool is there to judge them."""
    monkeypatch.syspath_prepend(ROOT / "packaging")
    specification = importlib.util.spec_from_file_location("bundle", ROOT / "packaging" / "bundle.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    if not module.TOOL.exists():
        pytest.skip("the official tool is not installed; ./run conformance installs it")
    return module


def test_the_official_tool_finds_the_bundle_sound(bundler, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(sys, "argv", ["bundle.py", "--folder", str(tmp_path)])
    assert bundler.main() == 0
    assert "Manifest schema validation passes" in capfd.readouterr().out


@pytest.mark.parametrize(
    "broken", [{"manifest_version": "0.5"}, {"surprise": "x"}, {"server": {"type": "ruby"}}, {"icon": "none.png"}]
)
def test_a_bundle_that_the_official_tool_refuses_is_not_made_without_a_word(bundler, tmp_path, monkeypatch, broken):
    (tmp_path / "manifest.json").write_text(json.dumps(json.loads(MANIFEST.read_bytes()) | broken), encoding="utf-8")
    shutil.copyfile(MANIFEST.with_name("launch.py"), tmp_path / "launch.py")
    monkeypatch.setattr(bundler, "MANIFEST", tmp_path / "manifest.json")
    monkeypatch.setattr(sys, "argv", ["bundle.py", "--folder", str(tmp_path)])
    assert bundler.main() == 1


def test_versions_and_descriptions_are_those_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    server, manifest = json.loads(SERVER.read_bytes()), json.loads(MANIFEST.read_bytes())
    assert {server["version"], manifest["version"], *(p["version"] for p in server["packages"])} == {__version__}
    assert {server["description"], manifest["description"]} == {project["description"]}
    assert manifest["compatibility"]["runtimes"]["python"] == project["requires-python"]
    assert [package["identifier"] for package in server["packages"]] == [project["name"]]


def test_the_readme_and_the_image_prove_whose_the_name_is():
    name = json.loads(SERVER.read_bytes())["name"]
    assert f"<!-- mcp-name: {name} -->" in (ROOT / "README.md").read_text(encoding="utf-8")
    image = (ROOT / "packaging" / "Dockerfile").read_text(encoding="utf-8")
    assert f'io.modelcontextprotocol.server.name="{name}"' in image


def test_a_bundle_asks_for_every_value_that_it_uses_and_keeps_credentials_secret():
    manifest = json.loads(MANIFEST.read_bytes())
    used = set(re.findall(r"\$\{user_config\.(\w+)\}", json.dumps(manifest["server"])))
    assert used == manifest["user_config"].keys()
    assert manifest["user_config"]["credential"]["sensitive"] is True
    assert all(option["default"] == "" for option in manifest["user_config"].values())


def test_the_bundle_is_whole_and_equal_sources_give_equal_bytes(tmp_path):
    for folder in ("one", "two"):
        subprocess.run(
            [sys.executable, "packaging/bundle.py", "--without-tool", "--folder", str(tmp_path / folder)],
            cwd=ROOT, check=True, timeout=60, capture_output=True,
        )  # fmt: skip
    name = f"dragoman-{__version__}.mcpb"
    assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    with zipfile.ZipFile(tmp_path / "one" / name) as archive:
        names = set(archive.namelist())
        lock = archive.read("requirements.lock").decode()
        manifest = json.loads(archive.read("manifest.json"))
    assert {
        "README.md",
        "LICENSE",
        manifest["server"]["entry_point"],
        "tools/dragoman/archives/samples/team_chat.json",
    } <= names
    assert not any("__pycache__" in file or file.endswith(".toml.bak") for file in names)
    assert lock == (ROOT / "requirements.lock").read_text(encoding="utf-8")
