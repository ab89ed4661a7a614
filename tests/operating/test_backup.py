"""The drill of docs/operating.md: half a log, a backup, the other half, everything lost, restored, read on."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from conftest import Done
from stores import Embedded
from written_mail import expected, found, log, traffic

ROOT = Path(__file__).resolve().parent.parent.parent


def backed_up(data: Path, target: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the script as on an installed machine."""
    program = target.parent / "mailtrace"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mailtrace "$@"\n')
    program.chmod(0o755)
    environ = {
        **os.environ,
        "MAILTRACE": str(program),
        "MAILTRACE_DATA": str(data),
        "MAILTRACE_CONFIG": str(target.parent / "settings.toml"),
    }
    return subprocess.run([ROOT / "deploy" / "backup", *words, target], capture_output=True, text=True, check=False, env=environ)


def test_a_restored_backup_goes_on_as_if_nothing_had_been(mailtrace: Callable[..., Done], tmp_path: Path) -> None:
    """What was read after the backup is read again from the log, and every answer is as it would have been; it is for its owner alone."""
    data, backup, file = tmp_path / "data", tmp_path / "backup", tmp_path / "mail.log"
    mails = traffic(5, 60)
    lines = log(mails).splitlines(keepends=True)
    (tmp_path / "settings.toml").write_text('keep = "forever"\n')
    file.write_bytes(b"".join(lines[: len(lines) // 2]))
    assert mailtrace("ingest", "--once", str(file)).returncode == 0
    assert mailtrace("token", "create", "Desk", "--role", "admin").returncode == 0
    done = backed_up(data, backup)
    assert done.returncode == 0, done.stderr
    # The settings keep the rights that they have in their place; nobody else comes as far as that.
    open_to_others = [one.name for one in (backup, *backup.rglob("*")) if stat.S_IMODE(one.stat().st_mode) & 0o077]
    assert open_to_others == ["etc-mailtrace.toml"]
    with file.open("ab") as more:
        more.write(b"".join(lines[len(lines) // 2 :]))
    assert mailtrace("ingest", "--once", str(file)).returncode == 0
    assert found(Embedded(data / "store")) == expected(mails)

    shutil.rmtree(data)
    shutil.copytree(backup, data)
    assert found(Embedded(data / "store")) != expected(mails)
    assert mailtrace("ingest", "--once", str(file)).returncode == 0
    assert found(Embedded(data / "store")) == expected(mails)
    assert "Desk" in mailtrace("token", "list").stdout
    assert (data / "etc-mailtrace.toml").read_text() == 'keep = "forever"\n'


def test_a_backup_writes_over_nothing(mailtrace: Callable[..., Done], tmp_path: Path) -> None:
    """A folder that is there is left alone; without a store only the rest is copied."""
    data, file = tmp_path / "data", tmp_path / "mail.log"
    file.write_bytes(log(traffic(6, 3)))
    assert mailtrace("ingest", "--once", str(file)).returncode == 0
    assert backed_up(data, tmp_path / "backup", "--no-store").returncode == 0
    assert {one.name for one in (tmp_path / "backup").iterdir()} == {"positions.json", "reader"}
    again = backed_up(data, tmp_path / "backup")
    assert again.returncode == 1
    assert "there already" in again.stderr
