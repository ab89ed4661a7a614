"""The rows of a list as they stand in a page, written without templates: a list has hundreds of values, each with its links.

What is the same in all rows is written once. Whatever is put in is `Markup`, or is escaped here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Final

from markupsafe import Markup

from search.http.pages.columns import ListColumn
from search.http.pages.hostile import LONGEST_IN_LIST, plain, shown
from search.http.pages.page_request import PageRequest
from search.http.pages.question import Question
from search.http.pages.rows import CellValue, RowCell, TraceRow
from search.http.pages.saying import Say
from search.http.pages.words import Badge

#: Who is not known is said to be so.
_PEOPLE: Final = frozenset({"client", "sender", "recipient"})
#: Stands where the value of a phrase will be.
_PLACE: Final = "\x00"
#: So many characters of a value are read out.
_READ_OUT: Final = 200


def written_rows(page: PageRequest, rows: Sequence[TraceRow], question: Question | None) -> Markup:
    """Rows that have the same columns; `question` is what links of values narrow, None where they begin a search."""
    if not rows:
        return Markup("")
    writer = RowWriter(page, [cell.column for cell in rows[0].cells], question)
    return Markup("".join(map(writer.row, rows)))  # noqa: S704 - of what is escaped


def around(say: Say, phrase: str) -> tuple[str, str]:
    """What stands before and behind the value of a phrase that has one, named `value`."""
    before, _, behind = say(phrase, value=_PLACE).partition(_PLACE)
    return before, behind


class RowWriter:
    """Writes the rows of one list."""

    def __init__(self, page: PageRequest, columns: Sequence[ListColumn], question: Question | None) -> None:
        self._say, self._base = page.say, escape(page.base)
        self._icon: Callable[[str], Markup] = page.icon
        asked = question.address() if question is not None else ""
        self._narrow = escape(f"{page.base}/trace?{asked}&" if asked else f"{page.base}/trace?")
        self._go = f'<td class="go"><a class="arrow" href="{self._base}/trace/'
        report = escape(page.reported(asked)) if asked else ""
        self._report, self._arrow = f'{report}" aria-label="', f'">{page.icon("arrow-right")}</a></td>\n</tr>\n'
        self._only, self._not = around(page.say, "Only {value}"), around(page.say, "Not {value}")
        self._heads = [f'<td class="{one.width} c-{one.name}" data-l="{page.say(one.label)}">' for one in columns]
        self._chips: dict[str, str] = {}

    def row(self, row: TraceRow) -> str:
        """One row."""
        parts = [f'<tr data-id="{escape(row.id)}">\n']
        for head, cell in zip(self._heads, row.cells, strict=True):
            parts += (head, self._cell(cell, row))
            if cell.note or cell.detail:
                detail = shown(cell.detail, breaking=True, longest=LONGEST_IN_LIST) if cell.detail else ""
                parts.append(f'<span class="second">{escape(cell.note)}{detail}</span>')
            parts.append("</td>\n")
        parts += (self._go, escape(row.id), self._report, escape(row.label), self._arrow)
        return "".join(parts)

    def _cell(self, cell: RowCell, row: TraceRow) -> str:
        """What stands in a cell."""
        name, moment = cell.column.name, cell.moment
        if moment is not None:
            begin = f'<time datetime="{moment.iso}" title="{moment.title}">{escape(moment.day)}'
            return f'{begin} <span class="time">{moment.time}</span></time>'
        if not cell.values:
            return f'<span class="muted">{self._say("not known")}</span>' if name in _PEOPLE else ""
        if name == "code" and row.code is not None:
            return self._of_code(cell.values[0], row)
        found = " ".join([self._value(name, value, row.word) for value in cell.values])
        return f'{found} <span class="second">{self._say("and {number} more", number=cell.more)}</span>' if cell.more else found

    def _value(self, name: str, value: CellValue, word: Badge) -> str:
        """One value, with what leads to the messages that have it, and to those that do not."""
        text, link = value.text, value.link
        if name == "disposition":
            said = self._chip(word)
        elif name == "sender" and not text:
            said = f'&lt;&gt;<span class="second">{self._say("null sender")}</span>'
        else:
            said = shown(text, breaking=True, longest=LONGEST_IN_LIST)
        if not link:
            return f'<span class="v">{said}</span>'
        before, behind = self._not
        named = escape(plain(text, longest=_READ_OUT) or "<>")
        only = f'<a class="v" href="{self._narrow}only={link}">{said}</a>'
        return f'{only}<a class="no" href="{self._narrow}not={link}" aria-label="{before}{named}{behind}"></a>'

    def _of_code(self, value: CellValue, row: TraceRow) -> str:
        """An error code, which leads to what it means."""
        assert row.code is not None  # noqa: S101 - whoever calls has looked
        text, links = escape(value.text), []
        for kind, name, (before, behind) in (("v", "only", self._only), ("no", "not", self._not)):
            links.append(f'<a class="{kind}" href="{self._narrow}{name}={value.link}" aria-label="{before}{text}{behind}"></a>')
        meaning = escape(plain(row.code.meaning))
        return f'<a class="mono" href="{self._base}/errors/{escape(row.code.address)}" title="{meaning}">{text}</a>{"".join(links)}'

    def _chip(self, word: Badge) -> str:
        """An outcome."""
        chip = self._chips.get(word.label)
        if chip is None:
            chip = self._chips[word.label] = f'<span class="chip tone-{word.tone}">{self._icon(word.icon)}{self._say(word.label)}</span>'
        return chip
