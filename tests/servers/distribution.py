"""Elasticsearch's distribution for integration tests, fetched by Maven and unpacked once."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .server import NoServerError

ARTIFACT = "org.elasticsearch.distribution.integ-test-zip:elasticsearch:{version}:zip"
PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"


def cache() -> Path:
    """Where distributions are kept unpacked.

    Root's home is closed to the user that Elasticsearch runs as, so root keeps them where the system keeps caches.
    """
    if os.geteuid() == 0:
        return Path("/var/cache/mail-trace-tests")
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "mail-trace-tests"


@contextmanager
def alone() -> Iterator[Path]:
    """Give the cache to one process at a time. Those that run tests side by side would fetch the same, and Maven and apt take one only."""
    home = cache()
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield home


def unpacked(version: str) -> Path:
    """The folder of a distribution; fetched and unpacked if it is not there."""
    with alone() as kept:
        home = kept / f"elasticsearch-{version}"
        if not home.is_dir():
            with tempfile.TemporaryDirectory(dir=kept, prefix="fetching-") as name:
                folder = Path(name)
                folder.chmod(0o755)
                _unpack(_fetch(version, folder), folder)
                (folder / home.name).rename(home)
        return home


def _fetch(version: str, folder: Path) -> Path:
    """Let Maven lay the archive into a folder."""
    maven = shutil.which("mvn")
    if maven is None:
        raise NoServerError("Maven (mvn) is not installed.")
    artifact = ARTIFACT.format(version=version)
    command = [maven, "-B", "-q", f"{PLUGIN}:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={folder}"]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, cwd=folder, check=False
    )
    archive = folder / f"elasticsearch-{version}.zip"
    if done.returncode or not archive.is_file():
        lines = [line for line in done.stdout.splitlines() if line.strip()] or ["it said nothing"]
        raise NoServerError(f"Maven could not fetch {artifact}: {lines[0]}")
    return archive


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack, readable and executable for everybody, writable for nobody but us."""
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
    for program in (folder / archive.stem / "bin").iterdir():
        program.chmod(0o755)
