"""Known advisories on the pinned versions, as far as somebody can be asked for them.

It asks with pip-audit: the package index first, then the OSV database. Each is asked about one package before it is asked about all: many
mirrors of the index know packages and no versions. The exit code is 1 for findings alone; whom it could not ask it says.
Usage: python deploy/audit.py PIP-AUDIT LOCK-FILE...
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SERVICES = {"pypi": "the package index", "osv": "the OSV database"}
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)
_PATIENCE_S = 300


def main(program: str, locks: list[str]) -> int:
    """Ask whoever answers; the result is the exit code."""
    pinned = sorted({found for lock in locks for found in _PINNED.findall(Path(lock).read_text(encoding="utf-8"))})
    for service, called in SERVICES.items():
        told = ask(program, service, pinned[:1])
        if told is None or any("skip_reason" in one for one in told):
            print(f"audit: {called} could not be asked for advisories on a version.")
            continue
        return report(ask(program, service, pinned) or [], called)
    print(f"audit: NOT DONE. Nobody could be asked about {len(pinned)} pinned versions; this says nothing about them.")
    return 0


def ask(program: str, service: str, pinned: list[tuple[str, str]]) -> list[dict[str, Any]] | None:
    """What a service says of each package; None where it says nothing."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "pinned.txt"
        listed.write_text("".join(f"{name}=={version}\n" for name, version in pinned), encoding="utf-8")
        options = ["--format", "json", "--no-deps", "--disable-pip", "--progress-spinner", "off", "--timeout", "10"]
        command = [program, "--vulnerability-service", service, *options, "--requirement", str(listed)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE_S)  # noqa: S603
            told: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
        except (subprocess.TimeoutExpired, json.JSONDecodeError, KeyError):
            return None
    return told


def report(told: list[dict[str, Any]], called: str) -> int:
    """Print what was found."""
    found = [(one, advisory) for one in told for advisory in one.get("vulns", [])]
    for one, advisory in found:
        fixed = ", ".join(advisory.get("fix_versions") or []) or "none yet"
        print(f"audit: {one['name']} {one['version']}: {advisory['id']} ({', '.join(advisory.get('aliases') or [])}); mended in {fixed}.")
    for one in told:
        if "skip_reason" in one:
            print(f"audit: {one['name']} could not be asked about: {one['skip_reason']}.")
    asked = sum("skip_reason" not in one for one in told)
    print(f"audit: {called} was asked about {asked} versions; {len(found)} advisories.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
