"""An outcome: what became of a copy, before it is written into a trace."""

from __future__ import annotations

import msgspec

from ingest.joining.event import LiveEvent
from ingest.telling.judgement import Judgement
from mappings.facts import Attempted, Reply
from mappings.log_words import By
from mappings.vocabulary import Disposition, Reason, Verdict


class Fate(msgspec.Struct, eq=False):
    """What became of the copy; `reply` decided it, and `by` says whose it is."""

    disposition: Disposition
    verdict: Verdict = Verdict.NOT_SCANNED
    reason: Reason | None = None
    reply: Reply | None = None
    by: By | None = None
    #: The try whose server, pipe or agent took or refused it last.
    relay: Attempted | None = None
    detail: str | None = None
    quarantine_id: str | None = None
    notified: bool = False
    incomplete: bool = False
    #: What a filter beside the queue thought, and whether it was that which decided.
    judgement: Judgement | None = None
    filtered: bool = False
    #: The line that decided.
    decided: LiveEvent | None = None
