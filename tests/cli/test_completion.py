"""`mailtrace completion`: a script that the shell takes, and that knows every command and option."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable

import pytest
from conftest import Done

from mailtrace.cli.app import COMMANDS


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_names_every_command_and_option(mailtrace: Callable[..., Done], shell: str) -> None:
    """Where the shell is installed, it takes it."""
    done = mailtrace("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(name in done.stdout for name in (*COMMANDS, "quarantine-id", "parquet"))
    if shutil.which(shell):
        assert subprocess.run([shell, "-n"], input=done.stdout, text=True, check=False).returncode == 0


def test_bash_completes(mailtrace: Callable[..., Done]) -> None:
    """Commands, and the options of one."""
    script = mailtrace("completion", "bash").stdout
    for typed, expected in (("mailtrace sea", "search"), ("mailtrace search --rec", "--recipient")):
        words = typed.split()
        ask = f'COMP_WORDS=({" ".join(words)}); COMP_CWORD={len(words) - 1}; _mailtrace; printf "%s\\n" "${{COMPREPLY[@]}}"'
        told = subprocess.run(["bash", "-c", f"{script}\n{ask}"], capture_output=True, text=True, check=True)
        assert expected in told.stdout.split(), told
