"""Ask a public database whether a locked package has a known vulnerability.

Where the database cannot be reached nothing is known, which is said and is no failure.

    python packaging/audit.py [LOCK ...]
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

HOME: Final = Path(__file__).resolve().parents[1]
_COMMAND: Final = (
    "pip-audit", "--require-hashes", "--disable-pip", "--vulnerability-service", "osv", "--timeout", "5",
    "--progress-spinner", "off", "--format", "json",
)  # fmt: skip
_PATIENCE: Final = 300.0  # seconds


def main(locks: list[str]) -> int:
    """Ask about each lock; 1 when something is vulnerable."""
    return max(_audit(lock) for lock in locks or [str(HOME / "requirements.lock")])


def _audit(lock: str) -> int:
    try:
        done = subprocess.run(
            [*_COMMAND, "--requirement", lock], capture_output=True, text=True, check=False, timeout=_PATIENCE
        )
        report: dict[str, Any] = json.loads(done.stdout)
    except (ValueError, subprocess.TimeoutExpired):
        print(f"SKIPPED: {lock} was not audited; the database of vulnerabilities cannot be reached.", file=sys.stderr)
        return 0
    found = [
        f"{package['name']} {package['version']}: {flaw['id']}; mended in {', '.join(flaw['fix_versions']) or 'none'}"
        for package in report["dependencies"]
        for flaw in package.get("vulns", ())
    ]
    print("\n".join([f"{lock}: {len(report['dependencies'])} packages, {len(found)} known vulnerabilities", *found]))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
