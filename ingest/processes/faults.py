"""How the end of one process ends the others: with the sentence that it ended with."""

from __future__ import annotations

import structlog

from ingest.aside import place_of
from ingest.processes.messages import EndedBy
from ingest.tail.faults import TailError
from mappings.faults import MailTraceError, StoreAway, StoreError, StoreLocked, StoreTooNew

_log = structlog.get_logger(__name__)

#: Faults that mean the same in whichever process they are raised.
_KINDS: dict[str, type[MailTraceError]] = {one.__name__: one for one in (StoreAway, StoreError, StoreLocked, StoreTooNew, TailError)}


class ProcessError(MailTraceError):
    """Another process of the same run has failed."""


class ProcessGoneError(ProcessError):
    """Another process of the same run has ended without a word: it was killed, or has crashed."""

    def __init__(self, whose: str) -> None:
        super().__init__(
            f"The process {whose} has ended, so the reading was stopped; what was not written yet is read again at the next start."
        )


def fault_of(error: Exception) -> EndedBy:
    """What this process ends with, for the others; a fault of the program itself is logged here, with where it was raised."""
    if isinstance(error, MailTraceError):
        return EndedBy(type(error).__name__, str(error))
    _log.error("process_failed", exc_info=error)
    return EndedBy(
        type(error).__name__, f"A fault of the program itself at {place_of(error)}: {type(error).__name__}: {error}; please report it."
    )


def raised(fault: EndedBy) -> MailTraceError:
    """What another process ended with, to be raised here."""
    kind = _KINDS.get(fault.kind)
    return kind(fault.sentence) if kind is not None else ProcessError(fault.sentence or fault.kind)
