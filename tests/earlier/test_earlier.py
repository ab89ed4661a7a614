"""Stores that earlier commits wrote are found, reported, kept apart, read again and gone on with by the code of today."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC

import pytest
from canonical import documents, must_be_same
from conftest import Done
from msgspec.structs import replace

from earlier.conftest import Left, lefts
from earlier.kept import KEPT, STATES, Kept, Told, answered, read_all
from mappings.address import fold
from mappings.trace import REVISION, VERSION_STEP
from mappings.vocabulary import Disposition
from search.query import Query
from search.scope import EVERYTHING
from search.service import MailTrace


def answers(mail: MailTrace) -> dict[str, Told]:
    """What is answered of every trace, each of which is listed once."""
    told = answered(mail)
    assert len({one.id for one in told}) == len(told)
    return {one.id: one for one in told}


def fates(told: Iterable[Told]) -> dict[str, tuple[str | None, ...]]:
    """What became of whose mail, and why: that does not change, however much better it is said."""
    return {one.id: (one.sender, one.recipient, one.disposition, one.reply, one.quarantine_id) for one in told}


def revisions(left: Left) -> dict[str, int]:
    """The revision of each document that is there."""
    with closing(left.store.engine()) as engine:
        return {trace.id: trace.version // VERSION_STEP for trace in engine.walk(Query(), EVERYTHING)}


def test_a_store_of_this_revision_is_kept() -> None:
    """What this code writes is kept for later ones: where this fails, keep one with `python -m earlier.keep`, as CONTRIBUTING.md says."""
    assert REVISION in {kept.meta.revision for kept in KEPT}


@pytest.mark.parametrize("kept", KEPT, ids=str)
def test_what_is_kept_shows_every_fate(kept: Kept) -> None:
    """A kept store has traces of every disposition that a log can tell, and mail in flight at its cut."""
    found = {told.disposition for state in STATES for told in kept.meta.told(state)}
    assert {one.value for one in Disposition} - found <= {Disposition.UNKNOWN, Disposition.EXPANDED}
    assert len(kept.meta.cut) < len(kept.meta.whole)


@lefts()
def test_every_trace_is_found(left: Left) -> None:
    """By recipient, sender, queue id and quarantine id, each trace is found that has it; and they are counted right."""
    asked: dict[tuple[str, str], set[str]] = defaultdict(set)
    for told in left.told.values():
        for field, values in (
            ("sender", ["<>" if told.sender == "" else told.sender]),
            ("recipient", [told.recipient]),
            ("queue_id", told.queue_ids),
            ("quarantine_id", [told.quarantine_id]),
        ):
            for value in values:
                if value is not None:
                    asked[field, value].add(told.id)
    with left.mail() as mail:
        assert mail.count() == len(left.told)
        for (field, value), ids in asked.items():
            found = {trace.id for trace in mail.search(Query.of({field: [value]}, now_ms=0, zone=UTC), limit=1000).traces}
            assert ids <= found <= left.told.keys(), (field, value)


@lefts()
def test_every_report_says_the_same(left: Left) -> None:
    """Disposition, reply and summary are those of then, and each line of the document is shown with a sentence and as it was read."""
    with left.mail() as mail:
        assert answers(mail) == left.told


@lefts("whole")
def test_the_command_shows_them(left: Left, mailtrace: Callable[..., Done]) -> None:
    """`mailtrace search` and `mailtrace report` as text and as JSON, for one trace of each disposition."""
    settings = dict(left.store.settings)
    listed = mailtrace("search", "--limit", "0", "--format", "jsonl", **settings)
    assert (listed.returncode, len(listed.stdout.splitlines())) == (0, len(left.told)), listed.stderr
    for told in {told.disposition: told for told in left.told.values()}.values():
        text = mailtrace("report", told.id, **settings)
        assert text.returncode == 0, text.stderr
        assert told.id in text.stdout
        document = json.loads(mailtrace("report", told.id, "--format", "json", **settings).stdout)
        assert (document["trace"]["disposition"], document["summary"]) == (told.disposition, told.summary)
        assert len(document["timeline"]) == told.lines


@lefts("whole")
def test_scoped_callers_see_no_more_than_they_may(left: Left) -> None:
    """Who may see one domain sees its traces alone, and no raw line and no sentence with the address of another recipient."""
    people = {fold(told.recipient) for told in left.told.values() if told.recipient}
    for domain in {name.rpartition("@")[2] for name in people}:
        with left.mail() as everything:
            mail = everything.narrowed([domain])
            own = {told.id for told in left.told.values() if told.recipient and fold(told.recipient).endswith(f"@{domain}")}
            seen = {trace.id: trace for trace in mail.walk()}
            assert own <= seen.keys()
            others = {name for name in people if not name.endswith(f"@{domain}")}
            for one, trace in seen.items():
                report = mail.report(one)
                assert report is not None
                named = others - {fold(name) for name in (trace.sender, trace.recipient, trace.original_recipient) if name}
                for step in report.timeline:
                    shown = f"{step.raw or ''} {step.words}".lower()
                    assert not [name for name in named if name in shown], (domain, step)
            assert all(mail.report(one) is None for one in left.told.keys() - seen.keys())
            assert all(domain in f"{trace.sender} {trace.recipient} {trace.original_recipient}".lower() for trace in seen.values())


@lefts()
def test_reading_the_lines_again_makes_documents_of_today(left: Left) -> None:
    """`ingest --once --rebuild`: the same ids, each once, with what an empty store gets; what is the same anyway may stay."""
    sources, whole = left.kept.meta.sources, left.kept.meta.whole
    read_all(sources, left.place, rebuild=True)
    read_all(sources, left.plain)
    must_be_same(documents(left.plain.store), documents(left.store))
    assert revisions(left).keys() == {one.id for one in whole}
    with left.mail() as mail:
        assert fates(answers(mail).values()) == fates(whole)


@lefts("cut")
def test_lines_that_come_later_join_the_documents_of_then(left: Left) -> None:
    """Mail that was in flight is gone on with where its commit stopped reading: its documents are rebuilt from the events in them."""
    sources, then, whole = left.kept.meta.sources, left.told, {one.id: one for one in left.kept.meta.whole}
    lines = sum(path.read_bytes().count(b"\n") for path in left.place.logs.glob("*/*"))
    there = sum(file.cut_lines for source in sources for file in source.files)
    assert read_all(sources, left.place).summary.lines < lines - there // 2, "it was begun anew"
    read_all(sources, left.plain)
    with left.mail() as mail, MailTrace(left.plain.store.engine()) as other:
        now, plain = answers(mail), answers(other)
    assert fates(now.values()) == fates(whole.values()) == fates(plain.values())
    # What came without an id of its own is found under the one of the whole message.
    assert then.keys() - whole.keys()
    grown = {one for one in then.keys() & whole.keys() if whole[one].lines > then[one].lines}
    assert {one: now[one] for one in grown} == {one: plain[one] for one in grown}
    for one in then.keys() & whole.keys() - grown:
        # The same, but for what came of it later: the sending server came again.
        assert now[one].summary.startswith(then[one].summary.removesuffix("."))
        assert replace(now[one], summary="") == replace(then[one], summary="")
    seen = {(then[one].disposition, now[one].disposition) for one in grown}
    assert seen >= {("in_progress", "delivered"), ("deferred", "delivered"), ("deferred", "expired"), ("quarantined", "released")}
    written = revisions(left)
    assert {written[one] for one in grown | (written.keys() - then.keys())} == {REVISION}
    assert left.kept.meta.revision in {written[one] for one in then.keys() & written.keys()}
