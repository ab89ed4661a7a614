"""The Kibana kit without Kibana: what is in it parses, refers to what is there, and asks for what the index has."""

from __future__ import annotations

from datetime import UTC
from importlib import resources
from typing import Any

import msgspec
import pytest

from mappings.elasticsearch.template import mappings
from mappings.fields import BY_WORD
from mappings.kibana import kit
from search.language import parse

_LINES = [msgspec.json.decode(line) for line in kit.ndjson().splitlines()]
_OBJECTS = _LINES[:-1]
_IDS = [one["id"] for one in _OBJECTS]
_STRINGS = (
    *("fieldFormatMap", "fieldAttrs", "sourceFilters", "fields", "runtimeFieldMap"),
    *("visState", "uiStateJSON", "panelsJSON", "optionsJSON"),
)


def _mapped(name: str) -> dict[str, Any] | None:
    """What the index has under this name; an alias leads on."""
    found: Any = mappings()
    for part in name.split("."):
        found = found.get("properties", {}).get(part)
        if found is None:
            return None
    return _mapped(found["path"]) if found.get("type") == "alias" else found


def _source(one: dict[str, Any]) -> dict[str, Any]:
    """What an object asks."""
    found: dict[str, Any] = msgspec.json.decode(one["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])
    return found


def test_the_checked_in_file_is_what_the_table_makes() -> None:
    """`python -m mappings.kibana.kit` was run after the last change."""
    assert (resources.files("mappings.kibana") / kit.FILE).read_text(encoding="utf-8") == kit.ndjson()


def test_the_last_line_counts_the_others() -> None:
    """As an export of Kibana ends."""
    assert _LINES[-1]["exportedCount"] == len(_OBJECTS) == len(set(zip(_IDS, (one["type"] for one in _OBJECTS), strict=True)))


@pytest.mark.parametrize("one", _OBJECTS, ids=[f"{one['type']}-{one['id']}" for one in _OBJECTS])
def test_an_object_is_whole(one: dict[str, Any]) -> None:
    """Strings of JSON parse, references lead to objects before it, and its fields are in the index."""
    attributes = one["attributes"]
    for name in _STRINGS:
        if name in attributes:
            msgspec.json.decode(attributes[name])
    before = _OBJECTS[: _OBJECTS.index(one)]
    assert all(any((other["id"], other["type"]) == (ref["id"], ref["type"]) for other in before) for ref in one["references"])
    named = {ref["name"] for ref in one["references"]}
    for column in attributes.get("columns", []):
        assert _mapped(column) is not None, column
    if "visState" in attributes:
        for agg in msgspec.json.decode(attributes["visState"])["aggs"][1:]:
            assert (_mapped(agg["params"]["field"]) or {})["type"] in ("keyword", "date", "ip", "long", "double", "boolean"), agg
    if "panelsJSON" in attributes:
        assert {panel["panelRefName"] for panel in msgspec.json.decode(attributes["panelsJSON"])} == named
    elif one["type"] != "index-pattern":
        assert _source(one)["indexRefName"] in named


@pytest.mark.parametrize("query", sorted({_source(one)["query"]["query"] for one in _OBJECTS if one["type"] != "index-pattern"}))
def test_a_query_is_one_of_ours_and_names_fields_of_the_index(query: str) -> None:
    """The same text means something here, and each name in it is a field or an alias there."""
    parse(query, now_ms=0, zone=UTC)
    for word in query.replace("(", " ").split():
        if word.endswith(":"):
            assert word[:-1] in BY_WORD
            assert _mapped(word[:-1]) is not None


def test_the_time_field_is_a_date() -> None:
    """Without it Kibana has no time range."""
    assert (_mapped(_OBJECTS[0]["attributes"]["timeFieldName"]) or {})["type"] == "date"
