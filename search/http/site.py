"""What one service is made of: the store it asks, and what is set for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from mappings.locales import Books, built_in
from search.access import Caller, Customer, Role
from search.engines import Engine
from search.http.audit import Audit
from search.http.elsewhere import Elsewhere
from search.http.places import Places
from search.http.remembering import RememberedWeeks
from search.http.sessions import Sessions
from search.http.strangers import Strangers
from search.http.tokens import Tokens
from search.scope import EVERYTHING

#: Hears of every answer: its route as it is declared (`/api/v1/traces/{trace_id}`; empty where none was found or asked), its status (0
#: where nothing went out), and the seconds until its end; of an answer that is no export, until its beginning.
OnAnswer: TypeAlias = Callable[[str, int, float], None]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Site:
    """A service. Safe for several threads."""

    engine: Engine
    tokens: Tokens
    sessions: Sessions
    audit: Audit
    customers: tuple[Customer, ...] = ()
    #: Zone in which times are shown and read where the reader has none of his own.
    zone: str = "UTC"
    #: Path below which everything lies, "" or as "/mail"; every link begins with it.
    base: str = ""
    #: True where no token was configured at the start: whoever reaches the loopback address is an admin.
    open: bool = False
    #: Origins whose scripts may call the API.
    origins: tuple[str, ...] = ()
    #: Questions that are answered at the same time; more wait.
    threads: int = 4
    #: Gives now in milliseconds; a test sets it.
    clock: Callable[[], int] = _now_ms
    #: The sentences for people, as the site has them.
    books: Books = field(default_factory=built_in)
    places: Places = field(default_factory=Places)
    strangers: Strangers = field(default_factory=Strangers)
    weeks: RememberedWeeks = field(default_factory=RememberedWeeks)
    #: Other processes that answer questions as this one does.
    elsewhere: Elsewhere | None = None
    on_answer: OnAnswer | None = None

    def anonymous(self) -> Caller:
        """Whoever sits at this machine, where no token is configured."""
        return Caller("this machine", Role.ADMIN, EVERYTHING, self.customers)
