"""Which files: what the paths, folders and patterns of a user stand for at this moment, oldest first."""

from __future__ import annotations

# Names stay strings: they are compared as the user wrote them, and this runs for each file at each sweep.
# ruff: noqa: PTH100, PTH110, PTH112, PTH114, PTH116, PTH118, PTH120, PTH207, PTH208
import errno
import glob
import os
import re
import stat
from collections.abc import Callable, Collection, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import NamedTuple

from ingest.tail.faults import TailError, cannot_read, no_rights
from ingest.tail.names import is_file
from mappings.readings import Trouble

_PACKED = re.compile(r"\.(?:gz|bz2|xz|zst)$")
_DATE = re.compile(r"[-_.](20\d\d)[-_.]?([01]\d)[-_.]?([0-3]\d)(?:[-_.T]?(\d{2,6}))?(?!\d)", re.ASCII)
_SECONDS = re.compile(r"[-_.](1\d{9})(?!\d)", re.ASCII)
_NUMBER = re.compile(r"\.(\d{1,5})$", re.ASCII)
_END = re.compile(r"[-_.~]")

#: Sorts after every date and every number.
_LIVE = (2, "", 0)


def expand(
    arguments: Sequence[str],
    *,
    once: bool = False,
    exclude: str | None = None,
    problem: Callable[[TailError], None] | None = None,
) -> list[str]:
    """The files that the arguments stand for now, each content of a name once, rotated sets oldest first.

    An argument is a file, a folder (its regular files, without hidden ones), a pattern (`**` for any depth), `-` or a journal. With `once`
    a plain file that does not exist is an error; otherwise it may come later. `exclude` is a folder whose files are never read: an
    argument that has no others is an error. Errors go to `problem`, and the other arguments count; without it they are raised.
    """
    own = os.path.realpath(exclude) if exclude is not None else None
    found: dict[tuple[int, int], str] = {}
    streams: dict[str, None] = {}
    for argument in arguments:
        if not is_file(argument):
            streams[argument] = None
            continue
        ours, others = False, False
        for path, status in _found(argument, once=once, problem=problem):
            if own is not None and os.path.dirname(os.path.realpath(path)) == own:
                ours = True
                continue
            others = True
            key = (status.st_dev, status.st_ino)
            # The same file under two names: rather the one that is no link.
            if key not in found or (os.path.islink(found[key]) and not os.path.islink(path)):
                found[key] = path
        if ours and not others:
            _tell(TailError(f"{argument}: lies in the data folder, where no log is read; move it, or give --data another folder"), problem)
    return [*streams, *sorted(found.values(), key=order)]


def order(path: str) -> tuple[str, tuple[int, str, int], str]:
    """What sorts the files of a rotated set by age, oldest first: `mail.log-20261101.gz`, `mail.log.10.gz`, `mail.log.2.gz`, `mail.log`."""
    base, age = _rotation(path)
    return base, age, path


def rotated_set(path: str) -> str:
    """The name that the files of one rotated set have in common: the path of the live one."""
    return _rotation(path)[0]


def is_packed(path: str) -> bool:
    """Whether a file is compressed, by its name."""
    return _PACKED.search(path) is not None


def is_live(path: str) -> bool:
    """Whether this is the name to which programs write, as far as it tells."""
    return _rotation(path)[1] == _LIVE


def folders_of(arguments: Sequence[str], files: Sequence[str]) -> set[str]:
    """Folders in which something of interest may happen: of the files, and of what is named but not there yet."""
    folders = {os.path.dirname(os.path.realpath(path)) for path in files if is_file(path)}
    folders |= {os.path.dirname(os.path.abspath(path)) for path in files if is_file(path)}
    for argument in arguments:
        if not is_file(argument):
            continue
        if os.path.isdir(argument):
            folders.add(os.path.realpath(argument))
        else:
            parent = os.path.dirname(os.path.abspath(argument))
            if not glob.has_magic(parent):
                folders.add(parent)
    return {folder for folder in folders if os.path.isdir(folder)}


def covers(arguments: Sequence[str], path: str) -> bool:
    """Whether a path is one that the arguments stand for, where it is a file."""
    return any(
        path == argument
        or os.path.dirname(path) == argument.rstrip("/")
        or (glob.has_magic(argument) and any(fnmatchcase(path, form) for form in (argument, argument.replace("**/", ""))))
        for argument in arguments
    )


class Member(NamedTuple):
    """A file that lies beside a live one and bears its name."""

    path: str
    key: tuple[int, int]
    size: int
    mtime_ns: int


