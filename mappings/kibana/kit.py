"""The objects of the Kibana kit, made from the table of fields; `python -m mappings.kibana.kit` writes the checked-in file.

An export of Kibana has one JSON object a line; what an object needs is named in its `references`, and parts of it are JSON in a string
(https://www.elastic.co/docs/api/doc/kibana, "Saved objects"). The versions are those of the oldest Kibana that has these shapes, 8.11;
later ones bring them up to date when they are imported.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any, Final

import msgspec

from mappings.fields import BY_NAME

Json = dict[str, Any]

FILE: Final = "mailtrace.ndjson"
#: The read alias, which leaves out what was replaced.
INDEX: Final = "mailtrace"
#: Where the page of Mail Trace is; it is set in the data view's format of `id`.
PAGE: Final = "http://localhost:8025"
VIEW: Final = "mailtrace"
_CORE = "8.8.0"
_TYPES = {"index-pattern": "8.0.0", "search": "8.0.0", "visualization": "8.5.0", "dashboard": "8.9.0"}
_LAST_WEEK = {"from": "now-7d", "to": "now"}
_REFUSED = "status: (bounced or rejected or tempfailed or deferred or expired)"
_COLUMNS = (
    "source.domain",
    "mailtrace.sender",
    "mailtrace.recipient",
    "mailtrace.disposition",
    "mailtrace.reason",
    "mailtrace.enhanced_code",
    "id",
)

#: Saved searches: id, title, what is asked, further columns. The first four are those of the search form.
SEARCHES: Final[tuple[tuple[str, str, str, tuple[str, ...]], ...]] = (
    ("by-sender", "Mail Trace: by sender", "sender: *@example.org", ()),
    ("by-recipient", "Mail Trace: by recipient", "recipient: *@example.net", ()),
    ("by-both", "Mail Trace: by sender and recipient", "sender: *@example.org and recipient: *@example.net", ()),
    ("by-quarantine-id", "Mail Trace: by quarantine ID", "quarantine_id: *", ("mailtrace.quarantine_id", "mailtrace.detail")),
    ("refused", "Mail Trace: not delivered", _REFUSED, ("mailtrace.reply_text",)),
    ("quarantined", "Mail Trace: quarantined", "status: quarantined", ("mailtrace.verdict", "mailtrace.detail", "mailtrace.score")),
    ("viruses", "Mail Trace: malware", "verdict: virus", ("mailtrace.detail",)),
    ("waiting", "Mail Trace: still in a queue", "status: (deferred or in_progress or held)", ("destination.domain", "mailtrace.attempts")),
    ("greylisted", "Mail Trace: greylisted", "reason: greylist", ()),
    ("logged-in", "Mail Trace: sent by users who logged in", "user.name: *", ("mailtrace.authenticated_as", "mailtrace.direction")),
)


def _terms(field: str, size: int = 10) -> Json:
    """Buckets by the values of a field, most first."""
    return {"field": field, "size": size, "order": "desc", "orderBy": "1", "otherBucket": False, "missingBucket": False}


#: What the dashboard shows: id, title, kind, the buckets of each visualization, and what is asked.
PANELS: Final[tuple[tuple[str, str, str, tuple[tuple[str, Json], ...], str], ...]] = (
    (
        "over-time",
        "Mail over time by outcome",
        "histogram",
        (("date_histogram", {"field": "@timestamp", "interval": "auto"}), ("terms", _terms("mailtrace.disposition", 15))),
        "",
    ),
    ("outcomes", "Outcomes", "pie", (("terms", _terms("mailtrace.disposition", 15)),), ""),
    ("verdicts", "What filters thought", "pie", (("terms", _terms("mailtrace.verdict", 15)),), ""),
    ("reasons", "Why mail was not delivered", "table", (("terms", _terms("mailtrace.reason")),), "not status: delivered"),
    ("codes", "Error codes", "table", (("terms", _terms("mailtrace.enhanced_code")),), _REFUSED),
    ("senders", "Domains that send", "table", (("terms", _terms("mailtrace.sender_domain")),), ""),
    ("recipients", "Domains that receive", "table", (("terms", _terms("mailtrace.recipient_domain")),), ""),
    ("servers", "Servers that send to us", "table", (("terms", _terms("source.domain")),), ""),
    ("next", "Servers that put mail off", "table", (("terms", _terms("destination.domain")),), "status: deferred"),
)


def objects() -> list[Json]:
    """All objects, each behind those that it refers to."""
    found = [_data_view(), *(_search(*one) for one in SEARCHES), *(_visualization(*one) for one in PANELS), _dashboard()]
    return [
        *found,
        {"excludedObjects": [], "excludedObjectsCount": 0, "exportedCount": len(found), "missingRefCount": 0, "missingReferences": []},
    ]


def ndjson() -> str:
    """The file that Kibana imports."""
    return "".join(f"{msgspec.json.encode(one, order='sorted').decode()}\n" for one in objects())


def _text(value: Any) -> str:
    """A part that is JSON in a string."""
    return msgspec.json.encode(value, order="sorted").decode()


def _object(kind: str, id_: str, attributes: Json, references: list[Json]) -> Json:
    """An object as an export has it."""
    return {
        "id": id_,
        "type": kind,
        "attributes": attributes,
        "references": references,
        "coreMigrationVersion": _CORE,
        "typeMigrationVersion": _TYPES[kind],
        "managed": False,
    }


def _data_view() -> Json:
    """The index, with links from a trace to its report."""
    link = {"id": "url", "params": {"urlTemplate": f"{PAGE}/trace/{{{{value}}}}", "labelTemplate": "report", "openLinkInCurrentTab": False}}
    formats = {"id": link, BY_NAME["size"].store: {"id": "bytes"}}
    attributes = {
        "title": INDEX,
        "name": "Mail Trace",
        "timeFieldName": BY_NAME["time_ms"].store,
        "fieldFormatMap": _text(formats),
        "fieldAttrs": _text({field.store: {"customDescription": field.sentence[:300]} for field in BY_NAME.values()}),
        "sourceFilters": _text([{"value": BY_NAME["events"].store}, {"value": "mailtrace.as_written"}]),
        "fields": "[]",
        "runtimeFieldMap": "{}",
        "allowNoIndex": True,
    }
    return _object("index-pattern", VIEW, attributes, [])


def _source(query: str) -> tuple[str, list[Json]]:
    """What an object asks of the data view."""
    name = "kibanaSavedObjectMeta.searchSourceJSON.index"
    asked = {"query": {"language": "kuery", "query": query}, "filter": [], "indexRefName": name}
    return _text(asked), [{"id": VIEW, "name": name, "type": "index-pattern"}]


def _search(id_: str, title: str, query: str, more: tuple[str, ...]) -> Json:
    """A saved search."""
    source, references = _source(query)
    columns = [*_COLUMNS[:-1], *more, _COLUMNS[-1]]
    attributes = {
        "title": title,
        "description": "",
        "columns": columns,
        "sort": [["@timestamp", "desc"]],
        "grid": {},
        "hideChart": False,
        "isTextBasedQuery": False,
        "timeRestore": False,
        "kibanaSavedObjectMeta": {"searchSourceJSON": source},
    }
    return _object("search", f"mailtrace-{id_}", attributes, references)


def _visualization(id_: str, title: str, kind: str, buckets: tuple[tuple[str, Json], ...], query: str) -> Json:
    """A chart or table of counts."""
    source, references = _source(query)
    schemas = {"histogram": ("segment", "group"), "pie": ("segment",), "table": ("bucket",)}[kind]
    aggs: list[Json] = [{"id": "1", "enabled": True, "type": "count", "schema": "metric", "params": {}}]
    for number, ((agg, params), schema) in enumerate(zip(buckets, schemas, strict=True), start=2):
        aggs.append({"id": str(number), "enabled": True, "type": agg, "schema": schema, "params": params})
    attributes = {
        "title": f"Mail Trace: {title}",
        "description": "",
        "version": 1,
        "visState": _text({"title": title, "type": kind, "aggs": aggs, "params": {"type": kind}}),
        "uiStateJSON": "{}",
        "kibanaSavedObjectMeta": {"searchSourceJSON": source},
    }
    return _object("visualization", f"mailtrace-{id_}", attributes, references)


def _dashboard() -> Json:
    """All charts, and the search for what was not delivered below them."""
    panels: list[Json] = []
    references: list[Json] = []
    for number, (id_, *_) in enumerate(PANELS):
        wide = number == 0
        at = {
            "x": 0 if wide else 16 * ((number - 1) % 3),
            "y": 0 if wide else 14 + 14 * ((number - 1) // 3),
            "w": 48 if wide else 16,
            "h": 14,
        }
        panels.append(_panel(number, "visualization", at))
        references.append({"id": f"mailtrace-{id_}", "name": f"panel_{number}", "type": "visualization"})
    last = len(PANELS)
    panels.append(_panel(last, "search", {"x": 0, "y": 14 * (2 + (last - 2) // 3), "w": 48, "h": 18}))
    references.append({"id": "mailtrace-refused", "name": f"panel_{last}", "type": "search"})
    attributes = {
        "title": "Mail Trace",
        "description": "What happens to the mail",
        "panelsJSON": _text(panels),
        "optionsJSON": _text({"useMargins": True, "hidePanelTitles": False}),
        "version": 1,
        "timeRestore": True,
        "timeFrom": _LAST_WEEK["from"],
        "timeTo": _LAST_WEEK["to"],
        "refreshInterval": {"pause": True, "value": 60_000},
        "kibanaSavedObjectMeta": {"searchSourceJSON": _text({"query": {"language": "kuery", "query": ""}, "filter": []})},
    }
    return _object("dashboard", "mailtrace", attributes, references)


def _panel(number: int, kind: str, at: Json) -> Json:
    """Where an object stands on the dashboard."""
    return {
        "panelIndex": str(number),
        "type": kind,
        "gridData": {**at, "i": str(number)},
        "embeddableConfig": {},
        "panelRefName": f"panel_{number}",
    }


if __name__ == "__main__":
    Path(str(resources.files("mappings.kibana") / FILE)).write_text(ndjson(), encoding="utf-8")
