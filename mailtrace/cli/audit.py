"""`mailtrace audit`: whether the audit log is as it was written."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

from cyclopts import Parameter

from mailtrace.access import access_folder
from mailtrace.amounts import counted
from mailtrace.cli.common import Common
from mailtrace.problems import WrongUsage
from mailtrace.show.screen import Screen
from search.http.chain import verify

#: So many faults are told singly.
_SHOWN = 20
_HASH_LENGTH = 64


def audit(
    action: Annotated[Literal["verify"], Parameter(name="ACTION")],
    /,
    *,
    since: str | None = None,
    head: str | None = None,
    common: Common | None = None,
) -> int:
    """Check the audit log: `verify` says whether entries were changed, taken out, put in, or cut off at the end, and where.

    Each entry bears its number and the hash of the one before it. Whoever may write the folder could write all of it anew; so keep the
    head that this command prints somewhere else, and give it back with `--head`. The exit code is 1 where anything is wrong.

    Parameters
    ----------
    action
        `verify`.
    since
        Month from which on is checked, as 2026-10, where older files were deleted; by default everything is.
    head
        The head that an earlier run printed, as NUMBER:HASH.
    """
    folder = access_folder((common or Common()).settings()) / "audit"
    found = verify(folder, since=None if since is None else _month(since), known=None if head is None else _head(head))
    screen = Screen(sys.stdout)
    for fault in found.faults[:_SHOWN]:
        # Of a log without an entry there is no place to name.
        screen.line(f"{fault.file}:{fault.line}: {fault.words}" if fault.file else f"There is no entry: {fault.words}")
    if len(found.faults) > _SHOWN:
        screen.line(f"and {len(found.faults) - _SHOWN:,} more")
    old = f", after {found.unchained:,} lines from before there was a chain" if found.unchained else ""
    much = f"{counted(found.entries, 'entry', 'entries')} in {counted(found.files, 'file')}"
    screen.line(f"{much}{old}: {'broken' if found.faults else 'whole'}")
    if found.entries:
        screen.line(f"Head: {found.head[0]}:{found.head[1]}")
    return 1 if found.faults else 0


def _month(text: str) -> str:
    """A month of the log."""
    year, _, month = text.partition("-")
    if not (len(year) == 4 and len(month) == 2 and (year + month).isdecimal()):
        raise WrongUsage(f"--since: {text!r} is no month; say 2026-10")
    return text


def _head(text: str) -> tuple[int, str]:
    """A head as it was printed."""
    number, _, digest = text.partition(":")
    if not number.isdecimal() or len(digest) != _HASH_LENGTH:
        raise WrongUsage(f"--head: {text!r} is no head; say NUMBER:HASH, as the command prints it")
    return int(number), digest
