"""Clients of the service as a load: requests over connections that stay open, and readers that hardly read."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

from bench.measure import percentile

#: What takes longer is given up, and is an error.
PATIENCE_S = 10.0
#: So many connections are open at most; what comes then waits, and its waiting counts.
_MOST_OPEN = 500


@dataclass(slots=True)
class Asked:
    """A question: what kind it is, and its path with parameters."""

    kind: str
    path: str


@dataclass(slots=True)
class Tally:
    """What came of the questions: milliseconds by kind, errors by kind, and how late they were sent."""

    took_ms: dict[str, list[float]] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)
    late_ms: list[float] = field(default_factory=list)
    received: int = 0

    def all_ms(self) -> list[float]:
        """The times of all kinds."""
        return [value for values in self.took_ms.values() for value in values]

    def all_errors(self) -> list[str]:
        """The errors of all kinds."""
        return [error for errors in self.errors.values() for error in errors]

    def p95_ms(self) -> float:
        """The 95th of a hundred of all."""
        return percentile(self.all_ms() or [float("inf")], 0.95)


class Visitors:
    """Sends questions to one address at the times that are set for them, whatever became of those before."""

    def __init__(self, host: str, port: int, token: str, *, encoding: str = "gzip") -> None:
        self._host, self._port = host, port
        self._head = f"HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\nAccept-Encoding: {encoding}\r\n"
        self._idle: deque[_Connection] = deque()
        self._room = asyncio.Semaphore(_MOST_OPEN)

    async def ask(self, path: str) -> tuple[int, bytes]:
        """Ask one question; gives the status and the body as it came."""
        async with self._room:
            connection = self._idle.pop() if self._idle else None
            if connection is None:
                connection = _Connection(*await asyncio.open_connection(self._host, self._port))
            try:
                status, body = await connection.exchange(f"GET {path} {self._head}\r\n".encode())
            except BaseException:
                connection.close()
                raise
            self._idle.append(connection)
            return status, body

    async def visit(self, questions: Iterable[Asked], rate: float, seconds: float, random: Random) -> Tally:
        """Ask at random times, so many a second on average. A time is counted from the moment that was set, so waiting is not hidden."""
        tally = Tally()
        tasks: set[asyncio.Task[None]] = set()
        due = began = time.perf_counter()
        for question in questions:
            due += random.expovariate(rate)
            if due - began > seconds:
                break
            if (pause := due - time.perf_counter()) > 0:
                await asyncio.sleep(pause)
            task = asyncio.create_task(self._one(question, due, tally))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)
        return tally

    async def _one(self, question: Asked, due: float, tally: Tally) -> None:
        """Ask, and note what came of it."""
        tally.late_ms.append((time.perf_counter() - due) * 1000)
        try:
            async with asyncio.timeout(PATIENCE_S):
                status, body = await self.ask(question.path)
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            tally.errors.setdefault(question.kind, []).append(type(error).__name__)
            return
        tally.received += len(body)
        if status != 200:
            tally.errors.setdefault(question.kind, []).append(f"status {status}")
        else:
            tally.took_ms.setdefault(question.kind, []).append((time.perf_counter() - due) * 1000)

    def close(self) -> None:
        """Close the connections that are open and idle."""
        while self._idle:
            self._idle.pop().close()

    async def dawdle(self, paths: Sequence[str], accept: str) -> list[Dawdler]:
        """Open a connection for each path that asks for a stream and reads it a few bytes a second."""
        head = self._head.replace("gzip", "identity") + f"Accept: {accept}\r\n\r\n"
        loop = asyncio.get_running_loop()
        dawdlers = []
        for path in paths:
            made = socket.socket()
            # A small window, so that it is the service which has to wait and not the system that takes it all in.
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            made.setblocking(False)
            await loop.sock_connect(made, (self._host, self._port))
            await loop.sock_sendall(made, f"GET {path} {head}".encode())
            dawdlers.append(Dawdler(made))
        return dawdlers


class Dawdler:
    """A client that reads a few bytes a second."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.received = 0
        #: Whether the service ended it.
        self.ended = False
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        """Read on."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                some = await loop.sock_recv(self._connection, 16)
            except OSError:
                some = b""
            if not some:
                self.ended = True
                return
            self.received += len(some)
            await asyncio.sleep(1)

    async def stop(self) -> None:
        """Go away in the middle."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._connection.close()


class _Connection:
    """A connection that stays open between questions."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and read its answer to the end."""
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head[9:12])
        _, found, rest = head.partition(b"\r\ncontent-length:")
        if found:
            return status, await self._reader.readexactly(int(rest.partition(b"\r\n")[0]))
        pieces = []
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            pieces.append(await self._reader.readexactly(size))
            await self._reader.readexactly(2)
        await self._reader.readexactly(2)
        return status, b"".join(pieces)

    def close(self) -> None:
        """Close it."""
        self._writer.close()
