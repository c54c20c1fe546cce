"""Providers of other packages, put where an installer would put them."""

from __future__ import annotations

from pathlib import Path


def install_provider(site: Path, name: str, code: str, provider: str, *, package: str | None = None) -> None:
    """Install a package with one module that has the name of its provider.

    Args:
        site: A folder of packages; it is made where it is missing.
        name: Of the module and of the provider.
        code: Of the module.
        provider: The class in it.
        package: The name of the package, where that is another one.
    """
    package = package or name
    information = site / f"{package.replace('-', '_')}-1.0.dist-info"
    information.mkdir(parents=True)
    (site / f"{name}.py").write_text(code, encoding="utf-8")
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8")
    points = f"[dragoman.providers]\n{name} = {name}:{provider}\n"
    (information / "entry_points.txt").write_text(points, encoding="utf-8")
