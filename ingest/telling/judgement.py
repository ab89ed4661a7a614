"""Judgement: what a filter that looks at mail beside the queue thought of a message, and why it asked for what it asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.joining.event import in_order
from ingest.joining.life import Life
from ingest.joining.parts import Loose
from mappings.facts import Judged
from mappings.vocabulary import REASONS_OF_VERDICTS, Disposition, Reason, Verdict


@dataclass(slots=True)
class Judgement:
    """What a filter thought, from its result and what else the lines of its task say."""

    result: Judged
    verdict: Verdict
    #: Why it asked to refuse or keep the message; None where it did not.
    reason: Reason | None
    detail: str | None


def judgement_of(lives: list[Life], loose: Sequence[Loose], stopped: Disposition | None) -> Judgement | None:
    """The judgement of a message on its way, which was stopped with this disposition, or passed.

    Where it was looked at several times (a mirror, a second scan by hand) it is the last one that asked for what the mail server
    did, else the last one.
    """
    facts = [e.fact for life in lives for e in life.judged if isinstance(e.fact, Judged)]
    loosely = [e.fact for e in sorted([e for p in loose for e in p.events], key=in_order) if isinstance(e.fact, Judged)] if loose else []
    results = [f for f in facts if f.queue_id is not None] or [f for f in loosely if f.score is not None or f.spam is not None]
    if not results:
        return None
    result = ([f for f in results if f.asked is stopped] or results)[-1]
    # What forced it stands in the result itself, in older releases in a line of the same task only.
    forcing = result if result.forced_by else next((f for f in loosely if f.forced_by and f.log_id == result.log_id), result)
    if forcing is result:
        return Judgement(result, result.verdict, result.reason, result.detail)
    verdict = Verdict.VIRUS if forcing.verdict is Verdict.VIRUS and result.asked is not None else result.verdict
    reason = result.reason if result.asked is None else forcing.reason or REASONS_OF_VERDICTS.get(verdict) or result.reason
    return Judgement(result, verdict, reason, forcing.detail or result.detail)
