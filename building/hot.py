"""The hot modules: what a line passes on its way into the store, and what is worth compiling therefore. They are listed here alone.

`MAILTRACE_COMPILED=1 pip install .` compiles them with mypyc, as one group, for calls among them are what becomes faster. The source stays
as it is, and so do the documents (docs/decisions/0028-compiled.md). `tests/test_compiled.py` refuses what cannot be compiled.
"""

from __future__ import annotations

from pathlib import Path

#: Folders, of which every module is meant, and modules.
HOT = (
    "ingest/formats",
    "ingest/framing",
    "ingest/intake.py",
    "ingest/journeys.py",
    "ingest/joining",
    "ingest/memory",
    "ingest/mending.py",
    "ingest/queue_ids.py",
    "ingest/records.py",
    "ingest/sinks/embedded.py",
    "ingest/sinks/embedded_file.py",
    "ingest/sinks/embedded_files.py",
    "ingest/sinks/embedded_summaries.py",
    "ingest/source.py",
    "ingest/sources.py",
    "ingest/strange.py",
    "ingest/tail/cutter.py",
    "ingest/telling",
    "ingest/unwrapping",
    "ingest/writer.py",
    "mappings/address.py",
    "mappings/codes/reason.py",
    "mappings/codes/reply.py",
    "mappings/codes/stage.py",
    "mappings/embedded/columns.py",
    "mappings/embedded/terms.py",
    "mappings/identity.py",
    "mappings/keys.py",
    "mappings/patterns.py",
    "mappings/printable.py",
    "mappings/reply_shape.py",
    "mappings/wire/writing.py",
)
_STRUCTS = "defines Structs, which msgspec makes anew as Python classes"
#: Of these what is left as it is, and why.
LEFT_OUT = {
    "ingest/formats/__init__.py": "the registry is asked once for each tag",
    "ingest/formats/amavis/report.py": _STRUCTS,
    "ingest/formats/rspamd/__init__.py": _STRUCTS,
    "ingest/formats/rspamd/frame.py": _STRUCTS,
    "ingest/framing/journald.py": _STRUCTS,
    "ingest/framing/line.py": _STRUCTS,
    "ingest/joining/links.py": _STRUCTS,
    "ingest/joining/message.py": _STRUCTS,
    "ingest/joining/way.py": _STRUCTS,
    "ingest/memory/arriving.py": _STRUCTS,
    "ingest/telling/draft.py": _STRUCTS,
    "ingest/telling/outcome.py": _STRUCTS,
    "ingest/telling/recipient.py": _STRUCTS,
}


def hot_modules(root: Path) -> list[str]:
    """The files to compile, as paths below the root of the checkout."""
    found: list[str] = []
    for name in HOT:
        path = root / name
        found += [name] if path.suffix else sorted(one.relative_to(root).as_posix() for one in path.rglob("*.py"))
    return [name for name in found if name not in LEFT_OUT]
