"""Which Java there is on this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .server import NoServerError

#: Oldest and newest Java that each Elasticsearch starts on.
SUITED = {8: range(17, 25), 9: range(21, 100)}
#: Where distributions, version managers and vendors put them.
PLACES = (
    "/usr/lib/jvm/*",
    "/usr/java/*",
    "/opt/*jdk*",
    "/opt/java/*",
    "~/.sdkman/candidates/java/*",
    "~/.jdks/*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
)
RELEASE = re.compile(r'^JAVA_VERSION="(?:1\.)?(\d+)', re.MULTILINE)
SPOKEN = re.compile(r'version "(?:1\.)?(\d+)')


@dataclass(frozen=True, slots=True)
class Java:
    """One Java: its major version and its folder."""

    version: int
    home: Path


def _candidates() -> Iterator[Path]:
    """Every folder that may be a Java, those that somebody named first."""
    for name in ("ES_JAVA_HOME", "JAVA_HOME"):
        if os.environ.get(name):
            yield Path(os.environ[name])
    if found := shutil.which("java"):
        yield Path(found).resolve().parent.parent
    for place in PLACES:
        pattern = Path(place).expanduser()
        yield from sorted(Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor))))


def version_of(home: Path) -> int | None:
    """The major version of a Java, from its own note or from its mouth; None for what is no Java."""
    program, note = home / "bin" / "java", home / "release"
    if not os.access(program, os.X_OK):
        return None
    text = note.read_text(encoding="utf-8", errors="replace") if note.is_file() else ""
    if found := RELEASE.search(text):
        return int(found[1])
    spoken = subprocess.run([str(program), "-version"], capture_output=True, text=True, check=False, timeout=30)
    found = SPOKEN.search(spoken.stderr)
    return int(found[1]) if found else None


def installed() -> list[Java]:
    """Every Java of this machine once, in the order in which they are looked for."""
    found: dict[Path, Java] = {}
    for home in _candidates():
        resolved = home.resolve()
        if resolved not in found and (version := version_of(resolved)) is not None:
            found[resolved] = Java(version, resolved)
    return list(found.values())


def suited(major: int) -> Java:
    """The oldest Java that an Elasticsearch of this major version starts on."""
    there = installed()
    able = sorted((java for java in there if java.version in SUITED[major]), key=lambda java: java.version)
    if not able:
        seen = ", ".join(f"{java.version} in {java.home}" for java in there) or "none"
        raise NoServerError(f"Elasticsearch {major} needs Java {SUITED[major][0]} or later to run here; found: {seen}.")
    return able[0]
