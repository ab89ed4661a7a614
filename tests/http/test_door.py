"""Nothing stops the service: a real process with few handles, beset by slow and hostile clients, answers the others as ever."""

from __future__ import annotations

import asyncio
import os
import re
import resource
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import generate
import hostile_clients
import httpx
import pytest
from apart import apart
from hostile_clients import KINDS, Kind, Place, beset
from http_service import ADMIN, API, Running, fill, give_tokens, json_of, running, settings, until
from stores import Embedded

from mailtrace.door import connection as limits
from mailtrace.door import door
from mailtrace.door.guests import Guest, Guests
from mailtrace.door.head import LONGEST_ADDRESS, MOST_BYTES, MOST_LINES, Head, HeadError
from mailtrace.serving import service
from mailtrace.settings import Http
from search.http import forms, places, strangers
from search.http.clients import among, client_of
from search.http.places import Places
from search.http.strangers import Strangers

pytest_plugins = ("http_fixtures",)

HANDLES = 256
#: A bound that only a service which is held up breaks; an answer takes some milliseconds.
SOON_S = 4.0


@pytest.fixture(scope="module")
def beset_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Give `mailtrace serve` as a process that may have few handles, over a store whose export is megabytes long."""
    folder = tmp_path_factory.mktemp("beset")
    store = Embedded(folder / "store")
    fill(store, generate.traces(seed=8, count=4_000, events=False))
    made = settings(store, folder / "data")
    secret = give_tokens(made)[ADMIN.name]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAILTRACE_")}
    environ |= {"MAILTRACE_DATA": made.data, "MAILTRACE_STORE": made.store, "MAILTRACE_HTTP_PORT": "0", "TZ": "UTC"}
    command = [sys.executable, "-m", "mailtrace", "serve"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environ) as program:
        resource.prlimit(program.pid, resource.RLIMIT_NOFILE, (HANDLES, HANDLES))
        try:
            assert program.stderr is not None
            found = re.search(r"http://([\d.]+):(\d+)/", program.stderr.readline())
            assert found is not None
            # Whatever it says must not fill the pipe.
            said: list[str] = []
            threading.Thread(target=said.extend, args=(program.stderr,), daemon=True).start()
            yield Place(found[1], int(found[2]), secret, program.pid)
            assert program.poll() is None
            assert "Traceback" not in "".join(said)
        finally:
            program.terminate()
            program.wait(30)


def answered(place: Place, rounds: int) -> list[float]:
    """Ask for a search and for `/healthz`, over and over, also on new connections; gives how long each took."""
    took = []
    with httpx.Client(timeout=20.0) as kept:
        for _ in range(rounds):
            for ask in (kept.get, httpx.get):
                for path in ("/healthz", f"{API}/traces?limit=5"):
                    began = time.monotonic()
                    response = ask(f"http://{place.host}:{place.port}{path}", headers={"Authorization": f"Bearer {place.token}"})
                    took.append(time.monotonic() - began)
                    assert response.status_code == 200, (path, response.text)
            time.sleep(0.02)
    return took


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_others_are_answered_beside(kind: Kind, beset_process: Place) -> None:
    """Searches and the health check come promptly beside many clients of each kind, more than there are handles where those are cheap."""
    each = 400 if kind is hostile_clients.half_request else 25

    async def attack() -> list[float]:
        async with beset(beset_process, [kind], each):
            await asyncio.sleep(0.5)
            return await asyncio.to_thread(answered, beset_process, 6)

    took = apart(lambda: asyncio.run(attack()))
    assert sorted(took)[len(took) * 9 // 10] < SOON_S, took


def test_none_of_them_was_let_go_on(beset_process: Place) -> None:
    """What each kind meets: a status that says why, or the end of its connection."""
    place = Place(beset_process.host, beset_process.port, beset_process.token)

    async def attack() -> None:
        async with beset(place, KINDS, 2):
            for _ in range(120):
                await asyncio.sleep(0.1)
                if {"endless_header", "huge_form", "wrong_tokens", "junk"} <= {*place.statuses, *place.ended}:
                    return

    apart(lambda: asyncio.run(attack()))
    assert 413 in place.statuses["huge_form"]
    assert 401 in place.statuses["wrong_tokens"] or 429 in place.statuses["wrong_tokens"]
    # Whoever sends without reading may see the connection reset in place of the words.
    assert place.statuses.get("endless_header", {431}) == {431}
    assert place.statuses["junk"] <= {200, 400, 503}


# What one connection may do -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Give a service with a little mail."""
    folder = tmp_path_factory.mktemp("small")
    store = Embedded(folder / "store")
    fill(store, generate.traces(seed=9, count=50))
    made = settings(store, folder / "data")
    with running(made, give_tokens(made)) as service:
        yield service


