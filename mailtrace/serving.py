"""From settings to a service that listens: the query layer over HTTP."""

from __future__ import annotations

import errno
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from ipaddress import ip_address

import uvicorn

from mailtrace.access import access_folder, tokens
from mailtrace.door.connection import DoorConnection
from mailtrace.door.door import Door
from mailtrace.door.guests import Guest, Guests, most_guests
from mailtrace.door.head import MOST_BYTES
from mailtrace.helpers.crew import Crew, Duty
from mailtrace.metrics.service import Load
from mailtrace.problems import CouldNot, WrongUsage, of_os_error
from mailtrace.settings import Settings
from mailtrace.stores import is_cluster, open_engine
from mailtrace.zones import system_zone
from mappings.address import normalise_domain
from search.access import Customer
from search.engines import Engine
from search.http.app import application
from search.http.audit import Audit
from search.http.clients import among
from search.http.elsewhere import Elsewhere
from search.http.places import Places
from search.http.sessions import Sessions
from search.http.site import OnAnswer, Site

#: Seconds that answers which are under way have to come to their end.
_GRACE_S = 10
#: Seconds for which a connection may lie idle: longer than reverse proxies keep theirs, so that they, not we, close first.
_IDLE_S = 75
#: Questions that are answered at the same time. Threads that read the embedded store take the interpreter from each other at every row, and
#: more of them answer less (docs/performance.md); those that ask a cluster wait most of their time.
_THREADS, _THREADS_CLUSTER = 2, 8
#: Bytes of an answer that the system takes ahead of a client which reads slowly.
_SEND_BUFFER = 1 << 17


def customers(settings: Settings) -> tuple[Customer, ...]:
    """The customers, as the query layer knows them."""
    return tuple(Customer(one.name, tuple(map(normalise_domain, one.domains))) for one in settings.customer)


def site(
    settings: Settings,
    engine: Engine,
    on_answer: OnAnswer | None = None,
    *,
    everybody: bool | None = None,
    elsewhere: Elsewhere | None = None,
) -> Site:
    """Put a service together.

    `on_answer` hears of every answer, `elsewhere` is who helps to answer, and `everybody` whether no token is needed, where that is known.
    """
    folder, known = access_folder(settings), tokens(settings)
    return Site(
        engine=engine,
        tokens=known,
        sessions=Sessions(folder, settings.http.base),
        audit=Audit(folder / "audit"),
        customers=customers(settings),
        zone=settings.http.timezone or system_zone(),
        base=settings.http.base,
        open=not known.configured() if everybody is None else everybody,
        origins=settings.http.origins,
        threads=threads_of(settings),
        books=settings.books(),
        elsewhere=elsewhere,
        on_answer=on_answer,
    )


def threads_of(settings: Settings) -> int:
    """How many questions a process answers at the same time."""
    return _THREADS_CLUSTER if is_cluster(settings.store) else _THREADS


def crew_of(settings: Settings, *, everybody: bool) -> Crew:
    """The helpers of a service, none of them started; `everybody` is whether no token guards it."""
    threads = threads_of(settings)
    return Crew(Duty(settings, everybody), threads, threads if is_cluster(settings.store) else 1)


