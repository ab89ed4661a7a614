"""What a page says in a language, and what it draws: made once for each language of a site."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from markupsafe import Markup, escape

from mappings.locales import Books, pieces_of
from search.http.pages import assets

_NOTHING: Final = Markup("")
#: Says a phrase, with its places filled.
Say = Callable[..., Markup]


@lru_cache(maxsize=256)
def icon(base: str, name: str, kind: str = "") -> Markup:
    """A drawing beside words; `kind` is a class of the style."""
    return Markup('<svg class="icon{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>').format(
        f" {kind}" if kind else "", asset(base, "icons.svg"), name
    )


def asset(base: str, name: str) -> str:
    """Where a file lies."""
    return base + assets.path_of(name)


@lru_cache(maxsize=32)
def saying(books: Books, lang: str) -> Say:
    """What says phrases in a language. Those without values, and the pieces of others, are escaped once: a list says hundreds."""
    book = books[lang]
    plain: dict[str, Markup] = {}
    pieces: dict[str, tuple[Markup, ...]] = {}

    def say(phrase: str, /, **values: str | float) -> Markup:
        if not values:
            found = plain.get(phrase)
            if found is None:
                found = plain[phrase] = escape(book.phrase(phrase))
            return found
        count = values.get("count")
        text = book.phrase(phrase, None if isinstance(count, str) else count)
        parts = pieces.get(text)
        if parts is None:
            parts = pieces[text] = tuple(map(escape, pieces_of(text)))
        return _NOTHING.join([book.shown(values[one]) if at % 2 else one for at, one in enumerate(parts)])

    return say
