"""What things are called on the server: one prefix, and all names follow from it and from the time in an id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

#: Times in ids end here.
END_OF_TIME = 1 << 48
DAY_MS = 86_400_000
#: The calendar repeats after so many days (400 years); Python's own ends with the year 9999.
_CYCLE_DAYS, _CYCLE_YEARS = 146_097, 400
_DAY = re.compile(r"([0-9]{4,5})\.([0-9]{2})\.([0-9]{2})").fullmatch
_PREFIX = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}").fullmatch


class Period(StrEnum):
    """How long a time one index holds."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class IndexNames:
    """The names of a store; its prefix is also the name of the alias that people search."""

    prefix: str = "mailtrace"

    def __post_init__(self) -> None:
        """Refuse a prefix that no index may have."""
        if _PREFIX(self.prefix) is None:
            raise ValueError(f"{self.prefix!r} cannot begin the name of an index: use a-z, 0-9, hyphen, dot and underscore")

    @property
    def alias(self) -> str:
        """The read alias: everything but superseded documents."""
        return self.prefix

    @property
    def template(self) -> str:
        """The index template."""
        return f"{self.prefix}-traces"

    @property
    def every(self) -> str:
        """A pattern for all indices with traces."""
        return f"{self.prefix}-traces-*"

    @property
    def meta(self) -> str:
        """The small index with what the store knows of itself."""
        return f"{self.prefix}-meta"

    @property
    def policy(self) -> str:
        """The lifecycle policy."""
        return self.prefix

    def index(self, lower_ms: int) -> str:
        """The index whose range begins at this time."""
        cycle, rest = divmod(lower_ms // DAY_MS, _CYCLE_DAYS)
        day = date(1970, 1, 1) + timedelta(days=rest)
        return f"{self.prefix}-traces-{day.year + cycle * _CYCLE_YEARS:04}.{day.month:02}.{day.day:02}"

    def lower_ms(self, name: str) -> int | None:
        """The time at which the range of an index begins, by its name; None where it is no name of ours."""
        found = _DAY(name.removeprefix(f"{self.prefix}-traces-")) if name.startswith(f"{self.prefix}-traces-") else None
        if found is None:
            return None
        cycle, year = divmod(int(found[1]) - 1970, _CYCLE_YEARS)
        try:
            day = date(1970 + year, int(found[2]), int(found[3]))
        except ValueError:
            return None
        lower = ((day - date(1970, 1, 1)).days + cycle * _CYCLE_DAYS) * DAY_MS
        return lower if 0 <= lower < END_OF_TIME and self.index(lower) == name else None


def span(time_ms: int, period: Period) -> tuple[int, int]:
    """The period around a time: its beginning and its end, in UTC."""
    cycle, number = divmod(time_ms // DAY_MS, _CYCLE_DAYS)
    day = date(1970, 1, 1) + timedelta(days=number)
    if period is Period.DAY:
        first, last = day, day + timedelta(days=1)
    elif period is Period.WEEK:
        first = day - timedelta(days=day.weekday())
        last = first + timedelta(days=7)
    else:
        first = day.replace(day=1)
        last = (first + timedelta(days=31)).replace(day=1)
    lower, upper = (((one - date(1970, 1, 1)).days + cycle * _CYCLE_DAYS) * DAY_MS for one in (first, last))
    return max(lower, 0), min(upper, END_OF_TIME)