class Service(uvicorn.Server):
    """A server with a door of its own, that is stopped by us, not by signals of its own."""

    def __init__(
        self,
        config: uvicorn.Config,
        listening: socket.socket,
        told: Callable[[], None],
        beat: Callable[[], None],
        places: Places,
        crew: Crew,
    ) -> None:
        super().__init__(config)
        self._places = places
        self.crew = crew
        #: As the loop last saw it; any thread may look.
        self.busy = Load()
        self._beat = beat
        self._listening = listening
        self._told = told
        named = config.forwarded_allow_ips or ()
        self.guests = Guests(most_guests(), among(named.split(",") if isinstance(named, str) else named))
        self._door: Door | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs the program."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and tell."""
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            raise CouldNot("the service could not be started")
        # uvicorn would take connections without bounds.
        self.servers = []
        self._door = Door(self._listening, self.guests, self._made, self.config.ssl)
        self._door.open(self._ended)
        self.started = True
        self._told()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let in nobody more, and let what is under way come to its end."""
        # Whoever follows what comes would stay.
        self._places.end()
        if self._door is not None:
            await self._door.close()
        await super().shutdown(sockets)
        self.crew.end()

    def _ended(self) -> None:
        """Nobody is let in any more."""
        self.should_exit = True

    def _made(self, guest: Guest) -> DoorConnection:
        """The connection of a guest."""
        return DoorConnection(guest, self.guests, self.config, self.server_state, self.lifespan.state)

    async def on_tick(self, counter: int) -> bool:
        """The loop came round."""
        self._beat()
        self.busy = Load(len(self.guests), len(self._places), self._places.exports, self.crew.helped)
        return await super().on_tick(counter)

    def run_until(self, stop: threading.Event) -> None:
        """Serve until `stop` is set; then let what is under way come to its end."""

        def watch() -> None:
            stop.wait()
            self.should_exit = True

        watcher = threading.Thread(target=watch, name="stopping", daemon=True)
        watcher.start()
        try:
            self.run(sockets=[self._listening])
        finally:
            stop.set()
            watcher.join()


@contextmanager
def service(
    settings: Settings,
    host: str | None,
    port: int | None,
    told: Callable[[str, bool], None],
    *,
    on_answer: OnAnswer | None = None,
    beat: Callable[[], None] = lambda: None,
) -> Iterator[Service]:
    """Give a service that is ready to run; `told` hears its address when it listens, and whether everybody on this machine may ask.

    `on_answer` hears of each answer, and `beat` each time the loop that serves comes round.
    """
    http = settings.http
    address = host or http.host
    with ExitStack() as ending:
        engine = ending.enter_context(closing(open_engine(settings.store, settings.elasticsearch)))
        everybody = not tokens(settings).configured()
        crew = ending.enter_context(closing(crew_of(settings, everybody=everybody)))
        made = site(settings, engine, on_answer, everybody=everybody, elsewhere=crew)
        ending.callback(made.audit.close)
        if made.open and not _is_loopback(address):
            raise CouldNot(
                f"no access token is configured, so the service listens on this machine only (127.0.0.1), not on {address}; make a token"
                " with `mailtrace token create`, then start it again"
            )
        listening = ending.enter_context(bound(address, http.port if port is None else port))
        config = uvicorn.Config(
            application(made),
            # Strangers' broken requests are no news.
            log_config=None,
            log_level="error",
            access_log=False,
            http="h11",
            h11_max_incomplete_event_size=MOST_BYTES,
            ws="none",
            server_header=False,
            proxy_headers=True,
            forwarded_allow_ips=list(http.proxies),
            timeout_graceful_shutdown=_GRACE_S,
            timeout_keep_alive=_IDLE_S,
            lifespan="on",
        )
        if http.certificate is not None and http.key is not None:
            config.ssl_certfile, config.ssl_keyfile = http.certificate, http.key
            _check_certificate(http.certificate, http.key)
        scheme = "https" if http.certificate else "http"
        shown = _shown(address, listening.getsockname()[1])
        yield Service(config, listening, lambda: told(f"{scheme}://{shown}{http.base}/", made.open), beat, made.places, crew)


def _is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens; one sentence where that cannot be."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=2048)
    except OverflowError:
        raise WrongUsage(f"--port: {port} is no port") from None
    except OSError as error:
        # Python adds the address once more to the system's words.
        said = os.strerror(error.errno) if error.errno and error.errno in errno.errorcode else of_os_error(error)
        raise CouldNot(f"cannot listen on {_shown(host, port)}: {said}") from None
    # Connections inherit these. Head and body of an answer are sent apart, and must not wait for each other's receipt; and little of an
    # export is made ahead for a client that does not read it.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    return listening


def _check_certificate(certificate: str, key: str) -> None:
    """Find a wrong certificate before anybody asks."""
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise CouldNot(f"http: certificate {certificate} with key {key}: {error}") from None


def _shown(host: str, port: int) -> str:
    """Host and port as they stand in an address; every address of this machine is reached by its own."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host) or (f"[{host}]" if ":" in host else host)  # noqa: S104 - only shown
    return f"{shown}:{port}"
