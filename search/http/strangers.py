"""Who asks without a valid token, by client and minute: counted, slowed down, limited, and noted without filling a disk.

Only what came without a valid token is ever counted here. A valid one is looked at before, so it is served whatever others do from the same
address. Nothing grows with the number of clients beyond a bound. Times are seconds of a clock that only goes forward.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Seconds for which is counted.
WINDOW_S = 60
#: So many requests of a client, and refused tokens of it, are answered at once within a window; what comes then waits for its turn.
FREE_REQUESTS, FREE_REFUSALS = 300, 10
#: So many refused tokens of a client are answered with 401, and those that come then with 429.
LIMIT = 100
#: So many turns there are in a second, for all who wait; and nobody waits longer for one than so many seconds.
TURNS, LONGEST_S = 100, 2.0
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


class Strangers:
    """The counts of this minute. For one thread, that of the event loop."""

    def __init__(self) -> None:
        self._ends = 0.0
        self._turn = 0.0
        self._requests: dict[str, int] = {}
        self._refused: dict[str, int] = {}
        #: Refusals of the window before, until they are told.
        self._over: dict[str, int] = {}

    def ask(self, client: str, now: float) -> float:
        """Count a request; gives the seconds that it waits."""
        self._turn_over(now)
        return self._wait(now) if _count(self._requests, client) > FREE_REQUESTS else 0.0

    def refuse(self, client: str, now: float) -> Refusal:
        """Count a refused token."""
        self._turn_over(now)
        count = _count(self._refused, client)
        return Refusal(
            limited=count > LIMIT,
            pause_s=self._wait(now) if count > FREE_REFUSALS else 0.0,
            noted=count <= SINGLY and (len(self._refused) <= NOTED or client in list(self._refused)[:NOTED]),
            left=max(0, LIMIT - count),
            ends_s=max(1, round(self._ends - now)),
        )

    def sums(self, now: float) -> list[Sum]:
        """What the window that has ended still has to tell: once, and nothing while it goes on."""
        self._turn_over(now)
        counts, self._over = list(self._over.items()), {}
        found = [Sum(client, count - SINGLY) for client, count in counts[:NOTED] if count > SINGLY]
        if rest := counts[NOTED:]:
            found.append(Sum(OTHERS, sum(count for _, count in rest), len(rest)))
        return found

    def _turn_over(self, now: float) -> None:
        """Begin a new window where the last one is over."""
        if now >= self._ends:
            self._over = self._over or self._refused
            self._requests, self._refused, self._ends = {}, {}, now + WINDOW_S

    def _wait(self, now: float) -> float:
        """Take the next turn; gives the seconds until it comes."""
        self._turn = min(max(self._turn, now) + 1 / TURNS, now + LONGEST_S)
        return self._turn - now


def _count(counts: dict[str, int], client: str) -> int:
    """Count one more, and give how many there are."""
    if client not in counts and len(counts) >= _MOST_CLIENTS:
        client = OTHERS
    counts[client] = counts.get(client, 0) + 1
    return counts[client]
