"""The helpers of a service: starting them when they are needed, handing questions to them, and letting go of them."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import threading
from collections import deque
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog

from ingest.processes import child
from mailtrace.helpers.slot import Slot
from mailtrace.processors import processors
from mailtrace.settings import Settings
from search.http.elsewhere import Answered, Handed

#: Helpers that are started by themselves: as many as there are cores, but not more than these. On one core they would only take memory.
_MOST = 4
#: Seconds without a question after which helpers are let go of, and between two looks for that.
_IDLE_S, _LOOK_S = 600.0, 30.0
#: Seconds after which a question is a long one: others are not to wait for its end.
_LONG_S = 0.1
#: Seconds that must lie between two starts: one that ends at once would be started again and again.
_BETWEEN_S = 10.0

_log = structlog.get_logger(__name__)
_ServiceSlot = Slot[Handed, Answered | None]


@dataclass(frozen=True, slots=True)
class Duty:
    """What a helper is started with."""

    settings: Settings
    #: Whether no token guarded the service when it began.
    everybody: bool


@dataclass(slots=True, eq=False)
class _Helper:
    """One process."""

    process: subprocess.Popen[bytes]
    #: Our ends, and those of them that it has said to be ready on.
    ends: list[_ServiceSlot] = field(default_factory=list)
    slots: list[_ServiceSlot] = field(default_factory=list)
    #: Those that have a question, and of these the ones that have had it for a moment only.
    busy: set[_ServiceSlot] = field(default_factory=set)
    lately: set[_ServiceSlot] = field(default_factory=set)

    @property
    def free(self) -> list[_ServiceSlot]:
        """Those that have none."""
        return [slot for slot in self.slots if slot not in self.busy]


def number_of(settings: Settings) -> int:
    """How many helpers a service may start."""
    if settings.http.helpers is not None:
        return settings.http.helpers
    cores = processors()
    return min(cores, _MOST) if cores > 1 else 0


class Crew:
    """All helpers of a service. But for `close` and `numbers`, for one thread: that of the event loop."""

    def __init__(self, given: Duty, threads: int, abreast: int) -> None:
        """With so many questions at a time in the service, as in each helper, and so many that are not long in one helper.

        Questions that compute would only take turns in one process; those that wait for a cluster do not.
        """
        self._given = given
        self._threads, self._abreast = threads, abreast
        self._most = number_of(given.settings)
        self._helpers: list[_Helper] = []
        #: Those that have not ended, also where they are helpers no more.
        self._processes: list[subprocess.Popen[bytes]] = []
        self._waiting: deque[asyncio.Future[tuple[_Helper, _ServiceSlot] | None]] = deque()
        #: Questions that they have answered.
        self.helped = 0
        self._started = float("-inf")
        self._asked = 0.0
        self._looking: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def numbers(self) -> dict[str, int]:
        """The processes that run, by name; any thread may ask."""
        return {f"answer {at}": one.process.pid for at, one in enumerate(list(self._helpers), 1)}

    def takes(self, under_way: int) -> bool:
        """Whether the next question goes to a helper; they are started where it would have to wait."""
        self._asked = asyncio.get_running_loop().time()
        if under_way >= self._threads and len(self._helpers) < self._most:
            self._start()
        return any(helper.slots for helper in self._helpers)

    async def ask(self, question: Handed) -> Answered | None:
        """Have it answered by the helper that has least to do; None where that cannot be."""
        # Its end is waited for even where nobody waits for the answer any more: the slot has no other use until then.
        return await asyncio.shield(self._keep(self._answer(question)))

    async def _answer(self, question: Handed) -> Answered | None:
        """Wait for a slot, and for the answer on it."""
        given = await self._slot()
        return None if given is None else await self._exchange(*given, question)

    async def _slot(self) -> tuple[_Helper, _ServiceSlot] | None:
        """A slot of the helper that has least to do, when it may begin; None where there are none any more."""
        if not any(helper.slots for helper in self._helpers):
            return None
        waiting: asyncio.Future[tuple[_Helper, _ServiceSlot] | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        self._give()
        return await waiting

    def _give(self) -> None:
        """Give slots to those that wait, the first first, as far as helpers may begin something."""
        while self._waiting and (able := [one for one in self._helpers if one.free and len(one.lately) < self._abreast]):
            waiting = self._waiting.popleft()
            if not waiting.done():
                helper = min(able, key=lambda one: len(one.busy))
                slot = helper.free[0]
                helper.busy.add(slot)
                helper.lately.add(slot)
                waiting.set_result((helper, slot))

    async def _exchange(self, helper: _Helper, slot: _ServiceSlot, question: Handed) -> Answered | None:
        """Ask and wait for the answer on one slot, and let it go."""
        lasting = asyncio.get_running_loop().call_later(_LONG_S, self._is_long, helper, slot)
        try:
            await slot.send(question)
            answer = await slot.receive()
        except (EOFError, OSError):
            self._lost(helper, slot)
            return None
        finally:
            lasting.cancel()
            helper.busy.discard(slot)
            helper.lately.discard(slot)
        self.helped += 1
        self._give()
        return answer

    def _is_long(self, helper: _Helper, slot: _ServiceSlot) -> None:
        """A question takes long: its helper may begin another one."""
        helper.lately.discard(slot)
        self._give()

    def _lost(self, helper: _Helper, slot: _ServiceSlot) -> None:
        """A slot's other end is gone; whoever waits where there is no slot any more is answered by the service."""
        if slot in helper.slots:
            helper.slots.remove(slot)
        if not any(one.slots for one in self._helpers):
            while self._waiting:
                waiting = self._waiting.popleft()
                if not waiting.done():
                    waiting.set_result(None)

    def _start(self) -> None:
        """Start those that are not there, unless that was tried just now."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._started < _BETWEEN_S:
            return
        self._started = loop.time()
        for _ in range(self._most - len(self._helpers)):
            ours, theirs = zip(*(socket.socketpair() for _ in range(self._threads)), strict=True)
            helper = _Helper(child.start("mailtrace.helpers", [], self._given, theirs))
            self._helpers.append(helper)
            self._processes.append(helper.process)
            for end in ours:
                self._keep(self._open(helper, end))
            threading.Thread(target=self._wait, args=(helper, loop), name="helper", daemon=True).start()
        _log.info("helpers_started", number=len(self._helpers))
        if self._looking is None:
            self._looking = loop.call_later(_LOOK_S, self._look)

    async def _open(self, helper: _Helper, end: socket.socket) -> None:
        """Wait until a helper is ready on this slot."""
        slot: _ServiceSlot = await Slot.of(end, Answered | None)
        helper.ends.append(slot)
        try:
            await slot.receive()
        except (EOFError, OSError):
            # Its process has ended, maybe before this was open.
            slot.close()
            return
        helper.slots.append(slot)
        self._give()

    def _wait(self, helper: _Helper, loop: asyncio.AbstractEventLoop) -> None:
        """Wait for the end of a process."""
        code = helper.process.wait()
        # The loop may have come to its end before.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._ended, helper, code)

    def _ended(self, helper: _Helper, code: int) -> None:
        """A process has ended."""
        self._let_go(helper)
        self._processes.remove(helper.process)
        if helper in self._helpers:
            self._helpers.remove(helper)
            _log.warning("helper_ended", code=code)

    def _let_go(self, helper: _Helper) -> None:
        """Have nothing to do with a helper any more."""
        for slot in list(helper.slots):
            self._lost(helper, slot)
        for end in helper.ends:
            end.close()

    def _look(self) -> None:
        """Let go of the helpers where nobody has asked for a while."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._asked < _IDLE_S or any(helper.busy for helper in self._helpers):
            self._looking = loop.call_later(_LOOK_S, self._look)
            return
        self._looking = None
        _log.info("helpers_let_go", number=len(self._helpers))
        self.end()

    def end(self) -> None:
        """End them all; they hold nothing that would be lost."""
        gone, self._helpers = self._helpers, []
        for helper in gone:
            self._let_go(helper)
            helper.process.kill()

    def close(self) -> None:
        """Wait until none is there any more, however the loop ended."""
        for process in self._processes:
            process.kill()
            process.wait()
        self._processes.clear()

    def _keep(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Let something be done; the loop itself would forget it."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
