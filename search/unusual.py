"""What is unusual for a domain: its mail of a day so far, beside the same hours of the same weekday in the weeks before.

Median and median absolute deviation (MAD) are not moved by one odd week, as mean and standard deviation are (Iglewicz and Hoaglin, *How to
Detect and Handle Outliers*, 1993, whose modified z-score and bound of 3.5 this is). Counts scatter by the root of what is usual even where
the weeks were alike, so the deviation is at least that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from statistics import median
from typing import Final

from mappings.vocabulary import Disposition
from search.engines import Side
from search.service import MailTrace

#: So many weeks are looked at, and so many must be there.
WEEKS: Final = 6
_LEAST_WEEKS = 3
#: From this score on it is unusual.
_SCORE = 3.5
#: MAD times this is the standard deviation of what scatters normally.
_NORMAL = 1.4826
#: A difference of fewer is not told.
_LEAST = 10

Fates = Mapping[Disposition, int]
Counts = Mapping[str, Fates]


@dataclass(frozen=True, slots=True)
class Unusual:
    """A number that is unusual: how much there is, and how much there usually is."""

    count: int
    usual: int

    @property
    def more(self) -> bool:
        """Whether there is more than usual."""
        return self.count > self.usual


def unusual(count: int, weeks: Sequence[int]) -> Unusual | None:
    """Whether a count is unusual beside those of the weeks before."""
    if len(weeks) < _LEAST_WEEKS:
        return None
    usual = median(weeks)
    scatter = max(_NORMAL * median(abs(week - usual) for week in weeks), math.sqrt(max(usual, 1)))
    if abs(count - usual) < _LEAST or abs(count - usual) / scatter < _SCORE:
        return None
    return Unusual(count, round(usual))


def weeks_before(mail: MailTrace, since_ms: int, until_ms: int, zone: tzinfo, side: Side) -> list[Counts]:
    """The counts by domain in the same hours of the weeks before, the latest first; without the weeks before there was any mail."""
    spans = [(_weeks_earlier(since_ms, zone, number), _weeks_earlier(until_ms, zone, number)) for number in range(1, WEEKS + 1)]
    found: list[Counts] = [mail.domains(since_ms=since, until_ms=max(since, until), side=side) for since, until in spans]
    while found and not found[-1]:
        found.pop()
    return found


def usual_of(weeks: Sequence[Counts], domain: str, members: Sequence[Disposition]) -> list[int]:
    """How many of some outcomes a domain had in each of the weeks."""
    return [sum(week.get(domain, {}).get(member, 0) for member in members) for week in weeks]


def _weeks_earlier(time_ms: int, zone: tzinfo, weeks: int) -> int:
    """The same time of the zone's day so many weeks earlier, whatever the clocks did in between."""
    local = datetime.fromtimestamp(time_ms / 1000, zone)
    return int((local - timedelta(weeks=weeks)).astimezone(UTC).timestamp() * 1000)
