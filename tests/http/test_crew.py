"""Whom the crew of a service gives a question: one at a time where answers are computed, and long ones hold up nobody."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing

import pytest
from apart import apart

from ingest.processes import child
from mailtrace.helpers import crew
from mailtrace.helpers.crew import Crew, Duty
from mailtrace.helpers.slot import Slot
from mailtrace.settings import Http, Settings
from search.access import Caller, Role
from search.http.elsewhere import Answered, Handed
from search.scope import EVERYTHING

_THREADS = 3


def question(name: str) -> Handed:
    """A question that is told by its path."""
    caller = Caller("anybody", Role.ADMIN, EVERYTHING)
    return Handed("id", caller, False, "", "1.1", "http", f"/{name}", b"", [], None, None)


class Stage:
    """A crew of one helper, whose part is played here: a process that does nothing, and the other ends of its slots."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, abreast: int, long_s: float) -> None:
        monkeypatch.setattr(child, "start", self._start)
        monkeypatch.setattr(crew, "_LONG_S", long_s)
        self.crew = Crew(Duty(Settings(data="", store="sqlite:nowhere", http=Http(helpers=1)), everybody=True), _THREADS, abreast)
        self._ends: list[socket.socket] = []
        self._slots: list[Slot[Answered | None, Handed]] = []
        #: The questions that have come, and on which slot.
        self.came: dict[str, Slot[Answered | None, Handed]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def _start(self, _module: str, _role: Sequence[str], _given: object, ends: Sequence[socket.socket]) -> subprocess.Popen[bytes]:
        self._ends = [end.dup() for end in ends]
        for end in ends:
            end.close()
        return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])

    async def begin(self) -> None:
        """Start the helper, and wait until it is ready."""
        self.crew.takes(_THREADS)
        for end in self._ends:
            slot: Slot[Answered | None, Handed] = await Slot.of(end, Handed)
            self._slots.append(slot)
            await slot.send(None)
            self._tasks.append(asyncio.create_task(self._hear(slot)))
        while not self.crew.takes(0):
            await asyncio.sleep(0.01)

    async def _hear(self, slot: Slot[Answered | None, Handed]) -> None:
        while True:
            self.came[(await slot.receive()).path] = slot

    async def has_heard(self, names: str) -> None:
        """Wait until just these have come."""
        async with asyncio.timeout(30):
            while set(self.came) != {f"/{name}" for name in names}:
                await asyncio.sleep(0.01)

    async def answer(self, name: str) -> None:
        """Answer a question that has come."""
        await self.came[f"/{name}"].send(Answered(200, [], name.encode(), "", 0, ""))

    async def end(self) -> None:
        """Let go of everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for slot in self._slots:
            slot.close()
        self.crew.end()


async def settled() -> None:
    """Give everybody the time to say what is to be said."""
    await asyncio.sleep(0.1)


def test_one_is_computed_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next begins when it is answered, in the order in which they were asked."""

    async def played() -> None:
        stage = Stage(monkeypatch, abreast=1, long_s=60)
        with closing(stage.crew):
            await stage.begin()
            asked = [asyncio.create_task(stage.crew.ask(question(name))) for name in "abc"]
            for count, name in enumerate("abc", 1):
                await stage.has_heard("abc"[:count])
                await settled()
                assert len(stage.came) == count
                await stage.answer(name)
            assert [found.body for found in await asyncio.gather(*asked) if found is not None] == [b"a", b"b", b"c"]
            await stage.end()

    apart(lambda: asyncio.run(played()))


def test_a_long_one_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next begins beside it, as far as there are slots, and what is answered makes place for another."""

    async def played() -> None:
        stage = Stage(monkeypatch, abreast=1, long_s=0.2)
        with closing(stage.crew):
            await stage.begin()
            asked = {name: asyncio.create_task(stage.crew.ask(question(name))) for name in "abcde"}
            await stage.has_heard("abc")
            await settled()
            assert len(stage.came) == _THREADS
            await stage.answer("b")
            await stage.has_heard("abcd")
            await asked["b"]
            assert not asked["a"].done()
            for name in "acd":
                await stage.answer(name)
            await stage.has_heard("abcde")
            await stage.answer("e")
            await asyncio.gather(*asked.values())
            await stage.end()

    apart(lambda: asyncio.run(played()))


def test_what_waits_for_a_cluster_waits_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many at once as the service itself would ask."""

    async def played() -> None:
        stage = Stage(monkeypatch, abreast=_THREADS, long_s=60)
        with closing(stage.crew):
            await stage.begin()
            asked = [asyncio.create_task(stage.crew.ask(question(name))) for name in "abcd"]
            await stage.has_heard("abc")
            await settled()
            assert len(stage.came) == _THREADS
            for name in "abc":
                await stage.answer(name)
            await stage.has_heard("abcd")
            await stage.answer("d")
            await asyncio.gather(*asked)
            await stage.end()

    apart(lambda: asyncio.run(played()))
