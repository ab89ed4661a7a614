"""The templates, compiled for one language of one site: what is the same on every page (phrases, drawings, links) is written into them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import jinja2
from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from mappings.locales import Books
from search.http.pages import hostile
from search.http.pages.chart_markup import written_bars, written_counts
from search.http.pages.row_markup import written_rows
from search.http.pages.saying import asset, icon, saying
from search.http.pages.select_markup import written_select
from search.http.pages.words import GROUPS, sentence_case

_FOLDER: Final = Path(__file__).resolve().parent.parent / "templates"


@lru_cache(maxsize=32)
def environment(books: Books, lang: str, base: str) -> jinja2.Environment:
    """The templates of a site in a language. Everything is escaped; what does not exist is an error."""
    made = _Compiled(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # They do not change while the program runs. To look lets go of the interpreter, a dozen times a page: others take it.
        auto_reload=False,
    )
    made.known = {
        "say": saying(books, lang),
        "page.icon": lambda name, kind="": icon(base, name, kind),
        "page.asset": lambda name: asset(base, name),
    }
    made.base = base
    made.filters["shown"] = hostile.shown
    made.filters["left_out"] = hostile.left_out
    made.filters["plain"] = hostile.plain
    made.filters["number"] = books[lang].number
    made.filters["sentence_case"] = sentence_case
    made.globals["groups"] = GROUPS
    made.globals |= {one.__name__: one for one in (written_rows, written_bars, written_counts, written_select)}
    made.globals["LONGEST"], made.globals["IN_LIST"] = hostile.LONGEST, hostile.LONGEST_IN_LIST
    return made


class _Compiled(jinja2.Environment):
    """Works out once what a page always says in the same way."""

    #: What the calls give that are worked out, by what a template calls; and `page.base`.
    known: Mapping[str, Callable[..., str]]
    base: str

    def compile(self, source: Any, name: str | None = None, filename: str | None = None, *given: Any, **options: Any) -> Any:
        """The template as Python's code."""
        tree = self.parse(source, name, filename) if isinstance(source, str) else source
        return super().compile(_Written(self).visit(tree), name, filename, *given, **options)


class _Written(NodeTransformer):
    """Puts what is always the same in the place of what asks for it."""

    def __init__(self, environment: _Compiled) -> None:
        self._environment = environment

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - it is called by this name
        """A phrase without values, a drawing, a file."""
        found = self._environment.known.get(_asked(node.node))
        given = [one.value for one in node.args if isinstance(one, nodes.Const)]
        if found is None or len(given) < len(node.args) or node.kwargs or node.dyn_args or node.dyn_kwargs:
            return self.generic_visit(node)
        return nodes.Const(found(*given), lineno=node.lineno)

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:  # noqa: N802
        """Where everything of the site lies."""
        known = _asked(node) == "page.base"
        return nodes.Const(self._environment.base, lineno=node.lineno) if known else self.generic_visit(node)


def _asked(node: nodes.Node) -> str:
    """What a template asks for: `say`, `page.base`; empty where it is something else."""
    match node:
        case nodes.Name(name=name):
            return str(name)
        case nodes.Getattr(node=nodes.Name(name="page"), attr=attr):
            return f"page.{attr}"
    return ""
