"""Time zones: which one stamps without a zone are in, and which one times are shown in."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mailtrace.problems import WrongUsage

_LOCALTIME = Path("/etc/localtime")


def named(zone: str) -> ZoneInfo:
    """The zone of this name (`Europe/Berlin`); a name that is not known is wrong usage."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise WrongUsage(f"unknown time zone {zone!r}; zones are named like Europe/Berlin, America/New_York or UTC") from None


def system_zone(environ: Mapping[str, str] | None = None, localtime: Path = _LOCALTIME) -> str:
    """Name of the system's zone: `TZ` where set, else what /etc/localtime points to, else UTC."""
    told = (os.environ if environ is None else environ).get("TZ", "").removeprefix(":")
    if told:
        try:
            return named(told).key
        except WrongUsage as error:
            raise WrongUsage(f"TZ in the environment: {error}") from None
    _, found, name = str(localtime.resolve()).partition("/zoneinfo/")
    try:
        return ZoneInfo(name).key if found else "UTC"
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC"


def shown_time(stamp: str, zone: dt.tzinfo, *, fine: bool = False) -> str:
    """Write an RFC 3339 time for people, in their zone: `2026-11-24 03:22:10`, with milliseconds where wanted."""
    at = dt.datetime.fromisoformat(stamp)
    with suppress(OverflowError):  # a hostile stamp at the end of the calendar stays in UTC
        at = at.astimezone(zone)
    text = at.strftime("%Y-%m-%d %H:%M:%S")
    return f"{text}.{at.microsecond // 1000:03}" if fine else text
