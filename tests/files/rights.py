"""Rights to files that hold also where the tests run as root, whom by default nothing holds back (capabilities(7))."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

_VERSION_3 = 0x20080522
#: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH.
_BEYOND_RIGHTS = (1, 2)
_PR_CAPBSET_DROP = 24


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


_libc = ctypes.CDLL(None, use_errno=True)


def _set(*, beyond: bool) -> bool:
    """Let this thread go beyond the rights of files, as root may, or not; gives whether it could before."""
    header, sets = _Header(_VERSION_3, 0), (_Sets * 2)()
    if _libc.capget(ctypes.byref(header), sets) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    mask = sum(1 << one for one in _BEYOND_RIGHTS)
    before = bool(sets[0].effective & mask)
    sets[0].effective = sets[0].effective | (mask & sets[0].permitted) if beyond else sets[0].effective & ~mask
    if _libc.capset(ctypes.byref(header), sets) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    return before


@contextmanager
def held_to_rights() -> Iterator[None]:
    """Be held back by the rights of files."""
    before = _set(beyond=False)
    try:
        yield
    finally:
        _set(beyond=before)


@contextmanager
def as_owner() -> Iterator[None]:
    """Be held back by nothing again, where that is possible at all."""
    before = _set(beyond=True)
    try:
        yield
    finally:
        _set(beyond=before)


def hold_child_to_rights() -> None:
    """The same for a process that is about to be started."""
    if os.geteuid() == 0:
        for one in _BEYOND_RIGHTS:
            _libc.prctl(_PR_CAPBSET_DROP, one, 0, 0, 0)
