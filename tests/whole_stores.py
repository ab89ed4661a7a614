"""`python -m whole_stores FOLDER`: all that comes of the captures, a file for each of their log forms, so that two builds can be compared.

A file has each trace as it is searched, each document as it is stored, and each report; the time of writing alone is left out.
"""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from captures import FORMS, Form
from stores import Embedded
from truth.check import ask

from mailtrace import MailTrace
from mailtrace.build import build_in_words
from search.query import Query
from search.scope import EVERYTHING


def lines_of(form: Form, folder: Path) -> list[bytes]:
    """Read a form in a folder, and get all that is there."""
    lines = [msgspec.json.encode(one) for one in ask(form, folder, form.zone.key)]
    with closing(Embedded(folder / "data" / "store").engine()) as engine:
        mail = MailTrace(engine)
        for found in list(engine.walk(Query(), EVERYTHING)):
            trace = engine.get(found.id, EVERYTHING)
            assert trace is not None
            trace.ingested_ms = 0
            lines += [msgspec.json.encode(trace), msgspec.json.encode(mail.report(trace.id))]
    return [line.replace(str(folder).encode(), b"") for line in lines]


def main(target: Path) -> int:
    """Write the files; what was read, and by which build, is said."""
    target.mkdir(parents=True, exist_ok=True)
    print(build_in_words(), flush=True)
    count = 0
    for form in FORMS:
        with TemporaryDirectory() as folder:
            lines = lines_of(form, Path(folder))
        (target / f"{form}.jsonl").write_bytes(b"\n".join(lines) + b"\n")
        count += len(lines)
    print(f"{len(FORMS)} forms, {count:,} answers, documents and reports", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