@contextmanager
def connected(service: Running) -> Iterator[socket.socket]:
    """Give a connection."""
    parts = urlsplit(service.address)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20) as made:
        yield made


def all_of(made: socket.socket) -> bytes:
    """What comes until the service ends the connection."""
    found = b""
    try:
        while some := made.recv(1 << 16):
            found += some
    except ConnectionResetError:
        pass
    return found


def said(service: Running, sent: bytes) -> bytes:
    """What the service answers to these bytes, until it ends the connection."""
    with connected(service) as made:
        made.sendall(sent)
        return all_of(made)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * MOST_BYTES + b"\r\n\r\n", 431),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * MOST_LINES + b"\r\n", 431),
        (b"GET /healthz?" + b"a" * (LONGEST_ADDRESS + 100) + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET " + b"a" * (LONGEST_ADDRESS + 100), 414),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        (b"G@T /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /healthz\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"GET healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
        (b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
        (b"GET http://x/healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200),
        (b"\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200),
        (b"GET /healthz HTTP/1.0\r\n\r\n", 200),
        (b"BREW /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade, close\r\n\r\n", 200),
    ],
)
def test_odd_requests_have_plain_answers(small: Running, sent: bytes, status: int) -> None:
    """What is too long, contradicts itself or is no HTTP is told so, and the connection ends."""
    answer = said(small, sent)
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:200]


def test_an_address_of_the_longest_length_is_taken(small: Running) -> None:
    """Just within the bounds nothing is refused."""
    path = f"{API}/traces?sender=" + "a" * (LONGEST_ADDRESS - 60)
    response = small.client(ADMIN).get(path, headers={f"X-{number}": "a" * 200 for number in range(80)})
    assert response.status_code in (200, 400)


def test_requests_that_were_sent_ahead_are_answered_in_order(small: Running) -> None:
    """One after the other, as if they had waited."""
    paths = ["/healthz", f"{API}/nowhere", "/readyz", "/sign-in"]
    asked = [f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n" for path in paths]
    asked[-1] = asked[-1].replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
    answer = said(small, "".join(asked).encode())
    assert [int(one) for one in re.findall(rb"HTTP/1\.1 (\d+) ", answer)] == [200, 401, 200, 200]


def test_a_head_that_comes_in_pieces_is_one(small: Running) -> None:
    """Also where a piece ends within a line end."""
    with connected(small) as made:
        for piece in (b"GET /heal", b"thz HTTP/1.1\r", b"\nHost: x\r\nConnection: close\r\n", b"\r", b"\n"):
            made.sendall(piece)
            time.sleep(0.02)
        assert all_of(made).endswith(b"ok")


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz",
        hostile_clients.form_head(100) + b"csrf=",
        hostile_clients.form_head(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked") + b"5\r\ncsrf=\r\n",
    ],
    ids=["nothing", "half a head", "half a second head", "half a body", "chunks without end"],
)
def test_what_does_not_come_is_not_waited_for(small: Running, sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection ends in time; where a request was begun, with 408."""
    monkeypatch.setattr(limits, "HEAD_S", 0.5)
    monkeypatch.setattr(limits, "BODY_S", 0.5)
    began = time.monotonic()
    answer = said(small, sent)
    assert time.monotonic() - began < 10
    assert (b"HTTP/1.1 408 " in answer) == bool(sent), answer


def test_a_body_that_nobody_reads_ends_the_connection(small: Running) -> None:
    """A question with a body is answered, and nothing behind the body is taken for a question."""
    behind = b"GET /sign-in HTTP/1.1\r\nHost: x\r\n\r\nGET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = said(small, b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\n" + behind)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in answer.lower()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"a=1&" * (forms.MOST_FIELDS + 1), 413),
        (b"csrf=" + b"a" * forms.MOST_BYTES, 413),
        (b"&".join(b"a%d=" % number for number in range(hostile_clients.FIELDS)), 413),
        (b"csrf=\xff\xfe", 413),
    ],
    ids=["fields", "bytes", "both", "no form"],
)
def test_forms_are_small(small: Running, body: bytes, status: int) -> None:
    """A form that is none of ours is refused before it is taken apart."""
    answer = said(small, hostile_clients.form_head(len(body)) + body)
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:100]


def test_another_kind_of_body_is_no_form(small: Running) -> None:
    """Nothing but what browsers send for our forms."""
    for kind in ("multipart/form-data; boundary=x", "application/json", ""):
        assert small.client(None).post("/sign-in", content=b"csrf=1", headers={"Content-Type": kind}).status_code == 415


def test_who_does_not_read_is_dropped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An export that nobody takes ends, and what was read for it is let go of; one that is taken slowly goes on."""
    monkeypatch.setattr(limits, "TAKE_S", 1.0)
    store = Embedded(tmp_path / "data" / "store")
    fill(store, generate.traces(seed=6, count=4_000, events=False))
    made = settings(store, tmp_path / "data")
    with running(made, give_tokens(made)) as service, ExitStack() as stack:
        about = f"Host: x\r\nAccept: text/csv\r\nConnection: close\r\nAuthorization: Bearer {service.secrets[ADMIN.name]}"
        asked = f"GET {API}/traces HTTP/1.1\r\n{about}\r\n\r\n"
        slow = [stack.enter_context(closing(socket.socket())) for _ in range(2)]
        parts = urlsplit(service.address)
        for one in slow:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.settimeout(20)
            one.connect((parts.hostname, parts.port))
            one.sendall(asked.encode())
        taken = b""
        while some := slow[1].recv(1 << 16):
            taken += some
            time.sleep(0.005)
        assert taken.endswith(b"0\r\n\r\n")
        time.sleep(3 * limits.TAKE_S)
        assert not all_of(slow[0]).endswith(b"0\r\n\r\n")
        until(lambda: {one["what"] for one in json_of(service.get("/audit"))["entries"]} >= {"export"})


# Who has to go ------------------------------------------------------------------------------------------------------------


class Sitting:
    """A connection as the door sees it."""

    def __init__(self, *, waits: bool = True, known: bool = False) -> None:
        self.waits, self.known = waits, known

    def leave(self) -> None:
        """Go."""


def seated(guests: Guests, address: str, sitting: Sitting) -> Guest:
    """Let somebody in whose connection is made."""
    guest = guests.enter(address)
    guest.connection = sitting
    return guest


def test_whoever_has_most_goes_first() -> None:
    """Not who came last, not who showed a token, and nobody who is being answered."""
    guests = Guests(40, among(["127.0.0.1"]))
    few = [seated(guests, "192.0.2.1", Sitting()) for _ in range(2)]
    many = [seated(guests, "192.0.2.2", Sitting()) for _ in range(20)]
    seated(guests, "192.0.2.2", Sitting(waits=False))
    known = [seated(guests, "192.0.2.2", Sitting(known=True)) for _ in range(5)]
    proxied = [seated(guests, "127.0.0.1", Sitting()) for _ in range(10)]
    arriving = [guests.enter("192.0.2.3")]
    gone = []
    while going := guests.to_go():
        gone += going
        for guest in going:
            guests.leave(guest)
    # The greedy one until it has no more than others; a proxy's connections are clients of their own.
    assert set(gone[:18]) == set(many[:18])
    assert set(gone[18:-5]) == {*few, *many[18:], *proxied, *arriving}
    assert gone[-5:] == known
    assert len(guests) == 1


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9%eth0", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
        ("x" * 1_000, "x" * 64),
        ("", ""),
    ],
)
def test_a_client_is_an_address_or_a_network(address: str, client: str) -> None:
    """Whoever has a network of addresses is still one."""
    assert client_of(address) == client


