"""The parts of the documentation that follow from the program: help texts, settings, columns, words.

`python -m mailtrace.cli.reference docs/*.md` writes them anew between their marks; a test finds a page that is behind.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args

import msgspec
from rich.console import Console

from mailtrace.cli.app import COMMANDS, command_line
from mailtrace.cli.man import man_page
from mailtrace.layers import VARIABLES
from mailtrace.metrics.table import TABLE
from mailtrace.settings import CustomerTable, Elasticsearch, Http, LogDomainTable, Settings, SourceTable
from mappings.vocabulary import Direction, Disposition, Reason, Verdict
from search.http import api, parameters
from search.http.problems import FLAWS, KINDS
from search.query import PARAMETERS, SENTENCES
from search.rows import CSV_COLUMNS, NAMED_COLUMNS

_BLOCK = re.compile(r"(<!-- begin (?P<name>[\w -]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_WIDTH = 100
#: The man page; an installation puts it where `man` looks.
MANUAL = Path(__file__).parents[1] / "mailtrace.1"
_WORDS: tuple[type[StrEnum], ...] = (Disposition, Verdict, Reason, Direction)
_STRUCTS: tuple[tuple[str, type[msgspec.Struct]], ...] = (
    ("settings", Settings),
    ("elasticsearch", Elasticsearch),
    ("http", Http),
    ("customer", CustomerTable),
    ("source", SourceTable),
    ("log_domain", LogDomainTable),
)


#: Tables that are there once, whose keys the environment can set.
_TABLE_OF: dict[type[msgspec.Struct], str] = {Elasticsearch: "elasticsearch", Http: "http"}


def filled(page: str) -> str:
    """A page with its generated parts written anew; an unknown name raises `KeyError`."""
    parts = blocks()
    return _BLOCK.sub(lambda match: f"{match[1]}{parts[match['name']]}\n{match[3]}", page)


def blocks() -> dict[str, str]:
    """Every generated part by its name."""
    parts = {"overview": _help()}
    parts |= {f"command {name}": _help(name) for name in COMMANDS}
    parts |= {f"table {name}": _settings(struct) for name, struct in _STRUCTS}
    for words in _WORDS:
        parts[f"words {words.__name__}"] = _table(("word", "meaning"), [(f"`{one.value}`", _sentence(one)) for one in words])
    parts["metrics"] = _table(
        ("metric", "kind", "labels", "meaning"),
        [(f"`{one.name}`", one.kind, ", ".join(f"`{label}`" for label in one.labels), one.sentence) for one in TABLE],
    )
    parts["columns"] = _table(("column", "holds"), [(f"`{name}`", sentence) for name, sentence in (CSV_COLUMNS | NAMED_COLUMNS).items()])
    parts["api calls"] = _table(("call", "gives"), [(f"`GET {path}`", summary) for path, summary in _calls()])
    parts["problems"] = _table(("type", "means"), [(f"`{kind}`", sentence) for kind, sentence in KINDS.items()])
    parts["flaws"] = _table(("code", "means"), [(f"`{kind}`", sentence) for kind, sentence in FLAWS.items()])
    parts["api parameters"] = _table(("parameter", "asks for"), [(f"`{name}`", sentence) for name, sentence in _parameters()])
    return parts


def _calls() -> list[tuple[str, str]]:
    """The paths of the API with what each gives."""
    handlers: list[tuple[str, Any]] = [
        (route.path, handler) for route in api.ROUTER.routes for handler in getattr(route, "route_handlers", ())
    ]
    return [
        (re.sub(r"\{(\w+):\w+\}", r"{\1}", path).replace("{trace_id}", "{id}"), f"{handler.summary}.")
        for path, handler in handlers
        if "GET" in handler.http_methods
    ]


def _parameters() -> list[tuple[str, str]]:
    """The parameters of a search: those of the question, and those of the answer."""
    others = {
        "tz": parameters.Zone,
        "limit": parameters.Limit,
        "cursor": parameters.Cursor,
        "count": parameters.Count,
        "fields": parameters.Fields,
    }
    questions = [(name, SENTENCES[name]) for name in (*PARAMETERS, "customer")]
    return questions + [(name, str(get_args(kind)[1].description)) for name, kind in others.items()]


def manual() -> str:
    """The man page as it is installed."""
    return man_page(COMMANDS, _help)


def _help(*command: str) -> str:
    """The help of a command, as a terminal of a fixed width shows it."""
    out = io.StringIO()
    command_line(command).help_print(
        list(command), console=Console(file=out, width=_WIDTH, force_terminal=False, no_color=True, highlight=False)
    )
    return "\n".join(["```text", *(line.rstrip() for line in out.getvalue().strip().splitlines()), "```"])


def _settings(struct: type[msgspec.Struct]) -> str:
    """The keys of a struct: name, what it may be, default, sentence, and the environment's name for it."""
    rows = []
    for field, told in zip(msgspec.structs.fields(struct), msgspec.inspect.type_info(struct).fields, strict=True):  # type: ignore[attr-defined]
        key = field.name if struct is Settings else f"{_TABLE_OF[struct]}.{field.name}" if struct in _TABLE_OF else ""
        variable = next((name for name, known in VARIABLES.items() if known == key), "")
        rows.append((f"`{field.name}`", _kind(told.type), _default(field), f"`{variable}`" if variable else "", _described(told.type)))
    named = struct is Settings or struct in _TABLE_OF
    wide = [row if named else (*row[:3], row[4]) for row in rows]
    titles = ("key", "is", "default", "environment", "meaning") if named else ("key", "is", "default", "meaning")
    return _table(titles, wide)


