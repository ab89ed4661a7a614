"""Tokens that open nothing, by client and minute: counted, slowed down, limited, and noted without filling a disk.

Only what was refused is ever counted here. A valid token is looked at before, so it is served whatever others do from the same address.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Seconds for which is counted.
WINDOW_S = 60
#: So many refusals of a client are answered at once, those up to the limit after a pause of some seconds, and what comes then with 429.
FREE, LIMIT, PAUSE_S = 10, 100, 0.1
#: Clients of which the audit log tells within a window, and refusals of each that it tells singly; the others are told of together.
NOTED, SINGLY = 20, 5
#: Clients that are counted singly within a window; the others are counted as one.
_MOST_CLIENTS = 10_000
#: Stands for all the others.
OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What becomes of one refused token."""

    #: 401, or 429 where the client has had enough of them.
    limited: bool
    #: Seconds that its answer waits.
    pause_s: float
    #: Whether it is noted by itself.
    noted: bool
    #: How many more the client has in this window.
    left: int
    #: Seconds until the window ends.
    ends_s: int

    def headers(self) -> dict[str, str]:
        """The headers that tell the limit (draft-ietf-httpapi-ratelimit-headers), and when to come back."""
        told = {"ratelimit-policy": f'"refused";q={LIMIT};w={WINDOW_S}', "ratelimit": f'"refused";r={self.left};t={self.ends_s}'}
        return {**told, "retry-after": str(self.ends_s)} if self.limited else told


@dataclass(frozen=True, slots=True)
class Sum:
    """What was refused in a window that has ended, and not noted by itself."""

    client: str
    count: int
    #: From how many clients.
    clients: int = 1


class Refusals:
    """The counts of this minute. Times are seconds of a clock that only goes forward. For one thread, that of the event loop."""

    def __init__(self) -> None:
        self._ends = 0.0
        self._counts: dict[str, int] = {}

    def refuse(self, client: str, now: float) -> Refusal:
        """Count a refused token of a client; sums of the window before must have been taken with `sums`."""
        if now >= self._ends:
            self._counts, self._ends = {}, now + WINDOW_S
        if client not in self._counts and len(self._counts) >= _MOST_CLIENTS:
            client = OTHERS
        count = self._counts[client] = self._counts.get(client, 0) + 1
        return Refusal(
            limited=count > LIMIT,
            pause_s=PAUSE_S if FREE < count <= LIMIT else 0.0,
            noted=count <= SINGLY and (len(self._counts) <= NOTED or client in list(self._counts)[:NOTED]),
            left=max(0, LIMIT - count),
            ends_s=max(1, round(self._ends - now)),
        )

    def sums(self, now: float) -> list[Sum]:
        """What a window that has ended still has to tell: once, and nothing while it goes on."""
        if not self._counts or now < self._ends:
            return []
        counts, self._counts = self._counts, {}
        single = list(counts.items())[:NOTED]
        rest = list(counts.items())[NOTED:]
        found = [Sum(client, count - SINGLY) for client, count in single if count > SINGLY]
        if rest:
            found.append(Sum(OTHERS, sum(count for _, count in rest), len(rest)))
        return found
