"""The bars of a chart and the rows of its table as they stand in a page, written without templates: each has links for every outcome."""

from __future__ import annotations

from html import escape

from markupsafe import Markup

from search.http.pages.chart import HEIGHT, Chart, ChartRow
from search.http.pages.page_request import PageRequest


def written_bars(page: PageRequest, chart: Chart) -> Markup:
    """The bars, each a link to its time that tells its counts; parts of a bar are in pixels from above."""
    list_at, width = escape(f"{page.base}/trace?"), round(90 / len(chart.rows), 3)
    parts: list[str] = []
    for row, at, segments in chart.bars:
        link = f' href="{list_at}{escape(row.address)}"' if row.address else ""
        parts.append(
            f'<a{link} tabindex="-1" data-since="{row.since}" data-until="{row.until}"><title>{escape(row.words)}</title>'
            f'<rect class="bar" x="{at}%" y="0" width="{width}%" height="{HEIGHT}"/>'
        )
        parts += [f'<rect class="fill-{one.tone}" x="{at}%" y="{one.top}" width="{width}%" height="{one.height}"/>' for one in segments]
        parts.append("</a>\n")
    return Markup("".join(parts))  # noqa: S704 - of what is escaped


def written_counts(page: PageRequest, chart: Chart) -> Markup:
    """The rows of the table, each number a link to what it counts."""
    list_at = escape(f"{page.base}/trace?")
    return Markup("".join([_counts_of(row, list_at) for row in chart.rows]))  # noqa: S704 - of what is escaped


def _counts_of(row: ChartRow, list_at: str) -> str:
    """One row of the table."""
    moment = row.begin
    time = f'<time datetime="{moment.iso}" title="{moment.title}">{escape(moment.short)}</time>'
    head = f'<a href="{list_at}{escape(row.address)}">{time}</a>' if row.address else time
    cells = [
        f'<td class="num"><a href="{list_at}{escape(cell.address)}">{escape(row.book.number(cell.count))}</a></td>'
        if cell.count
        else '<td class="num"><span class="muted">0</span></td>'
        for cell in row.cells
    ]
    return f'<tr><th scope="row">{head}</th>{"".join(cells)}</tr>\n'