def test_proxies_are_addresses_and_networks() -> None:
    """As the settings name them."""
    one_of = among(["127.0.0.1", "10.0.0.0/8", "2001:db8::/32", "unix"])
    assert [one_of(one) for one in ("127.0.0.1", "10.9.8.7", "2001:db8:9::1", "unix")] == [True] * 4
    assert [one_of(one) for one in ("127.0.0.2", "11.0.0.1", "2001:db9::1", "x", "")] == [False] * 5
    assert among(["*"])("192.0.2.1")


def test_a_head_is_the_same_in_any_pieces() -> None:
    """Whole heads come out, each once, however they were cut."""
    heads = [b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(3)] + [b"GET / HTTP/1.1\nHost: y\n\n"]
    whole = b"\r\n" + b"\r\n".join(heads)
    for size in (1, 2, 3, 7, 50, 1_000):
        head, found = Head(), []
        for begin in range(0, len(whole), size):
            head.add(whole[begin : begin + size])
            while (one := head.take()) is not None:
                found.append(one)
        assert found == heads, size


def test_an_endless_head_costs_no_more_than_its_bytes() -> None:
    """What is kept of it is bounded, whatever is sent and in whatever pieces."""
    for piece in (b"a", b"a" * 1_000, b"A: b\r\n", b"a" * 200_000):
        head = Head()
        head.add(b"GET / HTTP/1.1\r\nX: ")
        assert refused_at_last(head, piece) == 431
        assert len(head) <= MOST_BYTES + len(piece)


