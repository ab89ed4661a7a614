"""What differs: planted causes come first, chance is not listed, and every number leads to its traces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC
from pathlib import Path

import generate
import pytest
from generate import traces
from planted_causes import DAY_MS, KINDS, START_MS, found_first
from reference import ReferenceStore
from soak.causes import case

from ingest.sinks.embedded import EmbeddedSink
from search.differing import MOST_DIFFERING, Differences, differs, others
from search.engines.embedded import EmbeddedEngine
from search.query import Query, QueryError
from search.scope import EVERYTHING, Scope
from search.service import MailTrace


@pytest.fixture(scope="module")
def reference() -> ReferenceStore:
    """Mail without any pattern in it."""
    store = ReferenceStore()
    store.submit(traces(seed=5, count=600))
    return store


@pytest.fixture(scope="module")
def mail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailTrace]:
    """The same in a store."""
    folder = tmp_path_factory.mktemp("differing")
    with closing(EmbeddedSink(folder)) as sink:
        sink.submit(traces(seed=5, count=600))
        sink.flush()
    with MailTrace(EmbeddedEngine(folder)) as found:
        yield found


@pytest.mark.parametrize("seed", range(len(KINDS)), ids=KINDS)
def test_a_planted_cause_comes_first(tmp_path: Path, seed: int) -> None:
    """One of each kind; `make soak` plants a hundred among 50,000 traces."""
    cause, found = case(seed, 6_000, tmp_path / "store")
    assert found_first(cause, found), found.values[:3]
    with MailTrace(EmbeddedEngine(tmp_path / "store")) as mail:
        for one in found.values:
            assert one.query is not None
            leads = Query.of({"query": [one.query]}, now_ms=START_MS + DAY_MS, zone=UTC)
            both = Query(recipient=cause.query.recipient, disposition=cause.query.disposition, query=one.query)
            assert (mail.count(both), mail.count(leads)) == (one.count, one.count + one.elsewhere)


@pytest.mark.parametrize("text", ["disposition: bounced", "sender: example.org", "verdict: spam", "code: 5xx and not reason: virus"])
def test_stores_say_the_same(mail: MailTrace, reference: ReferenceStore, text: str) -> None:
    """The embedded store and the plain reference, for all and for a tenant."""
    query = Query(query=text)
    for scope in (EVERYTHING, Scope(frozenset({"example.net"}))):
        assert differs(mail.engine, query, scope, limit=100) == differs(reference, query, scope, limit=100)


def test_chance_is_not_listed(mail: MailTrace) -> None:
    """Where values were drawn without regard to each other, next to nothing differs."""
    found = mail.differs(Query(query="size: 1234"))
    assert len(found.values) <= 1


def test_it_is_compared_with_all_else_of_its_time(mail: MailTrace) -> None:
    """Whether the time is given as a parameter or in the language; and with what else fits a second question."""
    since = generate.START_MS + generate.DAY_MS
    one = mail.differs(Query(disposition=("bounced",), since_ms=since))
    assert one.total + one.elsewhere == mail.count(Query(since_ms=since))
    told = Query.of({"query": ["disposition: bounced and time >= 2025-11-26"]}, now_ms=since, zone=UTC)
    found = mail.differs(told)
    assert found.total + found.elsewhere == mail.count(Query.of({"query": ["time >= 2025-11-26"]}, now_ms=since, zone=UTC))
    against = Query(verdict=("spam",))
    found = mail.differs(Query(disposition=("bounced",)), against=against)
    assert found.total == mail.count(Query(disposition=("bounced",), verdict=("spam",)))
    assert found.total + found.elsewhere == mail.count(against)


def test_what_both_sides_have_in_common_tells_nothing(mail: MailTrace) -> None:
    """Beside others of the same domain its name is not told, and its servers are as good as any value."""
    query, against = Query(query="recipient_domain: example.net and disposition: bounced"), Query(query="recipient_domain: example.net")
    found = mail.differs(query, against=against, limit=100)
    assert found.total + found.elsewhere == mail.count(against)
    assert not {one.by for one in found.values} & {"recipient_domain", "disposition"}


def test_nothing_differs_of_nothing_and_of_everything(mail: MailTrace) -> None:
    """There is nothing to compare."""
    assert mail.differs(Query()) == Differences(total=mail.count(), elsewhere=0, values=[])
    assert mail.differs(Query(sender=("nobody@nowhere.example",))).values == []


def test_a_tenant_is_told_of_his_mail_alone(mail: MailTrace, reference: ReferenceStore) -> None:
    """As if there were no other; nor of the words of others."""
    scope = Scope(frozenset({"example.net"}))
    own = ReferenceStore()
    own.traces = {name: one for name, one in reference.traces.items() if "example.net" in one.visible_to}
    for text in ("disposition: delivered", "direction: inbound", "recipient: example.net"):
        found = differs(mail.engine, Query(query=text), scope, limit=100)
        assert found == differs(own, Query(query=text), scope, limit=100)
        assert not {one.by for one in found.values} & {"detail", "vendor", "user", "helo", "source.domain"}


def test_a_flaw_of_what_it_is_compared_with_is_told_as_such() -> None:
    """With its place and the hint."""
    with pytest.raises(QueryError) as raised:
        others("verdict: clean and sendr: x", 0, UTC)
    assert raised.value.sentence == "against: there is nothing called “sendr” (at character 20); did you mean “sender”?"


def test_how_many_is_checked(mail: MailTrace) -> None:
    """As everywhere."""
    with pytest.raises(QueryError, match="limit: 0 is not a number from 1 to 1,000"):
        mail.differs(Query(), limit=0)
    with pytest.raises(QueryError):
        mail.differs(Query(), limit=MOST_DIFFERING + 1)
