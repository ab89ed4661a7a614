"""Folders and files that only their owner may enter, read or write: the one place that makes ours.

They are so from the first moment, whatever the umask says; nothing is made open and closed later. What an earlier release or somebody
else left open is closed by `close_up`, or told.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

#: The rights of others that no folder and no file of ours gives.
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
#: What lies in a data folder, in a store and beside access tokens. A folder with anything else in it belongs to somebody else too.
_OURS = re.compile(
    r"store|access|audit|demo|reader|positions\..+|deadletters\..+|failed\..+|again-.+|losses\..+|head\.json|page\.(log|pid)|mailtrace\.toml|\.doctor"
    r"|catalog\.sqlite.*|traces-[0-9T.]+\.sqlite.*|writer\.lock|\.?(tokens|sessions?)\..+|audit-.+\.jsonl.*"
).fullmatch
#: Settings are read by whoever may run the program; `doctor` tells of those that hold secrets.
_NOT_CLOSED = ".toml"


def folder(path: Path) -> None:
    """Make a folder, with all that it lies in, where there is none, on the disk when this returns; raises `OSError`."""
    missing = []
    while not path.is_dir():
        missing.append(path)
        if path.parent == path:
            break
        path = path.parent
    for one in reversed(missing):
        with suppress(FileExistsError):
            one.mkdir(mode=0o700)
            sync_folder(one.parent)


def create(path: Path) -> bool:
    """Make an empty file, where there is none; whether it was made. What SQLite puts beside a file has the file's rights."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return False
    return True


def opened(path: Path, mode: str, buffering: int = -1) -> IO[Any]:
    """`open` of a file of ours, which is made where the mode says so."""
    return open(path, mode, buffering, opener=_opener)


def sync_folder(path: Path) -> None:
    """Make durable which names a folder holds; raises `OSError`."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def close_up(path: Path) -> list[str]:
    """Take all rights of others from a folder and what is in it, all the way down; give a sentence for each that stays open.

    A folder that holds what is not ours keeps its rights, and so do files that are not ours and settings.
    """
    told = [f"{one} can be read by others, and its rights cannot be changed." for one in _to_close(path) if not _closed(one)]
    if _only_ours(path) and not _closed(path):
        told.append(f"{path} can be entered by others, and its rights cannot be changed.")
    return [*told, *(sentence for one in _folders(path) for sentence in close_up(one))]


def open_ones(path: Path) -> list[Path]:
    """What others may read or enter: the folder, and files and folders of ours in it, all the way down; settings are left out."""
    found = [one for one in (path, *_to_close(path)) if _mode(one) & _OTHERS]
    return [*found, *(one for folder in _folders(path) for one in open_ones(folder))]


def readable_by_others(path: Path) -> bool:
    """Whether anybody but its owner may read a file."""
    return bool(_mode(path) & (stat.S_IRGRP | stat.S_IROTH))


def _opener(path: str, flags: int) -> int:
    """Open a file as its owner's alone."""
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def _mode(path: Path) -> int:
    """The rights on a file or folder; none where it is gone."""
    try:
        return stat.S_IMODE(path.lstat().st_mode)
    except OSError:
        return 0


def _closed(path: Path) -> bool:
    """Take others' rights from a file or folder; whether none is left."""
    mode = _mode(path)
    if mode & _OTHERS:
        try:
            path.chmod(mode & ~_OTHERS)
        except OSError:
            return False
    return True


def _to_close(path: Path) -> Iterator[Path]:
    """The files of ours in a folder, settings aside."""
    for one in _inside(path):
        if _OURS(one.name) and one.suffix != _NOT_CLOSED and one.is_file() and not one.is_symlink():
            yield one


def _folders(path: Path) -> Iterator[Path]:
    """The folders of ours in a folder."""
    return (one for one in _inside(path) if _OURS(one.name) and one.is_dir() and not one.is_symlink())


def _only_ours(path: Path) -> bool:
    """Whether a folder is for nobody and nothing else: it is the user's own, no place for everybody, and all in it is ours."""
    try:
        found = path.stat()
    except OSError:
        return False
    return found.st_uid == os.geteuid() and not found.st_mode & stat.S_ISVTX and all(_OURS(one.name) for one in _inside(path))


def _inside(path: Path) -> list[Path]:
    """What is in a folder; nothing where it cannot be listed."""
    try:
        return sorted(path.iterdir())
    except OSError:
        return []