def members(folder: str, lives: Collection[str]) -> dict[str, list[Member]]:
    """The files of a folder that bear the names of these live ones in it, with or without what rotation adds, oldest first.

    Raises `OSError` where the folder cannot be looked through; one that is not there has no files.
    """
    found: dict[str, list[Member]] = {live: [] for live in lives}
    try:
        names = os.listdir(folder or ".")
    except FileNotFoundError:
        return found
    for name in names:
        path = os.path.join(folder, name)
        live = _live_of(path, found)
        if live is None:
            continue
        try:
            status = os.stat(path)
        except FileNotFoundError:
            continue
        if stat.S_ISREG(status.st_mode) and status.st_size:
            found[live].append(Member(path, (status.st_dev, status.st_ino), status.st_size, status.st_mtime_ns))
    for listed in found.values():
        listed.sort(key=lambda member: order(member.path))
    return found


def _live_of(path: str, lives: Collection[str]) -> str | None:
    """The live file whose name a file bears: of its rotated set, or with anything behind it, as `mail.log.old`."""
    rotated = rotated_set(path)
    if rotated in lives:
        return rotated
    return next((path[: end.start()] for end in reversed(list(_END.finditer(path))) if path[: end.start()] in lives), None)


def _found(argument: str, *, once: bool, problem: Callable[[TailError], None] | None) -> list[tuple[str, os.stat_result]]:
    """The files of one argument; what cannot be looked at goes to `problem`."""
    found: list[tuple[str, os.stat_result]] = []
    try:
        # One by one: what was found before an error counts.
        found.extend(_candidates(argument, once=once, problem=problem))
    except TailError as error:
        _tell(error, problem)
    return found


def _tell(error: TailError, problem: Callable[[TailError], None] | None) -> None:
    """Give an error to whoever hears of them, else raise it."""
    if problem is None:
        raise error
    problem(error)


def _candidates(argument: str, *, once: bool, problem: Callable[[TailError], None] | None) -> Iterator[tuple[str, os.stat_result]]:
    """Existing files of one argument, in no order."""
    try:
        status = os.stat(argument)
    except FileNotFoundError:
        if glob.has_magic(argument):
            yield from _regular(_matching(argument, problem), problem)
        elif once:
            raise TailError(f"{argument}: no such file", argument, Trouble.GONE) from None
        return
    except ValueError:
        raise TailError(f"{argument!r}: not a name of a file") from None
    except OSError as error:
        raise cannot_read(argument, error) from None
    if stat.S_ISDIR(status.st_mode):
        try:
            names = os.listdir(argument)
        except OSError as error:
            raise cannot_read(argument, error) from None
        yield from _regular((os.path.join(argument, name) for name in names if not name.startswith(".")), problem)
    elif stat.S_ISSOCK(status.st_mode) or stat.S_ISBLK(status.st_mode):
        raise TailError(f"{argument}: is no file of log lines", argument)
    else:
        # A pipe too, where it is named: `<(zcat mail.log.1.gz)`.
        yield argument, status


def _matching(pattern: str, problem: Callable[[TailError], None] | None) -> Iterator[str]:
    """What a pattern matches. A folder that cannot be looked through matches nothing, which must not pass in silence."""
    yield from glob.iglob(pattern, recursive=True)
    folder = pattern
    while glob.has_magic(folder):
        folder = os.path.dirname(folder)
    folder = folder or "."
    if problem is not None and os.path.exists(folder) and not os.access(folder, os.R_OK | os.X_OK):
        problem(no_rights(folder))


def _regular(paths: Iterator[str], problem: Callable[[TailError], None] | None) -> Iterator[tuple[str, os.stat_result]]:
    for path in paths:
        try:
            status = os.stat(path)
        except OSError as error:
            # Gone since, or a link that leads nowhere or in a circle.
            if problem is not None and error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                problem(cannot_read(path, error))
            continue
        if stat.S_ISREG(status.st_mode):
            yield path, status


@lru_cache(maxsize=8192)
def _rotation(path: str) -> tuple[str, tuple[int, str, int]]:
    """The path without what rotation added, and an age that sorts."""
    folder, name = os.path.split(path)
    name = _PACKED.sub("", name)
    number = _NUMBER.search(name)
    if number is not None:
        name = name[: number.start()]
    date = _DATE.search(name)
    if date is not None:
        base = name[: date.start()] + name[date.end() :]
        return os.path.join(folder, base), (0, "".join(part or "" for part in date.groups()), -int(number[1]) if number else 0)
    seconds = _SECONDS.search(name)
    if seconds is not None:
        return os.path.join(folder, name[: seconds.start()] + name[seconds.end() :]), (0, seconds[1], 0)
    if number is not None:
        return os.path.join(folder, name), (1, "", -int(number[1]))
    return os.path.join(folder, name), _LIVE
