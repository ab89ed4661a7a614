"""What Mail Trace is made of, as a bill of materials (CycloneDX 1.6, JSON): every package of the lock file.

Versions and hashes are those of `requirements/run.txt`; licences, and who needs whom, are what the installed packages say. The same lock
file gives the same bytes. Usage: python deploy/sbom.py [FILE]
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE)
_HASH = re.compile(r"sha256:([0-9a-f]{64})")
_CLASSIFIER = "License :: OSI Approved :: "


def bill() -> dict[str, Any]:
    """The bill of materials."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = {canonicalize_name(name): (version, _HASH.findall(hashes)) for name, version, hashes in _PINNED.findall(_lock())}
    installed = {name: distribution(name) for name in pinned}
    whole = _purl(canonicalize_name(project["name"]), project["version"])
    # What the extras of ours need that are locked is installed with it.
    needed = {whole: _needs([*project["dependencies"], *project["optional-dependencies"]["counts"]], pinned)}
    needed |= {_purl(name, pinned[name][0]): _needs(one.requires or [], pinned) for name, one in installed.items()}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": whole,
                "name": project["name"],
                "version": project["version"],
                "description": project["description"],
                "licenses": [{"license": {"id": project["license"]}}],
                "purl": whole,
            }
        },
        "components": [_component(name, *pinned[name], installed[name]) for name in sorted(pinned)],
        "dependencies": [{"ref": ref, "dependsOn": refs} for ref, refs in sorted(needed.items())],
    }


def _lock() -> str:
    """The lock file of what runs."""
    return (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")


def _component(name: str, version: str, hashes: list[str], installed: Distribution) -> dict[str, Any]:
    """One package; each of its files has a hash of its own, and any of them may be what is installed."""
    purl = _purl(name, version)
    files = [{"alg": "SHA-256", "content": one} for one in hashes]
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "licenses": [_licence(installed)],
        "purl": purl,
        "externalReferences": [{"type": "distribution", "url": purl, "hashes": files}],
    }


def _licence(installed: Distribution) -> dict[str, Any]:
    """Its licence: an expression where it gives one, else the name that it says."""
    told = installed.metadata
    if "License-Expression" in told:
        return {"expression": told["License-Expression"]}
    classified = [one.removeprefix(_CLASSIFIER) for one in told.get_all("Classifier") or [] if one.startswith(_CLASSIFIER)]
    written = told["License"].strip().splitlines()[0] if "License" in told else "unknown"
    return {"license": {"name": ", ".join(classified) or written}}


def _needs(requirements: list[str], pinned: dict[NormalizedName, tuple[str, list[str]]]) -> list[str]:
    """Which of the pinned packages something needs here."""
    told = map(Requirement, requirements)
    names = {canonicalize_name(one.name) for one in told if one.marker is None or one.marker.evaluate({"extra": ""})}
    return sorted(_purl(name, pinned[name][0]) for name in names if name in pinned)


def _purl(name: str, version: str) -> str:
    """The address of a package that all such tools know."""
    return f"pkg:pypi/{name}@{version}"


if __name__ == "__main__":
    made = json.dumps(bill(), indent=1) + "\n"
    if sys.argv[1:]:
        Path(sys.argv[1]).write_text(made, encoding="utf-8")
    else:
        sys.stdout.write(made)
