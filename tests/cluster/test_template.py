"""The index template: made from the table of fields, checked in, put in place, brought up to date."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import closing
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
import pytest
from servers.server import ask

from cluster.cluster_samples import as_earlier, engine_at, mail, sink_at, told, write
from mappings.elasticsearch import template as made
from mappings.elasticsearch.connection import Access, Connection
from mappings.elasticsearch.faults import StoreRefused
from mappings.elasticsearch.names import END_OF_TIME, IndexNames, Period, span
from mappings.elasticsearch.setup import Setup
from mappings.elasticsearch.template import Json, Shape
from mappings.faults import StoreAway, StoreTooNew
from mappings.fields import FIELDS, Kind
from mappings.links import How
from mappings.trace import HopLink
from search.query import Query
from search.scope import EVERYTHING

ROOT = Path(__file__).resolve().parents[2]
#: Types that every distribution of Elasticsearch has.
PLAIN_TYPES = {"keyword", "ip", "date", "long", "double", "boolean", "text", "object", "alias"}


@pytest.fixture
def connection(es_url: str) -> Iterator[Connection]:
    """Give a connection to the server."""
    made_ = Connection(Access((es_url,)))
    yield made_
    made_.close()


@pytest.mark.parametrize("name", made.FILES)
def test_what_is_checked_in_is_what_the_fields_give(name: str) -> None:
    """The files are those that `python -m mappings.elasticsearch.template` writes."""
    assert (resources.files("mappings.elasticsearch") / name).read_text(encoding="utf-8") == made.files()[name]


def properties(mapping: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of a mapping, by its full name."""
    for name, inner in mapping["properties"].items():
        if "properties" in inner:
            yield from properties(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", inner


def test_every_field_and_every_short_name_is_mapped() -> None:
    """Each field of the table has its place and a plain type, and each word that people type leads to it."""
    mapped = dict(properties(made.mappings()))
    for field in FIELDS:
        assert field.store in mapped
        for alias in field.aliases if field.kind is not Kind.STORED else ():
            # `host` is the beginning of host.name, and cannot be both; others are objects of ECS.
            assert alias in made.ECS_OBJECTS or mapped[alias] == {"type": "alias", "path": field.store} or alias == field.store
        for name in field.ecs:
            assert name in made.GATHERED or mapped[name] == {"type": "alias", "path": field.store}
    assert {inner["type"] for inner in mapped.values()} <= PLAIN_TYPES
    assert made.mappings()["dynamic"] == "strict"
    assert mapped["mailtrace.events"] == {"type": "object", "enabled": False}
    assert mapped["id"] == {"type": "keyword", "index": False}


#: What is ours within an object of ECS. Documents have it there since the first release, and a new name would part old from new ones.
OURS_IN_ECS = {"email.from.domain"}
#: What ECS calls a value of our types.
ECS_VALUES = {"long": "number", "double": "number", "boolean": "boolean"}


def test_what_has_a_name_of_ecs_is_what_ecs_says() -> None:
    """Each field is ECS' own, of its kind of value, or in a place of its own; and no short word of ours is an object of ECS."""
    listed = (ROOT / "tests" / "data" / "ecs" / "fields.txt").read_text(encoding="utf-8").splitlines()
    ecs = dict(line.split() for line in listed)
    objects = {name.partition(".")[0] for name, kind in ecs.items() if "." in name or kind == "object"}
    mapped = dict(properties(made.mappings()))
    assert {name for name in mapped if "." not in name} & objects == set()
    found = {name: inner for name, inner in mapped.items() if "." in name and not name.startswith("mailtrace.")}
    types = {name: mapped[inner["path"]]["type"] if inner["type"] == "alias" else inner["type"] for name, inner in found.items()}
    told = {name: ECS_VALUES.get(kind, "string") for name, kind in types.items() if name not in OURS_IN_ECS}
    assert told == {name: ecs.get(name) for name in told}
    assert len(told) > 25


def test_the_first_start_puts_everything_in_place(es_url: str, es_prefix: str, connection: Connection) -> None:
    """Template and meta index are there after it, it says so, and a second start has nothing to do."""
    setup = Setup(connection, IndexNames(es_prefix), Shape())
    assert setup.look() == [f"Index template {es_prefix}-traces is not there yet."]
    assert setup.put_in_place() == [
        f"Put the index template {es_prefix}-traces in place (version {made.VERSION}).",
        f"Created the index {es_prefix}-meta.",
    ]
    assert setup.put_in_place() == []
    assert setup.look() == [f"Index template {es_prefix}-traces is up to date (version {made.VERSION})."]
    sink = sink_at(es_url, es_prefix)
    assert sink.notes == []
    write(sink, [mail(1)])
    sink.close()
    index = told(ask(f"{es_url}/{es_prefix}-traces-*"))[f"{es_prefix}-traces-2025.11.24"]
    assert index["settings"]["index"]["codec"] == "best_compression"
    assert index["settings"]["index"]["refresh_interval"] == "1s"
    assert index["mappings"]["dynamic"] == "strict"
    assert list(index["aliases"]) == [es_prefix]


def test_settings_that_changed_are_put_in_place(es_url: str, es_prefix: str) -> None:
    """Another number of shards holds for new indices, and is said."""
    sink_at(es_url, es_prefix).close()
    sink = sink_at(es_url, es_prefix, shape=Shape(shards=2, replicas=0, refresh="5s"))
    assert sink.notes == [f"Changed the settings in the index template {es_prefix}-traces; new indices follow them."]
    write(sink, [mail(1)])
    sink.close()
    settings = told(ask(f"{es_url}/{es_prefix}-traces-*"))[f"{es_prefix}-traces-2025.11.24"]["settings"]["index"]
    assert (settings["number_of_shards"], settings["number_of_replicas"], settings["refresh_interval"]) == ("2", "0", "5s")


def test_an_older_template_is_brought_up_to_date(es_url: str, es_prefix: str, connection: Connection) -> None:
    """What a release before this one left behind is replaced, its indices learn the new fields, and that is said."""
    names = IndexNames(es_prefix)
    older = copy.deepcopy(made.template(names, Shape()))
    older["_meta"] = {"made_by": "mailtrace", "version": 0, "digest": "old"}
    del older["template"]["mappings"]["properties"]["mailtrace"]["properties"]["detail"]
    for alias in ("detail", "virus"):
        del older["template"]["mappings"]["properties"][alias]
    connection.ask("begin", "PUT", f"/_index_template/{names.template}", older)
    ask(f"{es_url}/{es_prefix}-traces-2025.11.24", "PUT")
    sink = sink_at(es_url, es_prefix)
    assert sink.notes[0] == f"Brought the index template {es_prefix}-traces from version 0 to {made.VERSION}."
    write(sink, [mail(1, detail="Eicar")])
    assert (sink.refused, [trace.detail for trace in sink.find(["q:mx/Q1"])]) == (0, ["Eicar"])
    sink.close()


def of_revision_3(names: IndexNames) -> Json:
    """The index template as it was before documents held what the writer decided."""
    older: Json = copy.deepcopy(made.template(names, Shape()))
    older["_meta"] = {"made_by": "mailtrace", "version": 2, "digest": "old"}
    for field in ("hops", "decided", "next_ids"):
        del older["template"]["mappings"]["properties"]["mailtrace"]["properties"][field]
    return older


def test_documents_of_revision_3_are_read_and_new_ones_lie_beside_them(es_url: str, es_prefix: str, connection: Connection) -> None:
    """An index that is there takes what the writer decided; an old event may hold a sentence and names, which nobody asks for."""
    names = IndexNames(es_prefix)
    connection.ask("begin", "PUT", f"/_index_template/{names.template}", of_revision_3(names))
    ask(f"{es_url}/{es_prefix}-traces-2025.11.24", "PUT")
    document = as_earlier(mail(1))
    document["mailtrace.events"][0] |= {"words": "Was sent", "names": ["bob1@example.net"], "names_more": True}
    ask(f"{es_url}/{es_prefix}-traces-2025.11.24/_doc/{document['id']}", "PUT", body=document)
    sink = sink_at(es_url, es_prefix)
    hops = [HopLink("q:mx/Q2"), HopLink("m:s", "q:mx/Q2", How.SCAN_OF, f"{2:016x}", "Q2", ["l:mx/1-2"])]
    new = mail(2, hops=hops, decided=f"{2:016x}", next_ids=["4Sink"])
    write(sink, [new])
    assert (sink.refused, sink.find(["q:mx/Q2"]), sink.find(["q:mx/Q1"])) == (0, [new], [mail(1)])
    sink.close()
    with closing(engine_at(es_url, es_prefix)) as engine:
        assert engine.get(new.id, EVERYTHING) == new
        (listed, _) = engine.search(Query(), EVERYTHING, limit=5).traces
        assert (listed.hops, listed.decided, listed.events, listed.next_ids) == ([], None, [], ["4Sink"])


class Breaking(Connection):
    """A connection that breaks behind the first thing that it put in place."""

    put = False

    def ask(self, what: str, method: str, target: str, body: Any = None, **options: Any) -> Any:
        """Ask, where it still stands."""
        if self.put:
            raise StoreAway("gone")
        self.put = method == "PUT"
        return super().ask(what, method, target, body, **options)


def test_a_start_that_was_broken_off_is_made_up_for(es_url: str, es_prefix: str, connection: Connection) -> None:
    """The template says that indices have their fields: it comes behind them."""
    names = IndexNames(es_prefix)
    connection.ask("begin", "PUT", f"/_index_template/{names.template}", of_revision_3(names))
    ask(f"{es_url}/{es_prefix}-traces-2025.11.24", "PUT")
    with closing(Breaking(Access((es_url,)))) as broken, pytest.raises(StoreAway):
        Setup(broken, names, Shape()).put_in_place()
    sink = sink_at(es_url, es_prefix)
    write(sink, [mail(1, next_ids=["4Sink"])])
    assert sink.refused == 0
    sink.close()


def test_a_newer_template_is_left_alone(es_prefix: str, es_url: str, connection: Connection) -> None:
    """A store that a newer release writes to is not turned back."""
    names = IndexNames(es_prefix)
    newer = {**made.template(names, Shape()), "_meta": {"version": made.VERSION + 1}}
    connection.ask("begin", "PUT", f"/_index_template/{names.template}", newer)
    with pytest.raises(StoreTooNew, match="newer release"):
        sink_at(es_url, es_prefix)


def test_lifecycle_policies_are_offered_where_the_server_has_them(es_prefix: str, connection: Connection) -> None:
    """A server without them says so at once; one that has them gets the policy with the time that is kept."""
    setup = Setup(connection, IndexNames(es_prefix), Shape(lifecycle=True), keep_seconds=86_400)
    if setup.knows_lifecycles():
        assert (
            setup.put_in_place()[0]
            == f"Put the lifecycle policy {es_prefix} in place: an index is deleted 1 days after the end of its range."
        )
        connection.ask("clean up", "DELETE", f"/_index_template/{es_prefix}-traces")
        connection.ask("clean up", "DELETE", f"/_ilm/policy/{es_prefix}")
    else:
        with pytest.raises(StoreRefused, match="use `mailtrace retention`"):
            setup.put_in_place()
    assert made.lifecycle(86_400)["policy"]["phases"]["delete"]["min_age"] == "86400s"
    assert made.template(IndexNames(), Shape(lifecycle=True))["template"]["settings"]["index"]["lifecycle"] == {"name": "mailtrace"}


def test_the_read_alias_and_the_short_names_serve_kibana(es_url: str, es_prefix: str) -> None:
    """Plain queries by short names, in any case, find current documents through the alias, and no superseded ones."""
    sink = sink_at(es_url, es_prefix)
    write(sink, [mail(1, sender="Änn@example.org"), mail(2), mail(3, superseded_by=[mail(2).id], events=[])])
    sink.close()

    def ids(query: str) -> set[str]:
        body = {"query": {"query_string": {"query": query}}}
        return {hit["_id"] for hit in told(ask(f"{es_url}/{es_prefix}/_search", "POST", body=body))["hits"]["hits"]}

    assert ids("*") == {mail(1).id, mail(2).id}
    assert ids("sender:ANN@example.org AND recipient:Bob2@Example.net") == {mail(2).id}
    assert ids("from:ÄNN@*") == {mail(1).id}
    assert ids("queue_id:Q1 OR status:bounced") == {mail(1).id}
    engine = engine_at(es_url, es_prefix)
    assert engine.count(Query(sender=("änn@example.org",)), EVERYTHING) == 1
    assert engine.search(Query(), EVERYTHING, limit=5).traces[1].sender == "Änn@example.org"
    engine.close()


@pytest.mark.parametrize("period", Period)
@pytest.mark.parametrize("time_ms", [0, 1, 1_764_000_000_000, 1_709_164_800_000, END_OF_TIME - 1])
def test_periods_follow_each_other_without_gaps(period: Period, time_ms: int) -> None:
    """Each time is in one period, which ends where the next begins, to the end of time."""
    lower, upper = span(time_ms, period)
    assert lower <= time_ms < upper
    assert span(lower, period) == (lower, upper)
    if upper < END_OF_TIME:
        assert span(upper, period)[0] == upper
    if lower:
        assert span(lower - 1, period)[1] == lower


@pytest.mark.parametrize(
    ("lower_ms", "name"),
    [(0, "1970.01.01"), (1_764_000_000_000, "2025.11.24"), (253_402_300_800_000, "10000.01.01"), (END_OF_TIME - 1, "10889.08.02")],
)
def test_indices_are_named_by_their_first_day(lower_ms: int, name: str) -> None:
    """The calendar goes on behind the year 9999, where Python's ends."""
    assert IndexNames("m").index(lower_ms) == f"m-traces-{name}"
    beginning = IndexNames("m").lower_ms(f"m-traces-{name}")
    assert beginning is not None
    assert beginning == lower_ms - lower_ms % 86_400_000


@pytest.mark.parametrize("prefix", ["", "Mail", "-x", "_x", "a*", "a,b", "a b", "ü", "x" * 101])
def test_a_prefix_that_no_index_can_have_is_refused(prefix: str) -> None:
    """Names are checked before a server sees them."""
    with pytest.raises(ValueError, match="cannot begin the name of an index"):
        IndexNames(prefix)


def test_the_files_are_json() -> None:
    """Whoever has no Python can put them in place with curl."""
    assert all(isinstance(msgspec.json.decode(text), dict) for text in made.files().values())


@pytest.mark.parametrize(
    "name", ["m-traces-2025.02.30", "m-traces-2025.2.3", "m-traces-1969.12.31", "m-traces-", "m-meta", "n-traces-2025.01.01"]
)
def test_other_names_are_no_names_of_ours(name: str) -> None:
    """What is no day, or before all time, or of another store, has no beginning."""
    assert IndexNames("m").lower_ms(name) is None
