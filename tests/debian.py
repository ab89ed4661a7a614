"""Programs of Debian that tests run beside ours: those of the machine, else fetched from Debian's archive."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from servers.distribution import alone

_ENVIRON = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
#: Seconds for which another installation is waited for.
_LOCK = ("-o", "DPkg::Lock::Timeout=300")


class NotThereError(Exception):
    """A program cannot be had; the message says how to get it."""


def installed(program: str, *packages: str) -> Path:
    """The path of a program; as root on Debian its packages are installed where it is missing."""
    found = shutil.which(program)
    if found is None and os.geteuid() == 0 and _is_debian():
        with alone():
            # Another process may have done so while this one waited.
            if shutil.which(program) is None:
                _apt("update", "-qq")
                _apt("install", "-y", "-qq", "--no-install-recommends", *packages)
        found = shutil.which(program)
    if found is None:
        raise NotThereError(f"This test needs {program}; on Debian: apt-get install {' '.join(packages)}")
    return Path(found)


def unpacked(program: str, package: str) -> Path:
    """The path of a program out of a package that is unpacked and not installed, so that no service of it is started."""
    found = shutil.which(program)
    if found is not None:
        return Path(found)
    with alone() as kept:
        home = kept / f"debian-{package}"
        if not home.is_dir():
            if not _is_debian():
                raise NotThereError(f"This test needs {program}, which Debian has in its package {package}.")
            with tempfile.TemporaryDirectory(dir=kept, prefix="fetching-") as name:
                folder = Path(name)
                if os.geteuid() == 0:
                    _apt("update", "-qq")
                # Whoever fetches as root is warned that it is done as root.
                _apt("download", "-qq", "-o", "APT::Sandbox::User=root", package, folder=folder)
                (archive,) = folder.glob("*.deb")
                subprocess.run(["dpkg-deb", "--extract", archive, folder / "unpacked"], check=True)
                (folder / "unpacked").rename(home)
    return home / "usr" / "bin" / program


def _is_debian() -> bool:
    """Whether packages of Debian fit here."""
    return Path("/etc/debian_version").exists()


def _apt(*words: str, folder: Path | None = None) -> None:
    """Run apt-get."""
    subprocess.run(["apt-get", *_LOCK, *words], check=True, env=_ENVIRON, stdout=subprocess.DEVNULL, cwd=folder)
