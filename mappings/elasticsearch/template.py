"""The index template, made from the table of fields; `python -m mappings.elasticsearch.template` writes the checked-in files.

Folded values are stored under the fields' names, so that equal means equal for every reader; what was written otherwise stands
beside them under `mailtrace.as_written` (see `document`). Only types that every distribution of Elasticsearch has are used.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from mappings.elasticsearch.names import IndexNames
from mappings.fields import BY_NAME, FIELDS, Field, Kind

#: Raised when the template changes, so that a store of an older release is brought up to date; and when documents have another form,
#: so that an older release says that it is too old for the store.
VERSION = 5
#: A keyword has at most 32,766 bytes in UTF-8; what is longer is stored, and not found by its text.
LONGEST = 8_191
SUPERSEDED = "mailtrace.superseded_by"
QUARANTINE_FORMS = "mailtrace.quarantine_forms"
AS_WRITTEN = "mailtrace.as_written"
#: The release of the Elastic Common Schema by whose names fields are called.
ECS_VERSION = "9.0.0"
#: How our own requests and documents write times.
OWN_TIME = "epoch_millis"
#: What ECS wants of every event, and what each says (https://www.elastic.co/guide/en/ecs/current/ecs-event.html).
CONSTANTS = (
    ("ecs.version", "keyword"),
    ("event.kind", "keyword"),
    ("event.category", "keyword"),
    ("event.type", "keyword"),
    ("event.dataset", "keyword"),
    ("event.outcome", "keyword"),
    ("event.duration", "long"),
)
#: What documents have since texts are whole in their field, with their words below it.
SINCE_WHOLE = "ecs.version"
#: Fields that gather others, each of the type that ECS gives it: to find one address or host wherever it stands, and a code that ECS has as
#: a word. They are indexed once more, and stored nowhere.
GATHERED = {
    "related.ip": ("client_ip", "relay_ip"),
    "related.hosts": ("client_name", "client_helo", "relay_host", "host"),
    "related.user": ("authenticated_as", "sender", "recipient"),
    "error.code": ("reply_code",),
}
#: Objects of ECS whose names are short words of ours.
ECS_OBJECTS = frozenset({"client", "error", "event", "file", "host", "rule", "tls", "url", "user"})
FILES = ("template.json", "lifecycle.json", "roles.json")
#: What a bare word in Kibana's query bar is looked for in.
_BARE_WORDS = (
    *("sender", "sender_domain", "recipient", "recipient_domain", "original_recipient", "header_from", "message_id", "queue_ids"),
    *("quarantine_id", "subject", "reply_text", "detail", "client_name", "client_helo", "client_ip", "relay_host", "relay_ip", "host"),
    *("authenticated_as", "reply_code", "enhanced_code", "symbols"),
)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """How an index is laid out: what the operator may set."""

    shards: int = 1
    #: None: one where there is a second node to hold it.
    replicas: int | None = None
    refresh: str = "1s"
    codec: str = "best_compression"
    #: True where a lifecycle policy of the server deletes old indices.
    lifecycle: bool = False


def template(names: IndexNames, shape: Shape) -> Json:
    """The composable index template."""
    body: Json = {
        "index_patterns": [names.every],
        # An index that retention dropped must not come back because a late document is written.
        "allow_auto_create": False,
        "priority": 500,
        "template": {
            "settings": settings(names, shape),
            "mappings": mappings(),
            "aliases": {names.alias: alias()},
        },
    }
    digest = hashlib.sha256(msgspec.json.encode(body, order="sorted")).hexdigest()[:16]
    body["_meta"] = {"made_by": "mailtrace", "version": VERSION, "digest": digest}
    return body


def alias() -> Json:
    """What the read alias shows: everything but superseded documents."""
    return {"filter": {"bool": {"must_not": {"exists": {"field": SUPERSEDED}}}}}


def settings(names: IndexNames, shape: Shape) -> Json:
    """The settings of an index."""
    index: Json = {
        "number_of_shards": shape.shards,
        "codec": shape.codec,
        "refresh_interval": shape.refresh,
        "query": {"default_field": [_asked_bare(field) for field in FIELDS if field.name in _BARE_WORDS]},
        # A word is no number where a code is asked for, and no error.
        "query_string": {"lenient": True},
    }
    if shape.replicas is None:
        index["auto_expand_replicas"] = "0-1"
    else:
        index["number_of_replicas"] = shape.replicas
    if shape.lifecycle:
        index["lifecycle"] = {"name": names.policy}
    return {"index": index}


def _asked_bare(field: Field) -> str:
    """Where a bare word is looked for in a field: what may be no whole value is text below it."""
    return f"{field.store}.text" if field.kind in (Kind.TEXT, Kind.IP) else field.store


def mappings() -> Json:
    """The mapping: every field of the table, its short names, and the two fields of this store alone."""
    properties: Json = {}
    for field in FIELDS:
        _put(properties, field.store, _mapping(field))
    _put(properties, QUARANTINE_FORMS, {"type": "keyword", "ignore_above": LONGEST})
    _put(properties, AS_WRITTEN, {"type": "object", "enabled": False})
    for name, kind in CONSTANTS:
        _put(properties, name, {"type": kind})
    for name, sources in GATHERED.items():
        _put(properties, name, {"type": "ip", "ignore_malformed": True} if name.endswith(".ip") else {"type": "keyword"})
        for source in sources:
            _at(properties, BY_NAME[source].store).setdefault("copy_to", []).append(name)
    for field in FIELDS:
        for alias in (*field.aliases, *field.ecs):
            # A short word that ECS has as an object would be in the way of other indices in one data view.
            if field.kind is not Kind.STORED and alias not in properties and alias not in ECS_OBJECTS and alias not in GATHERED:
                _put(properties, alias, {"type": "alias", "path": field.store})
    return {"dynamic": "strict", "properties": properties}


def _at(properties: Json, name: str) -> Json:
    """The mapping of a field."""
    *outer, last = name.split(".")
    for part in outer:
        properties = properties[part]["properties"]
    found: Json = properties[last]
    return found


def _put(properties: Json, name: str, mapping: Json) -> None:
    """Put a field with dots in its name into its place."""
    *outer, last = name.split(".")
    for part in outer:
        properties = properties.setdefault(part, {"properties": {}})["properties"]
    properties[last] = mapping


def _mapping(field: Field) -> Json:
    """The type of one field."""
    match field.kind:
        case Kind.ADDRESS | Kind.DOMAIN | Kind.FOLDED:
            # Values are folded by us; the normalizer folds what people type in Kibana.
            return {"type": "keyword", "normalizer": "lowercase", "ignore_above": LONGEST}
        case Kind.IP:
            # What is no address, and patterns, are compared as text.
            text = {"type": "keyword", "normalizer": "lowercase", "doc_values": False, "ignore_above": LONGEST}
            return {"type": "ip", "ignore_malformed": True, "fields": {"text": text}}
        case Kind.TIME:
            # A year that somebody asks for is a year; our own requests say that theirs are milliseconds.
            return {"type": "date", "format": f"strict_date_optional_time||{OWN_TIME}"}
        case Kind.INTEGER:
            return {"type": "long"}
        case Kind.FLOAT:
            return {"type": "double"}
        case Kind.FLAG:
            return {"type": "boolean"}
        case Kind.TEXT:
            # Whole it can be counted and sorted, its words are below it.
            return {"type": "keyword", "ignore_above": 512, "fields": {"text": {"type": "text", "norms": False}}}
        case Kind.STORED:
            return _stored(field)
        case Kind.WORD:
            # Closed words are asked for in any case.
            return {"type": "keyword", "normalizer": "lowercase", "ignore_above": LONGEST}
        case Kind.KEYWORD:
            return _keyword(field)


def _keyword(field: Field) -> Json:
    """An exact value."""
    if field.name == "id":
        # To sort by, which an indexed keyword makes dearer; it is found by `_id`.
        return {"type": "keyword", "index": False}
    if field.name == "keys":
        return {"type": "keyword", "doc_values": False}
    return {"type": "keyword", "ignore_above": LONGEST}


def additions(there: Json, wanted: Json) -> Json:
    """The properties that an index of an earlier release lacks: what it has stays as it is, for a type is never changed."""
    missing: Json = {}
    for name, mapping in wanted.items():
        if name not in there:
            missing[name] = mapping
        elif "properties" in mapping and "properties" in there[name]:
            below = additions(there[name]["properties"], mapping["properties"])
            if below:
                missing[name] = {"properties": below}
    return missing


def _stored(field: Field) -> Json:
    """What is given back and never searched."""
    if field.name in ("events", "related", "hops"):
        return {"type": "object", "enabled": False}
    return {"type": "long" if field.name == "version" else "keyword", "index": False, "doc_values": False}


def meta_index() -> Json:
    """The body of the index in which the store keeps its catalog, its writers and how far logs are read."""
    settings: Json = {"index": {"number_of_shards": 1, "auto_expand_replicas": "0-1", "refresh_interval": "1s"}}
    properties: Json = {"kind": {"type": "keyword"}, "body": {"type": "object", "enabled": False}}
    return {"settings": settings, "mappings": {"dynamic": "strict", "properties": properties}}


def meta_template(names: IndexNames) -> Json:
    """The template by which that index has its mapping too where a write makes it: it was lost while somebody writes."""
    return {"index_patterns": [names.meta], "priority": 500, "template": meta_index(), "_meta": {"made_by": "mailtrace"}}


def lifecycle(keep_seconds: int) -> Json:
    """The policy that deletes an index so long after the end of its range (which is its origination date)."""
    delete = {"min_age": f"{keep_seconds}s", "actions": {"delete": {}}}
    return {"policy": {"_meta": {"made_by": "mailtrace"}, "phases": {"hot": {"actions": {}}, "delete": delete}}}


def roles(names: IndexNames) -> Json:
    """Roles of least privilege: who ingests, who asks, who puts things in place, who drops what is old."""
    data, own = [names.alias, names.every], [names.meta]
    return {
        f"{names.prefix}_reader": {"cluster": [], "indices": [{"names": data + own, "privileges": ["read", "view_index_metadata"]}]},
        f"{names.prefix}_writer": {
            "cluster": ["monitor"],
            "indices": [
                {"names": [names.every], "privileges": ["create_index", "index", "read", "maintenance", "view_index_metadata"]},
                {"names": own, "privileges": ["index", "delete", "read", "maintenance", "view_index_metadata"]},
            ],
        },
        f"{names.prefix}_setup": {
            "cluster": ["monitor", "manage_index_templates", "manage_ilm"],
            "indices": [
                {"names": [names.alias, names.every, *own], "privileges": ["create_index", "manage", "read"]},
                {"names": own, "privileges": ["index"]},
            ],
        },
        f"{names.prefix}_retention": {
            "cluster": ["monitor"],
            "indices": [
                {"names": [names.every], "privileges": ["delete_index", "monitor", "view_index_metadata"]},
                {"names": own, "privileges": ["index", "read"]},
            ],
        },
    }


def files() -> dict[str, str]:
    """What is checked in, by the names of the files: everything with its defaults."""
    bodies = (template(IndexNames(), Shape()), lifecycle(90 * 86_400), roles(IndexNames()))
    texts = (msgspec.json.format(msgspec.json.encode(body), indent=2).decode() + "\n" for body in bodies)
    return dict(zip(FILES, texts, strict=True))


if __name__ == "__main__":
    for name, text in files().items():
        Path(str(resources.files("mappings.elasticsearch") / name)).write_text(text, encoding="utf-8")
