"""What is asked for without being a criterion is an error at once, and never answered with everything."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from generate import traces

from ingest.sinks.embedded import EmbeddedSink
from mappings.elasticsearch.connection import Access
from search.engines import Engine
from search.engines.elasticsearch import ElasticsearchEngine
from search.engines.embedded import EmbeddedEngine
from search.query import Query
from search.scope import EVERYTHING, Scope

ROOT = Path(__file__).resolve().parents[2]


class Asked(Query, frozen=True, kw_only=True, omit_defaults=True):
    """A question with one more criterion."""

    subject: tuple[str, ...] = ()


@pytest.mark.parametrize("module", ["search.engines.embedded", "search.engines.elasticsearch"])
def test_a_field_that_is_added_to_the_question_alone_is_an_error_at_import(module: str, tmp_path: Path) -> None:
    """A copy of the program whose `Query` has one more field does not start, and says what it lacks."""
    shutil.copytree(ROOT / "search", tmp_path / "search")
    file = tmp_path / "search" / "query.py"
    text = file.read_text(encoding="utf-8")
    beside = "    reason: tuple[str, ...] = ()\n"
    assert text.count(beside) == 1
    file.write_text(text.replace(beside, f"{beside}    subject: tuple[str, ...] = ()\n"), encoding="utf-8")
    program = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]; import {module}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert "subject of Query is no criterion: who asks for it would get everything." in done.stderr


@pytest.mark.parametrize("scope", [EVERYTHING, Scope(frozenset({"example.net"}))], ids=["everything", "scoped"])
@pytest.mark.parametrize("kind", ["embedded", "elasticsearch"])
def test_a_question_of_another_kind_is_refused(kind: str, scope: Scope, tmp_path: Path) -> None:
    """Each way of asking with a criterion that the engine does not know raises, before anything is asked of the store."""
    with closing(EmbeddedSink(tmp_path)) as sink:
        sink.submit(traces(1, 5))
        sink.flush()
    engine: Engine = EmbeddedEngine(tmp_path) if kind == "embedded" else ElasticsearchEngine(Access(("http://127.0.0.1:9",)))
    asked = Asked(subject=("invoice",))
    ways: list[Callable[[], object]] = [
        lambda: engine.search(asked, scope, limit=1),
        lambda: list(engine.walk(asked, scope)),
        lambda: engine.count(asked, scope),
        lambda: engine.over_time(asked, scope, [0, 1 << 47]),
        lambda: engine.by_domain(asked, scope, "recipient"),
    ]
    for way in ways:
        with pytest.raises(TypeError, match="subject of Asked is no criterion"):
            way()
    engine.close()
