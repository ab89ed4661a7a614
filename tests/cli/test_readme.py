"""The first hour: what README shows finds something in the bundled log, and what the demo prints can be pasted."""

from __future__ import annotations

import gzip
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


def test_what_make_run_prints_can_be_pasted(tmp_path: Path) -> None:
    """Each command is one for a shell in the checkout; a log that cannot be read stops no other, and other files are one sentence."""
    logs, data = tmp_path / "logs", tmp_path / "data"
    logs.mkdir()
    whole = gzip.decompress((ROOT / "mailtrace" / "demo" / "mail.log.gz").read_bytes())
    (logs / "mail.log").write_bytes(whole[: len(whole) // 4])
    (logs / "mail.gz").write_bytes(b"\x1f\x8b and no more")
    for number in range(14):
        (logs / f"picture{number}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    made = subprocess.run(
        ["make", "-s", "run", f"LOGS={logs}/*", f"DATA={data}", f"VENV={Path(sys.prefix)}"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    try:
        assert made.returncode == 0, made.stdout + made.stderr
        assert (made.stdout + made.stderr).count("no mail log") == 1
        assert "14 files are no mail logs" in made.stdout + made.stderr
        assert "mail.gz" in made.stdout + made.stderr
        shown = re.findall(r"^(?:\$|Next page:|One in full:|The most common errors, and what they mean:) (.*)$", made.stdout, re.MULTILINE)
        words = [command.partition(str(data))[2].split()[0] for command in shown]
        assert words == ["ingest", "search", "search", "report", "errors", "report"]
        for command in shown:
            environ = {"PATH": "/usr/bin:/bin"}
            done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False, cwd=ROOT, env=environ)  # noqa: S602
            assert (done.returncode, (done.stdout + done.stderr).strip() != "") == (0, True), (command, done.stderr)
    finally:
        subprocess.run(["make", "-s", "stop", f"DATA={data}"], cwd=ROOT, check=True)


@pytest.mark.parametrize("options", [["--format", "json"], ["--format", "jsonl"], ["--columns", "sendr"]])
def test_columns_are_those_of_a_table_or_csv(mailtrace: Command, options: list[str]) -> None:
    """Elsewhere, or misspelt, they are refused in a sentence."""
    done = mailtrace("search", "--columns", "sender", *options) if "--format" in options else mailtrace("search", *options)
    assert done.returncode == 2
    assert "--columns" in done.stderr
