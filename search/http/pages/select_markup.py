"""Lists to choose from as they stand in a page: they are the same on nearly every one, so each is written once."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from markupsafe import Markup

from search.http.pages.form import Choice
from search.http.pages.hostile import plain
from search.http.pages.page_request import PageRequest

#: So many characters of an entry are shown.
_LONGEST: Final = 200
_SELECTED: Final = Markup(" selected")


def written_select(page: PageRequest, name: str, choices: Iterable[Choice]) -> Markup:
    """A list that a form sends under this name."""
    return _select(name, tuple((choice.value, choice.label, choice.chosen) for choice in choices), page.icon("chevron-down"))


@lru_cache(maxsize=512)
def _select(name: str, choices: tuple[tuple[str, str, bool], ...], arrow: Markup) -> Markup:
    """The same, remembered."""
    options = [
        Markup('<option value="{}"{}>{}</option>\n').format(value, _SELECTED if chosen else "", plain(label, longest=_LONGEST))
        for value, label, chosen in choices
    ]
    begin = Markup('<span class="select"><select name="{}" id="f-{}">\n').format(name, name)
    return begin + Markup("").join(options) + Markup("</select>") + arrow + Markup("</span>")
