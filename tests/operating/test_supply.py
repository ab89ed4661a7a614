"""What it is made of, and what is known of that."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LOCK = (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")


def bill() -> dict[str, Any]:
    """The bill of materials, as the command gives it."""
    done = subprocess.run([sys.executable, ROOT / "deploy" / "sbom.py"], capture_output=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_every_locked_package_is_in_the_bill() -> None:
    """With its version, all its hashes and a licence; nothing that is only for tests."""
    made = bill()
    listed = {one["name"]: one for one in made["components"]}
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)", LOCK, re.MULTILINE))
    assert {name: one["version"] for name, one in listed.items()} == pinned
    hashes = [one["content"] for part in listed.values() for file in part["externalReferences"] for one in file["hashes"]]
    assert sorted(hashes) == sorted(re.findall(r"sha256:([0-9a-f]{64})", LOCK))
    assert [name for name, one in listed.items() if "unknown" in json.dumps(one["licenses"])] == []
    assert "://" not in json.dumps(made["components"])


def test_who_needs_whom_is_whole() -> None:
    """Every package is there because something that is there needs it, but for what builds the project."""
    made = bill()
    refs = {one["bom-ref"] for one in made["components"]} | {made["metadata"]["component"]["bom-ref"]}
    needs = {one["ref"]: one["dependsOn"] for one in made["dependencies"]}
    assert set(needs) == refs
    reached: set[str] = set()
    waiting = [made["metadata"]["component"]["bom-ref"]]
    while waiting:
        one = waiting.pop()
        if one not in reached:
            reached.add(one)
            waiting += needs[one]
    assert {ref.partition("@")[0] for ref in refs - reached} == {"pkg:pypi/setuptools"}


def test_the_same_lock_gives_the_same_bytes() -> None:
    """A bill can be compared with that of another day."""
    assert json.dumps(bill()) == json.dumps(bill())


#: In place of pip-audit: what a service says of each package that is listed, by the service.
STAND_IN = """#!{python}
import json, pathlib, sys
words = sys.argv[1:]
service = words[words.index("--vulnerability-service") + 1]
listed = pathlib.Path(words[words.index("--requirement") + 1]).read_text().split()
answers = {answers}
if service not in answers:
    sys.exit("nobody there")
told = [answers[service].get(one.partition("==")[0], {{"vulns": []}}) | dict(zip(("name", "version"), one.split("=="))) for one in listed]
print(json.dumps({{"dependencies": told}}))
"""
FOUND = {"vulns": [{"id": "PYSEC-1", "fix_versions": ["2.0"], "aliases": ["CVE-1"]}]}
SKIPPED = {"skip_reason": "not found"}


@pytest.mark.parametrize(
    ("answers", "code", "said"),
    [
        ({"pypi": {}}, 0, "the package index was asked about 2 versions; 0 advisories."),
        ({"pypi": {"beta": FOUND}}, 1, "beta 1.1: PYSEC-1 (CVE-1); mended in 2.0."),
        ({"pypi": {"alpha": SKIPPED}, "osv": {"beta": FOUND}}, 1, "the OSV database was asked about 2 versions; 1 advisories."),
        ({"pypi": {"beta": SKIPPED}}, 0, "beta could not be asked about: not found."),
        ({"pypi": {"alpha": SKIPPED}}, 0, "NOT DONE. Nobody could be asked about 2 pinned versions"),
        ({}, 0, "the OSV database could not be asked"),
    ],
)
def test_the_audit_says_what_it_found_and_whom_it_could_not_ask(tmp_path: Path, answers: dict[str, Any], code: int, said: str) -> None:
    """Advisories end it with 1; a service that does not answer is no finding, and no silence either."""
    program, lock = tmp_path / "pip-audit", tmp_path / "lock.txt"
    program.write_text(STAND_IN.format(python=sys.executable, answers=answers))
    program.chmod(0o755)
    lock.write_text("alpha==1.0 \\\n    --hash=sha256:00\nbeta==1.1 \\\n    --hash=sha256:00\n")
    done = subprocess.run([sys.executable, ROOT / "deploy" / "audit.py", program, lock], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, "")
    assert said in done.stdout
