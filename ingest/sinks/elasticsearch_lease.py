"""One writer for each log domain: a document in the store that its owner keeps alive.

Clocks of two machines are not compared. Whoever finds an owner elsewhere watches whether his document changes: if it does, he is
alive; if it does not for the whole lease, he is not. An owner on the same machine is simply looked at.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import NoReturn

import msgspec
import structlog

from mappings.elasticsearch.connection import Connection, path
from mappings.elasticsearch.faults import StoreAway, StoreRefused
from mappings.elasticsearch.names import IndexNames
from mappings.faults import StoreLocked

_log = structlog.get_logger(__name__)

#: An owner who says nothing for so long is taken for dead; he speaks three times as often.
LEASE_S = 15.0


class LeaseOwner(msgspec.Struct, frozen=True):
    """A process, told apart from every other, also from one that has its number later."""

    host: str
    pid: int
    #: This start of the machine, the space in which the number counts, and when the process began.
    boot: str
    space: str
    began: str
    token: str

    @classmethod
    def here(cls) -> LeaseOwner:
        """This process."""
        return cls(socket.gethostname(), os.getpid(), _boot(), _space(), _began(os.getpid()), secrets.token_hex(8))

    def has_ended(self, here: LeaseOwner) -> bool | None:
        """Whether this owner has ended, as seen from a process of the same machine; None where that cannot be seen."""
        if not self.boot or self.host != here.host:
            return None
        if self.boot != here.boot:
            # The machine has been started since.
            return True
        return _began(self.pid) != self.began if self.space == here.space else None


class Lease(msgspec.Struct, frozen=True):
    """What the document says."""

    log_domain: str
    owner: LeaseOwner
    beat: int = 0


class _Held(msgspec.Struct):
    body: Lease


class _Got(msgspec.Struct, rename={"number": "_seq_no", "term": "_primary_term", "source": "_source"}):
    """The document as the server gives it."""

    number: int
    term: int
    source: _Held


class _Written(msgspec.Struct, rename={"number": "_seq_no", "term": "_primary_term"}):
    """Where a write of it stands."""

    number: int
    term: int


class Leases:
    """The log domains that this process writes."""

    def __init__(self, connection: Connection, names: IndexNames, *, lease_s: float = LEASE_S) -> None:
        self._connection = connection
        self._names = names
        self._lease_s = lease_s
        self._here = LeaseOwner.here()
        self._guard = threading.Lock()
        self._held: dict[str, tuple[Lease, _Written]] = {}
        #: When each lease was last renewed, by our own clock: before the request was sent.
        self._renewed: dict[str, float] = {}
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        #: Why this process may write no more: somebody else has a log domain of ours.
        self.lost: str | None = None

    def claim(self, log_domain: str) -> bool:
        """Become the writer of a log domain, True in the place of one that died; raises `StoreLocked` where another process is it."""
        with self._guard:
            if log_domain in self._held:
                return False
        lease = Lease(log_domain, self._here)
        got = self._get(log_domain)
        owner = None if got is None else got.source.body.owner
        # It can be our own, where only the answer to an earlier try was lost.
        if got is not None and owner is not None and owner.token != self._here.token:
            ended = owner.has_ended(self._here)
            if ended is False:
                self._refuse(log_domain, got)
            if ended is None:
                got = self._watch(log_domain, got)
        condition = "op_type=create" if got is None else f"if_seq_no={got.number}&if_primary_term={got.term}"
        now = time.monotonic()
        written = self._put(lease, condition)
        if written is None:
            now_there = self._get(log_domain)
            # What we saw can be gone with its whole index.
            written = self._put(lease, "op_type=create") if now_there is None else None
            if written is None:
                self._refuse(log_domain, now_there)
        self._renewed[log_domain] = now
        with self._guard:
            self._held[log_domain] = (lease, written)
            if self._thread is None:
                self._thread = threading.Thread(target=self._beat, name="leases", daemon=True)
                self._thread.start()
        return got is not None

    def check(self) -> None:
        """Raise where another process has taken over a log domain of ours."""
        if self.lost is not None:
            raise StoreLocked(self.lost)

    def close(self) -> None:
        """Let others write."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        for log_domain, (_, written) in self._held.items():
            # Who cannot be told sees for himself, after a while.
            with suppress(StoreAway, StoreRefused):
                self._connection.ask(
                    "give a log domain back",
                    "DELETE",
                    f"{self._target(log_domain)}?if_seq_no={written.number}&if_primary_term={written.term}",
                    missing=True,
                )
        self._held.clear()

    def _watch(self, log_domain: str, got: _Got) -> _Got | None:
        """See whether an owner lives: refused as soon as he does, his document as it stands when he does not."""
        _log.warning("log_domain_watched", log_domain=log_domain, owner=_named(got.source.body.owner), seconds=self._lease_s)
        steps = 10
        for _ in range(steps):
            if self._stop.wait(self._lease_s / steps):
                break
            now = self._get(log_domain)
            if now is None:
                return None
            if (now.number, now.term) != (got.number, got.term):
                self._refuse(log_domain, now)
        return got

    def _refuse(self, log_domain: str, got: _Got | None) -> NoReturn:
        """Another process is the writer."""
        named = f" ({_named(got.source.body.owner)})" if got is not None else ""
        raise StoreLocked(
            f"Another run or ingest{named} writes the log domain {log_domain} to this store; stop it first. Each log domain has one writer."
        )

    def _beat(self) -> None:
        """Keep the leases alive."""
        while not self._stop.wait(self._lease_s / 3):
            with self._guard:
                held = list(self._held.items())
            for log_domain, (lease, written) in held:
                lease = msgspec.structs.replace(lease, beat=lease.beat + 1)  # noqa: PLW2901 - the next state of the same
                now = time.monotonic()
                try:
                    again = self._put(lease, f"if_seq_no={written.number}&if_primary_term={written.term}")
                    if again is None and self._is_missing(log_domain, now):
                        again = self._put(lease, "op_type=create")
                except (StoreAway, StoreRefused) as error:
                    _log.warning("lease_not_renewed", log_domain=log_domain, detail=str(error))
                    continue
                if again is None and self._is_ours(log_domain, lease):
                    continue
                if again is None:
                    self.lost = f"Another process has taken over the log domain {log_domain} while this one did not answer."
                    return
                self._renewed[log_domain] = now
                with self._guard:
                    self._held[log_domain] = (lease, again)

    def _is_missing(self, log_domain: str, now: float) -> bool:
        """Whether a document was lost, as with its whole index: it is not there, and so soon nobody may have taken our place."""
        return now - self._renewed[log_domain] < self._lease_s and self._get(log_domain) is None

    def _is_ours(self, log_domain: str, lease: Lease) -> bool:
        """Whether a write that seemed to fail had in fact been made: its answer was lost."""
        try:
            got = self._get(log_domain)
        except (StoreAway, StoreRefused):
            return True
        if got is None or got.source.body.owner.token != self._here.token:
            return False
        with self._guard:
            self._held[log_domain] = (lease, _Written(got.number, got.term))
        return True

    def _target(self, log_domain: str) -> str:
        """The path of the document; log domains come from log lines, so their names are bounded here."""
        return path(
            self._names.meta, "_doc", f"writer-{blake2b(log_domain.encode('utf-8', 'backslashreplace'), digest_size=12).hexdigest()}"
        )

    def _get(self, log_domain: str) -> _Got | None:
        """The document, as it is now."""
        answer = self._connection.ask("look for another writer", "GET", self._target(log_domain), missing=True)
        return None if answer is None else msgspec.json.decode(answer, type=_Got)

    def _put(self, lease: Lease, condition: str) -> _Written | None:
        """Write the document; None where it is not as the condition says."""
        document = {"kind": "writer", "body": lease}
        answer = self._connection.write_where("register as a writer", self._target(lease.log_domain), condition, document)
        return None if answer is None else msgspec.json.decode(answer, type=_Written)


def _named(owner: LeaseOwner) -> str:
    """An owner for people."""
    return f"process {owner.pid} on {owner.host}"


def _boot() -> str:
    """This start of the machine."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _space() -> str:
    """The space in which process numbers count: containers have their own."""
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _began(pid: int) -> str:
    """When a process began, in the kernel's own count; empty where there is none of this number."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The second field is a name in brackets that may hold anything.
    fields = told.rpartition(")")[2].split()
    # What has ended and is only not yet buried (Z, X) writes no more.
    return "" if fields[0] in "ZX" else fields[19]
