"""A real service that listens: over a store that is given, for callers with tokens, asked over sockets."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
from stores import Store

from mailtrace.access import tokens
from mailtrace.serving import service
from mailtrace.settings import CustomerTable, Elasticsearch, Http, Settings
from mappings.trace import Trace
from search.access import Role
from search.http.site import OnAnswer

API = "/api/v1"
#: Every address of a machine.
ANYWHERE = "0.0.0.0"  # noqa: S104 - said to programs, not listened on here
_PATIENCE_S = 20.0
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a token, and what he may see, said by hand: None is everything."""

    name: str
    role: Role
    sees: frozenset[str] | None
    customers: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()

    def may_see(self, trace: Trace) -> bool:
        """Whether a trace is his to see."""
        return self.sees is None or not self.sees.isdisjoint(trace.visible_to)


#: The customers of the settings; domains are written there in many ways.
CUSTOMERS = (
    CustomerTable(name="North", domains=("Example.ORG", "XN--BCHER-KVA.example")),
    CustomerTable(name="South & Söhne", domains=("example.net",)),
    CustomerTable(name="East", domains=("sub.example.net",)),
    CustomerTable(name="Idle", domains=("idle.example",)),
)
#: The same as the query layer has them.
CUSTOMER_DOMAINS = {
    "North": ("example.org", "bücher.example"),
    "South & Söhne": ("example.net",),
    "East": ("sub.example.net",),
    "Idle": ("idle.example",),
}


def _sees(*domains: str) -> frozenset[str]:
    return frozenset(domains)


ADMIN = Person("Admin", Role.ADMIN, None)
PEOPLE = (
    ADMIN,
    Person("Integrator A", Role.INTEGRATOR, _sees("example.org", "bücher.example", "example.net"), customers=("North", "South & Söhne")),
    Person("Integrator B", Role.INTEGRATOR, _sees("example.net", "sub.example.net"), customers=("South & Söhne", "East")),
    Person("Ann of North", Role.CUSTOMER, _sees("example.org", "bücher.example"), customers=("NORTH",)),
    Person("Bob of a domain", Role.CUSTOMER, _sees("example.net"), domains=("EXAMPLE.net",)),
    Person("Both ways", Role.CUSTOMER, _sees("sub.example.net", "bücher.example"), customers=("East",), domains=("xn--bcher-kva.example",)),
    Person("Idle", Role.CUSTOMER, _sees("idle.example"), customers=("Idle",)),
    Person("Nobody", Role.CUSTOMER, _sees("nobody.example"), domains=("nobody.example",)),
)
#: Their tokens open nothing.
EXPIRED, REVOKED = "Expired", "Revoked"


