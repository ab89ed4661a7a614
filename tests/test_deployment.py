"""What docker-compose.yml and the files beside it promise, as far as that shows without an engine; the rest is in tests/containers."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import tomllib
from pathlib import Path

import pytest

from mailtrace.layers import VARIABLES

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")


def test_the_roles_are_those_of_the_store() -> None:
    """deploy/elasticsearch/roles.yml has the roles of mappings/elasticsearch/roles.json, a line each."""
    text = (ROOT / "deploy" / "elasticsearch" / "roles.yml").read_text(encoding="utf-8")
    lines = [line.split(": ", 1) for line in text.splitlines() if not line.startswith("#")]
    assert {name: json.loads(role) for name, role in lines} == json.loads((ROOT / "mappings" / "elasticsearch" / "roles.json").read_bytes())


def test_passwords_are_made_and_kept_to_oneself(tmp_path: Path) -> None:
    """deploy/make-env writes a different long password for each name that compose asks for, readable by its owner only, and never twice."""
    file = tmp_path / "env"
    subprocess.run([ROOT / "deploy" / "make-env", file], check=True, capture_output=True)
    text = file.read_text(encoding="utf-8")
    made = dict(line.split("=", 1) for line in text.splitlines())
    assert set(re.findall(r"\$\{(\w+):\?", COMPOSE)) == set(made) - {"COMPOSE_PROFILES"}
    passwords = [value for name, value in made.items() if name != "COMPOSE_PROFILES"]
    assert len(set(passwords)) == len(passwords)
    assert all(re.fullmatch(r"[0-9a-f]{48}", password) for password in passwords)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = subprocess.run([ROOT / "deploy" / "make-env", file], capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "there already" in again.stderr
    assert file.read_text(encoding="utf-8") == text


def test_compose_sets_what_the_program_knows() -> None:
    """Every setting that docker-compose.yml and the Dockerfile give to the program is one of its own."""
    named = set(re.findall(r"\bMAILTRACE_\w+", COMPOSE + (ROOT / "Dockerfile").read_text(encoding="utf-8")))
    assert named
    assert named <= set(VARIABLES)


def test_every_variable_of_compose_is_documented() -> None:
    """docs/deployment.md names each variable that docker-compose.yml reads."""
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    missing = [name for name in set(re.findall(r"\$\{(\w+)", COMPOSE)) if f"`{name}`" not in page]
    assert missing == []


@pytest.mark.parametrize("name", ["deploy/make-env", "deploy/elasticsearch/start", "deploy/elasticsearch/kibana-account"])
def test_scripts_can_be_run(name: str) -> None:
    """Each script says what runs it, and may be run."""
    path = ROOT / name
    assert path.read_text(encoding="utf-8").startswith("#!/bin/")
    assert path.stat().st_mode & stat.S_IXUSR
    subprocess.run(["bash", "-n", path], check=True)


def test_every_file_of_a_package_is_installed() -> None:
    """Grammars, templates and tables come with the modules: each is meant by a pattern of the project's metadata."""
    read = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    patterns = read["package-data"]["*"]
    packages = [path.parent for name in ("ingest", "mailtrace", "mappings", "search") for path in (ROOT / name).rglob("__init__.py")]
    meant = {file for package in packages for pattern in patterns for file in package.glob(pattern)}
    there = {file for name in ("ingest", "mailtrace", "mappings", "search") for file in (ROOT / name).rglob("*") if file.is_file()}
    beside = {ROOT / name for names in read["data-files"].values() for name in names}
    assert [str(file) for file in sorted(there - meant) if file.suffix not in {".py", ".pyc"} and file not in beside] == []
