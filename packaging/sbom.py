"""The software bill of materials of a release: every package that the runtime lock names, as CycloneDX JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.utils import canonicalize_name

_ENTRY: Final = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)((?:[^\n]*\\\n)*[^\n]*)", re.MULTILINE)
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_VARYING: Final = ("serialNumber",)


def text(lock: str, name: str, version: str) -> str:
    """Return the bill of materials; equal locks give equal texts.

    Args:
        lock: The content of the runtime lock.
        name: Of the product.
        version: Of the product.
    """
    packages = [_component(*entry) for entry in _ENTRY.findall(lock)]
    product = Component(name=name, version=version, type=ComponentType.APPLICATION, bom_ref=name)
    bom = Bom(components=packages)
    bom.metadata.component = product
    bom.register_dependency(product, packages)
    document = json.loads(JsonV1Dot6(bom).output_as_string())
    for key in _VARYING:
        document.pop(key, None)
    document["metadata"].pop("timestamp", None)
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def write(path: Path, lock: Path, name: str, version: str) -> None:
    """Write the bill of materials into a file."""
    path.write_text(text(lock.read_text(encoding="utf-8"), name, version), encoding="utf-8")


def _component(name: str, version: str, rest: str) -> Component:
    package = PackageURL("pypi", None, canonicalize_name(name), version)
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=content) for content in _HASH.findall(rest)]
    return Component(
        name=name, version=version, type=ComponentType.LIBRARY, purl=package, bom_ref=str(package), hashes=hashes
    )
