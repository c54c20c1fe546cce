"""What registries and clients are told: by the rules of their schemas, written down here, and true of this project."""

import json
import re
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
STARTED = table(
    ["command"], command=text(), args={"type": "array", "items": text()},
    env={"type": "object", "additionalProperties": text()},
)  # fmt: skip
BUNDLE = table(
    ["manifest_version", "name", "version", "description", "author", "server"],
    manifest_version={"const": "0.4"},
    name=text(),
    display_name=text(),
    version=EXACT,
    description=text(),
    author=table(["name"], name=text()),
    license=text(),
    keywords={"type": "array", "items": text()},
    server=table(
        ["type", "entry_point", "mcp_config"],
        type={"enum": ["python", "node", "binary", "uv"]},
        entry_point=text(),
        mcp_config=STARTED,
    ),
    tools_generated={"type": "boolean"},
    prompts_generated={"type": "boolean"},
    compatibility=table(
        [],
        platforms={"type": "array", "items": {"enum": ["darwin", "win32", "linux"]}},
        runtimes=table([], python=text()),
    ),
    user_config={
        "type": "object",
        "additionalProperties": table(
            ["type", "title", "description"],
            type={"enum": ["string", "number", "boolean", "directory", "file"]},
            title=text(),
            description=text(),
            required={"type": "boolean"},
            default={"type": "string"},
            sensitive={"type": "boolean"},
        ),
    },
)


@pytest.mark.parametrize(("file", "schema"), [(SERVER, REGISTRY), (MANIFEST, BUNDLE)], ids=["registry", "bundle"])
def test_each_keeps_the_rules_of_its_schema(file, schema):
    jsonschema.Draft202012Validator(schema).validate(json.loads(file.read_bytes()))


@pytest.mark.parametrize(
    ("file", "schema", "key", "value"),
    [
        (SERVER, REGISTRY, "name", "dragoman"),
        (SERVER, REGISTRY, "description", "x" * 101),
        (SERVER, REGISTRY, "version", "^1.2.3"),
        (SERVER, REGISTRY, "version", "latest"),
        (MANIFEST, BUNDLE, "manifest_version", "0.5"),
        (MANIFEST, BUNDLE, "surprise", "x"),
    ],
)
def test_the_rules_refuse_what_breaks_them(file, schema, key, value):
    broken = json.loads(file.read_bytes()) | {key: value}
    assert not jsonschema.Draft202012Validator(schema).is_valid(broken)


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
        project = tomllib.loads(archive.read("pyproject.toml").decode())
        manifest = json.loads(archive.read("manifest.json"))
    assert {"README.md", "LICENSE", manifest["server"]["entry_point"], "tools/dragoman/data/team_chat.json"} <= names
    assert not any("__pycache__" in file or file.endswith(".toml.bak") for file in names)
    assert "mcp==" in " ".join(project["tool"]["uv"]["constraint-dependencies"])
