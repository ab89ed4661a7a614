"""The first hour: what README shows finds something in the bundled log, and what the demo prints can be pasted."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[2]
_SHOWN = re.compile(r"^    (mailtrace (?:search|report|errors)\b[^#\n]*)", re.MULTILINE)


def test_each_example_of_the_readme_finds_something(mailtrace: Command, tmp_path: Path) -> None:
    """In the store of the bundled log, with the command as it stands there."""
    data = str(tmp_path / "demo")
    assert mailtrace("--data", data, "demo").returncode == 0
    shown = _SHOWN.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(shown) >= 6
    for line in shown:
        _, *words = shlex.split(line)
        done = mailtrace("--data", data, *words)
        assert (done.returncode, "Nothing was found" in done.stdout, done.stdout.strip() == "") == (0, False, False), (line, done)


def test_what_the_demo_prints_can_be_pasted(tmp_path: Path) -> None:
    """Each line behind a `$` but the reading is a command for a shell in this folder, and finds what was shown."""
    program = Path(sys.executable).with_name("mailtrace")
    data = tmp_path / "data folder"
    shown = subprocess.run([program, "--data", data, "demo"], capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    lines = [line for line in shown.splitlines() if line.startswith(("$ ", "Ask more: ")) and "ingest --once" not in line]
    commands = [line.removeprefix("$ ").removeprefix("Ask more: ") for line in lines]
    assert len(commands) == 3
    for command in commands:
        environ = {"PATH": "/usr/bin:/bin"}
        done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False, cwd=tmp_path, env=environ)  # noqa: S602
        assert (done.returncode, len(done.stdout) > 100) == (0, True), (command, done.stderr)


@pytest.mark.parametrize("options", [["--format", "json"], ["--format", "jsonl"], ["--columns", "sendr"]])
def test_columns_are_those_of_a_table_or_csv(mailtrace: Command, options: list[str]) -> None:
    """Elsewhere, or misspelt, they are refused in a sentence."""
    done = mailtrace("search", "--columns", "sender", *options) if "--format" in options else mailtrace("search", *options)
    assert done.returncode == 2
    assert "--columns" in done.stderr