@dataclass
class Running:
    """A service that listens."""

    address: str
    data: Path
    #: Token by the name of whom it is.
    secrets: Mapping[str, str] = field(default_factory=dict)
    #: Whether it said that everybody on this machine may ask.
    open: bool = False
    #: Asks it to end.
    stop: Callable[[], None] = lambda: None
    #: How many questions helpers have answered for it.
    helped: Callable[[], int] = lambda: 0
    _clients: dict[str | None, httpx.Client] = field(default_factory=dict)

    def client(self, who: str | Person | None = ADMIN) -> httpx.Client:
        """What asks as somebody; None has no token."""
        name = who.name if isinstance(who, Person) else who
        if name not in self._clients:
            self._clients[name] = self.fresh(headers={} if name is None else {"Authorization": f"Bearer {self.secrets[name]}"})
        return self._clients[name]

    def fresh(self, **options: Any) -> httpx.Client:
        """One more client; whoever asks for it closes it."""
        return httpx.Client(base_url=self.address, timeout=60.0, **options)

    def get(self, path: str, params: Iterable[tuple[str, str]] = (), who: str | Person | None = ADMIN, **headers: str) -> httpx.Response:
        """Ask the API as somebody; a header's name is written with `_`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client(who).get(f"{API}{path}", params=list(params) or None, headers=sent)

    def close(self) -> None:
        """Let go of the connections."""
        for client in self._clients.values():
            client.close()


def settings(store: Store, data: Path, http: Http | None = None, customers: tuple[CustomerTable, ...] = CUSTOMERS) -> Settings:
    """The settings of a service over a store."""
    told = store.settings
    return Settings(
        data=str(data),
        store=told["MAILTRACE_STORE"],
        elasticsearch=Elasticsearch(prefix=told.get("MAILTRACE_ELASTICSEARCH_PREFIX", "mailtrace"), timeout=10.0),
        http=http or Http(timezone="UTC"),
        customer=customers,
    )


def give_tokens(made: Settings, people: Iterable[Person] = PEOPLE) -> dict[str, str]:
    """Make a token for each, and two that open nothing."""
    kept, now_ms = tokens(made), time.time_ns() // 1_000_000
    given = {one.name: kept.create(one.name, one.role, now_ms, customers=one.customers, domains=one.domains) for one in people}
    given[EXPIRED] = kept.create(EXPIRED, Role.ADMIN, now_ms - 2 * _DAY_MS, expires_ms=now_ms - _DAY_MS)
    given[REVOKED] = kept.create(REVOKED, Role.ADMIN, now_ms)
    kept.revoke(REVOKED, now_ms)
    return given


@contextmanager
def running(
    made: Settings, secrets: Mapping[str, str] | None = None, on_answer: OnAnswer | None = None, port: int = 0
) -> Iterator[Running]:
    """Run a service in a thread, on a port that is free or this one."""
    told: list[tuple[str, bool]] = []
    listening, stop = threading.Event(), threading.Event()

    def listens(address: str, everybody: bool) -> None:
        told.append((address, everybody))
        listening.set()

    with service(made, None, port, listens, on_answer=on_answer) as ready:
        thread = threading.Thread(target=ready.run_until, args=(stop,), name="service")
        thread.start()
        try:
            assert listening.wait(_PATIENCE_S), "the service did not begin to listen"
            (address, everybody) = told[0]
            place = Running(address.removesuffix("/"), made.data_dir, secrets or {}, everybody, stop.set, lambda: ready.crew.helped)
            try:
                yield place
            finally:
                place.close()
        finally:
            stop.set()
            thread.join(_PATIENCE_S)
    assert not thread.is_alive(), "the service did not end"


def fill(store: Store, traces: Iterable[Trace], read_up_to: Mapping[str, int] | None = None) -> None:
    """Write traces into a store, in batches of uneven size."""
    sink = store.sink()
    waiting, size = list(traces), 1
    while waiting:
        sink.submit(waiting[:size])
        sink.flush()
        waiting, size = waiting[size:], size % 97 + 41
    if read_up_to:
        sink.note_progress(read_up_to)
    sink.close()


def until(true: Callable[[], bool], seconds: float = _PATIENCE_S) -> None:
    """Wait until something is true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not become true"
        time.sleep(0.02)


def json_of(response: httpx.Response, status: int = 200) -> Any:
    """What an answer holds; its status is as expected."""
    assert response.status_code == status, (response.status_code, response.text[:500])
    return msgspec.json.decode(response.content)


def problem_of(response: httpx.Response, status: int) -> dict[str, Any]:
    """The problem that an answer tells, which has its right form (RFC 9457)."""
    assert response.status_code == status, (response.status_code, response.text[:500])
    assert response.headers["content-type"].partition(";")[0] == "application/problem+json"
    told: dict[str, Any] = msgspec.json.decode(response.content)
    assert set(told) == {"type", "title", "status", "detail", "instance", "errors"}
    assert told["status"] == status
    assert told["instance"] == f"urn:request:{response.headers['x-request-id']}"
    return told


def builtins(value: Any) -> Any:
    """An answer as it is when its JSON was read."""
    return msgspec.json.decode(msgspec.json.encode(value))


_CSRF = re.compile(r'name="csrf"\s+value="([0-9a-f]+)"|value="([0-9a-f]+)"\s+name="csrf"')


def csrf_of(page: str) -> str:
    """The mark against forged forms that a page's form brings."""
    found = _CSRF.search(page)
    assert found is not None, page[:2_000]
    return found[1] or found[2]
