"""Build ``dist/dragoman-VERSION.mcpb``, which a desktop client installs with two clicks.

It holds the sources and the lock; at the first start the client's own ``uv`` installs what they need, each package
checked against its hash. A bill of materials lies beside it. Equal sources give equal bytes. Where npm is, ./run
installs the official tool, which says whether the bundle is sound.

    python packaging/bundle.py [--folder dist] [--without-tool]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import sbom

HOME: Final = Path(__file__).resolve().parents[1]
LOCK: Final = HOME / "requirements.lock"
MANIFEST: Final = HOME / "packaging" / "mcpb" / "manifest.json"
TOOL: Final = HOME / ".node" / "node_modules" / ".bin" / "mcpb"
_PATIENCE: Final = 60.0  # seconds
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the oldest moment that an archive can name


def contents() -> Iterator[tuple[str, bytes]]:
    """Every file of the bundle with its name, in a fixed order."""
    yield "manifest.json", MANIFEST.read_bytes()
    yield "launch.py", (MANIFEST.parent / "launch.py").read_bytes()
    for name in ("README.md", "LICENSE", "SECURITY.md", LOCK.name):
        yield name, (HOME / name).read_bytes()
    for root in ("server/dragoman_server", "tools/dragoman"):
        for file in sorted((HOME / root).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                yield file.relative_to(HOME).as_posix(), file.read_bytes()


def build(folder: Path) -> Path:
    """Write the bundle into a folder.

    Returns:
        Its path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    version = json.loads(MANIFEST.read_bytes())["version"]
    path = folder / f"dragoman-{version}.mcpb"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in contents():
            member = zipfile.ZipInfo(name, _EPOCH)
            member.external_attr = 0o644 << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, content)
    return path


def validate(bundle: Path) -> bool:
    """Ask the official tool; where it is not installed, say that nobody was asked.

    Returns:
        Whether the bundle is sound, as far as anybody could be asked.
    """
    if not TOOL.exists():
        print("The official validator was not run: ./run installs it where npm is.", file=sys.stderr)
        return True
    with tempfile.TemporaryDirectory() as folder:
        opened = str(Path(folder) / "bundle")
        return _tool("unpack", str(bundle), opened) and _tool("validate", opened)


def main() -> int:
    """Build, say what was built, and have it validated."""
    parser = argparse.ArgumentParser(description="Build the bundle for desktop clients.")
    parser.add_argument("--folder", type=Path, default=HOME / "dist")
    parser.add_argument("--without-tool", action="store_true", help="do not run the official validator")
    given = parser.parse_args()
    bundle = build(given.folder)
    content = bundle.read_bytes()
    manifest = json.loads(MANIFEST.read_bytes())
    sbom.write(bundle.with_suffix(".cdx.json"), LOCK, manifest["name"], manifest["version"])
    print(f"{bundle}: {len(content):,} bytes, sha256 {hashlib.sha256(content).hexdigest()}")
    return 0 if given.without_tool or validate(bundle) else 1


def _tool(*words: str) -> bool:
    node = TOOL.with_name("node")
    return subprocess.run([node, TOOL, *words], check=False, timeout=_PATIENCE).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
