"""What only the engine of a cluster can meet: searches that take too long, and questions that the server finds too much."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cluster.cluster_samples import engine_at, mail, sink_at, write
from mappings.faults import StoreError
from search.engines.elasticsearch import ElasticsearchEngine
from search.query import MOST_VALUES, Query
from search.query_error import QueryError
from search.scope import EVERYTHING
from search.values import MOST_WILDCARDS


@pytest.fixture
def many(es_url: str, es_prefix: str) -> Iterator[ElasticsearchEngine]:
    """Give an engine that lets a search take a thousandth of a second, over senders that are all different."""
    sink = sink_at(es_url, es_prefix)
    write(sink, [mail(number, sender=f"{number * 7919:x}.abcdef@x{number}.example") for number in range(20_000)])
    sink.close()
    engine = engine_at(es_url, es_prefix, timeout_s=0.001)
    yield engine
    engine.close()


def test_a_search_that_takes_too_long_says_that_there_may_be_more(many: ElasticsearchEngine) -> None:
    """A page that was ended early is given with a warning and an open total; a count or a walk is right or none."""
    query = Query(address=tuple(f"*{number}*a*b*c*d*e*f*" for number in range(MOST_VALUES)))
    page = many.search(query, EVERYTHING, limit=5)
    assert not page.complete
    assert page.total.relation == "gte"
    assert page.warnings == ["The search took too long and was ended; there may be more than is shown. Ask more narrowly."]
    for ask in (lambda: many.count(query, EVERYTHING), lambda: list(many.walk(query, EVERYTHING))):
        with pytest.raises(StoreError, match="took too long"):
            ask()


def test_a_pattern_of_too_many_states_is_an_error_of_the_question(es_url: str, es_prefix: str) -> None:
    """What the server finds too complicated is told as the question's fault, not as the store's."""
    sink = sink_at(es_url, es_prefix)
    write(sink, [mail(1)])
    sink.close()
    engine = engine_at(es_url, es_prefix)
    pattern = "*a" + "?" * (MOST_WILDCARDS - 1)
    for ask in (
        lambda: engine.search(Query(sender=(pattern,)), EVERYTHING, limit=5),
        lambda: engine.count(Query(sender=(pattern,)), EVERYTHING),
        lambda: list(engine.walk(Query(sender=(pattern,)), EVERYTHING)),
    ):
        with pytest.raises(QueryError, match="too complicated"):
            ask()
    engine.close()


def test_the_largest_question_that_is_allowed_is_answered(es_url: str, es_prefix: str) -> None:
    """As many patterns as a question may hold, for both sides, are within what the server takes."""
    sink = sink_at(es_url, es_prefix)
    write(sink, [mail(1)])
    sink.close()
    engine = engine_at(es_url, es_prefix)
    patterns = tuple(f"*a{number}?b*" for number in range(MOST_VALUES - 1))
    assert engine.count(Query(address=(*patterns, "bob1@*")), EVERYTHING) == 1
    engine.close()
