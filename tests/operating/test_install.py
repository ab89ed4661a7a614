"""deploy/install for real, below a folder of its own and without a network; and what systemd's own tools say of the unit."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from debian import installed

ROOT = Path(__file__).resolve().parent.parent.parent
UNIT = ROOT / "deploy" / "systemd" / "mailtrace.service"
#: What an installation is made from.
PARTS = (
    *("building", "deploy", "docs", "ingest", "mailtrace", "mappings", "requirements", "search"),
    *("LICENSE", "README.md", "pyproject.toml", "setup.py"),
)


@dataclass(frozen=True, slots=True)
class Machine:
    """A root folder to install into, and a checkout to install from."""

    root: Path
    source: Path
    wheels: Path

    def deploy(self, *words: str) -> str:
        """Run the script; what it says."""
        command: list[str | Path] = [self.source / "deploy" / "install", *words, "--root", self.root, "--wheels", self.wheels]
        # Nothing but the folder of wheels may be asked.
        environ = {**os.environ, "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0", "PIP_FIND_LINKS": ""}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
        assert done.returncode == 0, done.stdout + done.stderr
        return str(done.stdout)

    @property
    def release(self) -> str:
        """Where the installed program is."""
        return str((self.root / "opt" / "mailtrace" / "current").readlink())

    def mailtrace(self, *words: str, check: bool = True) -> str:
        """Run the installed program; what it says. With `check` it must end well."""
        program = self.root / "opt" / "mailtrace" / "current" / "bin" / "mailtrace"
        environ = {"PATH": os.environ["PATH"], "TZ": "UTC", "MAILTRACE_DATA": str(self.root / "var" / "lib" / "mailtrace")}
        return subprocess.run([program, *words], capture_output=True, text=True, check=check, env=environ, cwd="/").stdout


def machine(folder: Path) -> Machine:
    """A root folder, a copy of this checkout, and all packages."""
    made = Machine(folder / "root", folder / "source", folder / "wheels")
    made.source.mkdir()
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, made.source / part)
    subprocess.run([ROOT / "deploy" / "install", "wheels", made.wheels], check=True, capture_output=True)
    return made


def test_from_the_first_installation_to_the_last_file(tmp_path: Path) -> None:
    """Installed, run again, upgraded, led back, taken away: at each step it works, and what is the user's stays."""
    installed("systemd-sysusers", "systemd")
    place = machine(tmp_path)
    earlier(place)
    said = place.deploy("--pure")
    assert "as pure Python" in said
    assert "upgraded" in said
    works(place)
    has_its_user(place)
    is_taken_by_systemd(place)
    changes_nothing_twice_and_leads_back(place)
    goes(place)


def earlier(machine: Machine) -> None:
    """Let it look as if a release of long ago ran there, and one before it that is of no use any more."""
    for name in ("0.0.8-aaaa", "0.0.9-bbbb"):
        program = machine.root / "opt" / "mailtrace" / "releases" / name / "bin" / "mailtrace"
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\necho mailtrace {name[:5]}\n")
        program.chmod(0o755)
    (machine.root / "opt" / "mailtrace" / "current").symlink_to("releases/0.0.9-bbbb")


def works(machine: Machine) -> None:
    """The program reads a log and finds a mail, from packages of its own and nothing of the checkout."""
    log = ROOT / "mailtrace" / "demo" / "mail.log.gz"
    machine.mailtrace("ingest", "--once", str(log))
    assert machine.mailtrace("search", "--limit", "3", "--format", "jsonl").count("\n") == 3
    site = machine.root / "opt" / "mailtrace" / machine.release
    assert machine.mailtrace("--version") == f"mailtrace {version('mail-trace')}\n"
    assert {one.name for one in site.parent.iterdir()} == {site.name, "0.0.9-bbbb"}
    assert not [*site.rglob("pip"), *site.rglob("setuptools"), *site.rglob("__editable__*")]
    assert (site / "share" / "doc" / "mailtrace" / "operating.md").is_file()
    assert (site / "share" / "mailtrace" / "monitoring" / "alerts.yml").is_file()
    # The service's user writes nothing there.
    assert not [path for path in site.rglob("*") if not path.is_symlink() and path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)]


def has_its_user(machine: Machine) -> None:
    """A system user without a shell, in the group adm; the settings are for it and root alone."""
    passwd = (machine.root / "etc" / "passwd").read_text()
    assert re.search(r"^mailtrace:x:\d+:\d+:Mail Trace:/var/lib/mailtrace:\S*nologin$", passwd, re.MULTILINE)
    assert re.search(r"^adm:x:\d+:(?:.*,)?mailtrace$", (machine.root / "etc" / "group").read_text(), re.MULTILINE)
    settings = machine.root / "etc" / "mailtrace.toml"
    assert stat.S_IMODE(settings.stat().st_mode) == 0o640
    said = machine.mailtrace("doctor", "--config", str(settings), check=False).splitlines()
    # The log of this machine's mail server need not be there; nothing else may be wrong.
    assert {line for line in said if line.startswith("bad")} <= {"bad   no log file is there: /var/log/mail.log*."}


def is_taken_by_systemd(machine: Machine) -> None:
    """Nothing in it is unknown, what it starts is there, and it is exposed little (10 is the most)."""
    analyze = installed("systemd-analyze", "systemd")
    unit = machine.root / "etc" / "systemd" / "system" / "mailtrace.service"
    done = subprocess.run([analyze, "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    done = subprocess.run([analyze, "security", "--offline=true", "--threshold=20", UNIT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    exposure = re.search(r"exposure level for mailtrace.service: ([\d.]+)", done.stdout)
    assert exposure is not None
    assert float(exposure[1]) <= 2.0


def changes_nothing_twice_and_leads_back(machine: Machine) -> None:
    """Run again nothing changes; what ran before an upgrade is kept, and led back to; settings of one's own stay."""
    new = machine.release
    settings = machine.root / "etc" / "mailtrace.toml"
    settings.write_text('keep = "30d"\n')
    made = (machine.root / "opt" / "mailtrace" / new / "complete").stat().st_mtime_ns
    assert "nothing is new" in machine.deploy("--pure")
    assert (machine.root / "opt" / "mailtrace" / new / "complete").stat().st_mtime_ns == made
    machine.deploy("back")
    assert machine.mailtrace("--version") == "mailtrace 0.0.9\n"
    assert "upgraded" in machine.deploy("--pure")
    assert machine.release == new
    machine.deploy("back")
    machine.deploy("back")
    assert machine.release == new
    assert settings.read_text() == 'keep = "30d"\n'


def goes(machine: Machine) -> None:
    """The program goes, settings and data stay; with --purge they go too."""
    machine.deploy("uninstall")
    assert not (machine.root / "opt" / "mailtrace").exists()
    assert not (machine.root / "usr" / "local" / "bin" / "mailtrace").exists()
    assert (machine.root / "etc" / "mailtrace.toml").exists()
    assert (machine.root / "var" / "lib" / "mailtrace" / "store").is_dir()
    machine.deploy("uninstall", "--purge")
    assert not (machine.root / "etc" / "mailtrace.toml").exists()
    assert not (machine.root / "var" / "lib" / "mailtrace").exists()


def test_a_wrong_word_is_told(tmp_path: Path) -> None:
    """The usage, and nothing is done."""
    done = subprocess.run([ROOT / "deploy" / "install", "--rot", tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "deploy/install uninstall" in done.stderr