def refused_at_last(head: Head, piece: bytes) -> int:
    """With which status a head is refused to which the same is added again and again."""
    for _ in range(MOST_BYTES + 1):
        head.add(piece)
        try:
            assert head.take() is None
        except HeadError as error:
            return error.status
    raise AssertionError("it is taken for ever")


# A full house -------------------------------------------------------------------------------------------------------------


def test_places_are_bounded_in_all_and_for_each() -> None:
    """One caller leaves some to the others, and who has no token has few."""
    free = Places()
    assert [free.take("") for _ in range(places.MOST_OF_NOBODY + 1)].count(True) == places.MOST_OF_NOBODY
    assert [free.take("a") for _ in range(places.MOST)].count(True) == places.MOST_OF_ONE
    rest = places.MOST - places.MOST_OF_ONE - places.MOST_OF_NOBODY
    assert [free.take("b") for _ in range(places.MOST)].count(True) == rest
    free.give_back("a")
    assert free.take("c")
    assert len(free) == places.MOST


def test_a_full_queue_is_told_at_once(small: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with Retry-After, for programs and for people, and nothing of it is left behind."""
    monkeypatch.setattr(places, "MOST", 0)
    answer = small.get("/traces")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["detail"] == "Too many ask at the moment."
    page = small.client(ADMIN).get("/domains")
    assert (page.status_code, page.headers["retry-after"], "Too many ask at the moment" in page.text) == (503, "1", True)
    assert small.client(None).get("/healthz").status_code == 200
    assert small.client(None).get("/sign-in").status_code == 200
    monkeypatch.undo()
    assert small.get("/traces").status_code == 200


def test_places_are_given_back(small: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever became of a question: answered, wrong, streamed, broken off."""
    monkeypatch.setattr(places, "MOST", 3)
    for _ in range(6):
        assert small.get("/traces").status_code == 200
        assert small.get("/traces", [("since", "nonsense")]).status_code == 400
        assert small.get("/traces/none").status_code == 404
        assert small.get("/traces", accept="text/csv").status_code == 200
        assert small.client(None).get("/readyz").status_code == 200
        with connected(small) as made:
            made.sendall(f"GET {API}/traces HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {small.secrets[ADMIN.name]}\r\n\r\n".encode())
    until(lambda: small.get("/traces").status_code == 200)


# Strangers ----------------------------------------------------------------------------------------------------------------


def test_refused_tokens_are_limited_by_client_and_minute() -> None:
    """Few are refused at once, then in turns, then with 429; another client and another minute begin anew."""
    counts = Strangers()
    seen = [counts.refuse("a", 0.0) for _ in range(strangers.LIMIT + 20)]
    assert [one.limited for one in seen] == [False] * strangers.LIMIT + [True] * 20
    assert [number for number, one in enumerate(seen) if one.pause_s > 0] == list(range(strangers.FREE_REFUSALS, len(seen)))
    assert max(one.pause_s for one in seen) <= strangers.LONGEST_S
    assert not counts.refuse("b", 1.0).limited
    assert not counts.refuse("a", strangers.WINDOW_S + 1.0).limited
    assert seen[-1].headers()["retry-after"] == "60"
    assert "retry-after" not in seen[0].headers()


def test_counts_do_not_grow_with_clients() -> None:
    """A hundred thousand addresses take no more room than ten thousand, and few lines of the log."""
    counts, noted = Strangers(), 0
    for number in range(100_000):
        noted += counts.refuse(f"client {number}", 0.0).noted
    assert noted <= strangers.NOTED * strangers.SINGLY
    sums = counts.sums(strangers.WINDOW_S + 1.0)
    assert len(sums) <= strangers.NOTED + 1
    assert sum(one.count for one in sums) + noted == 100_000
    assert counts.sums(strangers.WINDOW_S + 2.0) == []


def test_very_many_requests_of_a_stranger_wait_their_turn() -> None:
    """Not the first ones, and nobody for long."""
    counts = Strangers()
    waits = [counts.ask("a", 0.0) for _ in range(strangers.FREE_REQUESTS + 1_000)]
    assert not any(waits[: strangers.FREE_REQUESTS])
    assert all(0 < one <= strangers.LONGEST_S for one in waits[strangers.FREE_REQUESTS :])
    assert counts.ask("b", 0.0) == 0


# TLS ----------------------------------------------------------------------------------------------------------------------


TLS = Path(__file__).resolve().parent.parent / "data" / "tls"


@pytest.fixture
def over_tls(tmp_path: Path) -> Iterator[Running]:
    """Give a service that speaks TLS itself."""
    store = Embedded(tmp_path / "data" / "store")
    fill(store, generate.traces(seed=9, count=50))
    http = Http(timezone="UTC", certificate=str(TLS / "certificate.pem"), key=str(TLS / "key.pem"))
    made = settings(store, tmp_path / "data", http)
    with running(made, give_tokens(made)) as service:
        yield service


def test_tls_has_the_same_door(over_tls: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half handshakes and junk hold nobody up and end in time; browsers are told to stay with TLS, and cookies are of this host alone."""
    monkeypatch.setattr(door, "AGREE_S", 1.0)
    trusted = ssl.create_default_context(cafile=str(TLS / "certificate.pem"))
    parts = urlsplit(over_tls.address)
    assert parts.scheme == "https"
    with ExitStack() as stack:
        half = [stack.enter_context(closing(socket.create_connection((parts.hostname or "", parts.port or 0), 20))) for _ in range(60)]
        for number, one in enumerate(half):
            one.sendall(b"\x16\x03\x01\x02\x00\x01"[: number % 7] if number % 2 else b"GET / HTTP/1.1\r\n\r\n")
        with httpx.Client(base_url=over_tls.address, verify=trusted, timeout=20.0) as client:
            began = time.monotonic()
            page = client.get("/sign-in")
            headers = {"Authorization": f"Bearer {over_tls.secrets[ADMIN.name]}"}
            assert client.get(f"{API}/traces", headers=headers).status_code == 200
            assert time.monotonic() - began < SOON_S
            assert page.headers["strict-transport-security"] == "max-age=31536000"
            assert page.headers["set-cookie"].startswith("__Host-mailtrace_visit=")
        for one in half:
            # At most an alert, and then the end.
            assert len(all_of(one)) < 100


def test_half_a_handshake_is_a_guest_like_others() -> None:
    """Who says nothing in TLS holds a place only until somebody needs it."""
    guests = Guests(16, among([]))
    for _ in range(16):
        guests.enter("192.0.2.9")
    assert guests.full
    assert {guest.client for guest in guests.to_go()} == {"192.0.2.9"}


# What answers tell ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/sign-in", "/domains", "/nowhere", "/healthz", f"{API}/traces", f"{API}/openapi.json"])
def test_every_answer_has_the_headers_that_guard_it(small: Running, path: str) -> None:
    """For those who may ask and for those who may not."""
    for who in (ADMIN, None):
        headers = small.client(who).get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "same-origin")


def test_answers_name_no_server(small: Running) -> None:
    """Neither which it is nor its version."""
    for path in ("/sign-in", "/nowhere", f"{API}/traces"):
        assert "server" not in small.client(None).get(path).headers
    assert b"server:" not in said(small, b"nonsense\r\n\r\n").lower()


def test_whoever_measures_hears_of_every_answer(tmp_path: Path) -> None:
    """By route, never by address; also of what was refused or is not there."""
    store = Embedded(tmp_path / "data" / "store")
    fill(store, generate.traces(seed=9, count=5))
    made = settings(store, tmp_path / "data")
    heard: list[tuple[str, int, float]] = []
    with running(made, give_tokens(made), lambda *one: heard.append(one)) as service:
        for path in ("/traces", "/traces/none", "/nowhere", "/traces?x=1"):
            service.get(path)
        service.get("/traces", who=None)
        service.client(None).head("/healthz")
    assert [(route, status) for route, status, _ in heard] == [
        (f"{API}/traces", 200),
        (f"{API}/traces/{{trace_id}}", 404),
        ("", 404),
        (f"{API}/traces", 400),
        ("", 401),
        ("/healthz", 200),
    ]
    assert all(0 < seconds < 60 for *_, seconds in heard)


def test_without_handles_the_idle_give_theirs_back(beset_process: Place) -> None:
    """Where the system gives no more, whoever only waits goes, and the next one is answered."""
    pid = beset_process.pid
    with ExitStack() as stack:
        idle = [stack.enter_context(socket.create_connection((beset_process.host, beset_process.port), 20)) for _ in range(20)]
        for one in idle:
            one.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert one.recv(100).startswith(b"HTTP/1.1 200")
        open_now = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (open_now, HANDLES))
        try:
            for _ in range(10):
                assert httpx.get(f"http://{beset_process.host}:{beset_process.port}/healthz", timeout=20).status_code == 200
        finally:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (HANDLES, HANDLES))


def test_a_door_that_fails_ends_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that hears nobody is not left running: what went wrong is raised, for whoever watches over it."""
    made = settings(Embedded(tmp_path / "data" / "store"), tmp_path / "data")
    give_tokens(made)

    def fail(_guests: Guests, _address: str) -> Guest:
        raise ZeroDivisionError

    def ask(address: str, _open: bool) -> None:
        parts = urlsplit(address)
        socket.create_connection((parts.hostname or "", parts.port or 0), 20).close()

    monkeypatch.setattr(Guests, "enter", fail)
    with service(made, None, 0, ask) as ready, pytest.raises(ZeroDivisionError):
        apart(lambda: ready.run_until(threading.Event()))