def _kind(kind: msgspec.inspect.Type) -> str:
    """What a value may be, in words."""
    if isinstance(kind, msgspec.inspect.Metadata):
        return _kind(kind.type)
    if isinstance(kind, msgspec.inspect.UnionType):
        return " or ".join(_kind(one) for one in kind.types if not isinstance(one, msgspec.inspect.NoneType))
    if isinstance(kind, msgspec.inspect.LiteralType):
        return " or ".join(f"`{value}`" for value in kind.values)
    if isinstance(kind, msgspec.inspect.VarTupleType):
        return "tables" if isinstance(_plain(kind.item_type), msgspec.inspect.StructType) else "list of texts"
    if isinstance(kind, msgspec.inspect.StructType):
        return "table"
    names = {msgspec.inspect.StrType: "text", msgspec.inspect.IntType: "number", msgspec.inspect.FloatType: "number"}
    return names.get(type(kind), "true or false")


def _plain(kind: msgspec.inspect.Type) -> msgspec.inspect.Type:
    """A type without what is said about it."""
    return _plain(kind.type) if isinstance(kind, msgspec.inspect.Metadata) else kind


def _described(kind: msgspec.inspect.Type) -> str:
    """The sentence of a setting; what `Optional` wraps has it inside."""
    inner = [kind, *(kind.types if isinstance(kind, msgspec.inspect.UnionType) else ())]
    for one in inner:
        if isinstance(one, msgspec.inspect.Metadata) and one.extra_json_schema:
            return str(one.extra_json_schema.get("description", ""))
    return ""


def _default(field: msgspec.structs.FieldInfo) -> str:
    """What holds where a key is not set."""
    if field.default is msgspec.NODEFAULT:
        return ""
    if field.default in (None, (), "") or isinstance(field.default, Elasticsearch | Http):
        return "none"
    if isinstance(field.default, tuple):
        return ", ".join(f"`{one}`" for one in field.default)
    if isinstance(field.default, bool):
        return f"`{str(field.default).lower()}`"
    return f"`{field.default:g}`" if isinstance(field.default, float) else f"`{field.default}`"


def _sentence(word: StrEnum) -> str:
    """The sentence that a word of the vocabulary carries."""
    return str(getattr(word, "sentence", ""))


def _table(titles: tuple[str, ...], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [titles, tuple("---" for _ in titles), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines)


if __name__ == "__main__":
    MANUAL.write_text(manual(), encoding="utf-8")
    for argument in sys.argv[1:]:
        file = Path(argument)
        before = file.read_text(encoding="utf-8")
        after = filled(before)
        if after != before:
            file.write_text(after, encoding="utf-8")
            print(f"wrote {file}")
