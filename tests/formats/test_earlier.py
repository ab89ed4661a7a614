"""Facts of documents that earlier releases wrote: brought up to date they are what the formats make of the same lines now."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from formats.format_samples import Sample, all_samples, facts_of, fields_in, samples
from ingest.formats.earlier import fact_in
from mappings.facts import FACTS, Fact, Unread, fields_of, kind_of
from mappings.trace import REVISION, VERSION_STEP

KEPT = list(samples(Path(__file__).with_name("revision_3.txt")))
#: Kinds of facts that later revisions have.
SINCE = {"filed", "hindered"}
#: Fields that later revisions have.
SINCE_FIELDS = {"login_method", "took", "delay", "tls", "checks"}
#: Programs that earlier releases did not read.
SINCE_FORMATS = {"dovecot", "mailscanner", "pmg"}
#: A document of revision 3 with five events.
VERSION = 3 * VERSION_STEP + 5


@pytest.mark.parametrize("kept", KEPT, ids=str)
def test_a_fact_of_revision_3_is_todays(kept: Sample) -> None:
    """Recipients are a list, closed words are ours, and what the vendor's words mean is said."""
    (written,) = kept.expected
    kind, _, fields = written.partition(" ")
    (today,) = facts_of(kept.outcome)
    then = fact_in(kind, fields_in(fields), VERSION)
    assert then == _as_then(today, then)


def _as_then(today: Fact, then: Fact) -> Fact:
    """Without what only later revisions keep of a line."""
    later = {name: getattr(then, name) for name in SINCE_FIELDS & set(then.__struct_fields__) if not getattr(then, name)}
    return replace(today, **later)


def test_every_kind_was_kept() -> None:
    """None is left out that revision 3 had; a line that could not be read has no format."""
    assert {kept.expected[0].partition(" ")[0] for kept in KEPT} == set(FACTS) - SINCE - {kind_of(Unread())}


def test_a_fact_of_now_is_left_alone() -> None:
    """What a document of this revision does not say is not worked out again: its format did not say it."""
    kept = next(kept for kept in KEPT if kept.expected[0].startswith("judged "))
    fields = fields_in(kept.expected[0].partition(" ")[2])
    assert fact_in("judged", fields, REVISION * VERSION_STEP) != fact_in("judged", fields, VERSION)


@pytest.mark.parametrize("sample", [one for one in all_samples() if one.format not in SINCE_FORMATS], ids=str)
def test_a_fact_in_our_words_is_not_brought_up_again(sample: Sample) -> None:
    """Some revisions lack words of some kinds only: the others stay as they are."""
    for fact in facts_of(sample.outcome):
        assert fact_in(kind_of(fact), fields_of(fact), (REVISION - 1) * VERSION_STEP) == fact


@pytest.mark.parametrize(("kind", "fields"), [("ruled", {"stage": 5}), ("queued", {})])
def test_a_damaged_fact_is_said_to_be_so(kind: str, fields: dict[str, object]) -> None:
    """The error is that of every fact that does not fit."""
    with pytest.raises(msgspec.ValidationError, match="`"):
        fact_in(kind, fields, VERSION)
