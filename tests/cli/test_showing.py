"""What is shown in a terminal: safe text, columns that fit, words that say what is meant."""

from __future__ import annotations

import io
import json

import pytest
from cli_samples import some_traces, trace
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from ingest.summary import Summary
from mailtrace.amounts import counted, shown_bytes
from mailtrace.problems import WrongUsage, of_os_error
from mailtrace.show.differing import DIFFERING_COLUMNS, differing_rows, show_differing
from mailtrace.show.layout import GAP, Column, cut, fit
from mailtrace.show.progress import ReadingBar
from mailtrace.show.report import headline
from mailtrace.show.screen import Screen
from mailtrace.show.summary import show_summary
from mailtrace.show.table import show_traces, total_line
from mailtrace.zones import named, shown_time, system_zone
from mappings.vocabulary import Disposition, Reason, Verdict
from search.answers import trace_answer
from search.differing import Differences, DifferingValue
from search.engines import Total
from search.rows import write_jsonl
from search.safe import csv_cell, printable_json, safe


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@given(st.text())
def test_nothing_that_a_terminal_obeys_gets_through(text: str) -> None:
    """Safe text is one line of printable characters, and what is printable already stays as it is."""
    shown = safe(text)
    assert all(character.isprintable() or character in "\u00a0\u3000" or character.isspace() for character in shown)
    assert not set(shown) & set("\x1b\r\n\t\x07\x9b\u2028\u202e\u200b\u2066")
    assert shown == text or not text.isprintable()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("Grüße 你好", "Grüße 你好"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\u202eb", "a\\u202eb"),
        ("a\udcffb", "a\\xffb"),
        ("a\U000e0001b", "a\\U000e0001b"),
        ("a\nb\tc", "a\\x0ab\\x09c"),
    ],
)
def test_what_is_not_shown_is_written_as_an_escape(text: str, shown: str) -> None:
    """Escapes say which character was there."""
    assert safe(text) == shown


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1"])
def test_a_formula_is_no_formula_in_csv(text: str) -> None:
    """A cell that a spreadsheet would compute gets a quote in front."""
    assert csv_cell(text) == "'" + text


@pytest.mark.parametrize("text", ["", "ann@example.org", "1+1", "a=b"])
def test_other_cells_stay_as_they_are(text: str) -> None:
    """Only the beginning of a cell makes a formula."""
    assert csv_cell(text) == text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_lines_are_one_line_of_the_same_value(text: str) -> None:
    """Escaping for the terminal changes no value, and never breaks a line."""
    shown = printable_json(json.dumps({"x": text}, ensure_ascii=False).encode())
    assert json.loads(shown) == {"x": text}
    assert shown.isprintable()


@given(st.lists(st.tuples(st.text("ab你", max_size=40), st.text("xy", max_size=40)), max_size=5), st.integers(20, 120))
def test_a_table_fits(rows: list[tuple[str, str]], width: int) -> None:
    """No line is wider than the terminal as long as the least widths fit, and all lines are of one width."""
    table = fit([Column("First", 6), Column("Second", 6)], rows, width)
    widths = {sum(map(cell_len, row)) + len(GAP) for row in table}
    assert len(widths) == 1
    assert widths.pop() <= max(width, 14)


def test_a_cut_text_says_so() -> None:
    """A text that is cut ends with an ellipsis; wide characters count twice."""
    assert cut("abcdef", 4) == "abc…"
    assert cell_len(cut("你好你好", 5)) <= 5
    assert cut("abc", 3) == "abc"


def test_colours_are_for_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe gets no colours, a terminal does, and NO_COLOR takes them away."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    pipe, terminal, plain = io.StringIO(), Terminal(), Terminal()
    answers = [trace_answer(one) for one in some_traces()]
    show_traces(Screen(pipe), answers, named("UTC"))
    show_traces(Screen(terminal), answers, named("UTC"))
    monkeypatch.setenv("NO_COLOR", "1")
    show_traces(Screen(plain), answers, named("UTC"))
    assert "\x1b[" not in pipe.getvalue()
    assert "\x1b[32m" in terminal.getvalue()
    assert "\x1b[32m" not in plain.getvalue()


def test_the_bar_is_for_terminals_only() -> None:
    """Progress writes nothing where nobody watches, and lines a second where somebody does."""
    pipe, terminal = io.StringIO(), Terminal()
    for stream in (pipe, terminal):
        with ReadingBar(stream) as bar:
            bar.update(50, 100, 1000, 12)
    assert pipe.getvalue() == ""
    assert "lines/s" in terminal.getvalue()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Clean: delivered"),
        ({"verdict": Verdict.NOT_SCANNED}, "Delivered"),
        ({"verdict": Verdict.SPAM}, "Delivered: the filter found spam"),
        ({"disposition": Disposition.QUARANTINED, "reason": Reason.SPAM}, "Quarantined: spam"),
        ({"disposition": Disposition.IN_PROGRESS, "verdict": Verdict.NOT_SCANNED}, "In progress"),
        (
            {"disposition": Disposition.REJECTED, "reason": Reason.RECIPIENT_UNKNOWN, "verdict": Verdict.NOT_SCANNED},
            "Rejected: recipient unknown",
        ),
    ],
)
def test_the_headline_says_what_became_of_it(changes: dict[str, object], said: str) -> None:
    """The first line of a report is the answer in a few words."""
    assert headline(trace_answer(trace(0, **changes))) == said


@pytest.mark.parametrize(
    ("shown", "total", "said"),
    [
        (1, Total(1), "1 trace."),
        (4, Total(4), "4 traces."),
        (50, Total(1204), "50 of 1,204 traces."),
        (50, Total(10_000, "gte"), "50 of 10,000 traces or more (--count counts them)."),
    ],
)
def test_the_total_is_never_silent(shown: int, total: Total, said: str) -> None:
    """A list that was cut says how many there are."""
    assert total_line(shown, total) == said


def test_a_run_says_what_it_left_out() -> None:
    """Lines that nobody understood, and what was not stored, are counted at the end of a run."""
    out = io.StringIO()
    summary = Summary(files=2, lines=1234, traces=1, warnings=["x: the last line is left."])
    summary.unknown.update({"smtpd": 3, "cleanup": 7})
    summary.foreign.update({f"program{number}": 1 for number in range(10)})
    summary.ahead = 1
    show_summary(Screen(out), summary, refused=2, too_old=1)
    assert out.getvalue().splitlines() == [
        "Note: x: the last line is left.",
        "Unknown lines: cleanup 7, smtpd 3.",
        f"Lines of other programs, not read: {', '.join(f'program{number} 1' for number in range(8))}, 2 more.",
        "1 line of the future: stamped more than an hour ahead of this machine's clock.",
        "2 traces could not be stored; `mailtrace deadletters list` shows them.",
        "1 trace not stored: older than what retention has deleted.",
        "Read 2 files, 1,234 lines; wrote 1 trace.",
    ]


def test_the_zone_is_that_of_the_environment_or_the_system(tmp_path: pytest.TempPathFactory) -> None:
    """TZ wins, then what /etc/localtime points to, else UTC; a wrong TZ is named."""
    from pathlib import Path

    link = Path(str(tmp_path)) / "localtime"
    link.symlink_to("/usr/share/zoneinfo/Europe/Berlin")
    assert system_zone({"TZ": "America/New_York"}, link) == "America/New_York"
    assert system_zone({"TZ": ":UTC"}, link) == "UTC"
    assert system_zone({}, link) == "Europe/Berlin"
    assert system_zone({}, Path("/nonexistent")) == "UTC"
    with pytest.raises(WrongUsage, match="TZ in the environment"):
        system_zone({"TZ": "Mars/Olympus"}, link)


def test_times_are_shown_in_their_zone() -> None:
    """An RFC 3339 time is shown in the local zone, with milliseconds where the log has them."""
    assert shown_time("2026-11-24T03:22:10.123Z", named("Europe/Berlin")) == "2026-11-24 04:22:10"
    assert shown_time("2026-11-24T03:22:10.123Z", named("UTC"), fine=True) == "2026-11-24 03:22:10.123"
    assert shown_time("9999-12-31T23:59:59.999Z", named("Asia/Tokyo")).startswith("9999-12-31")


def test_small_words() -> None:
    """Numbers come with their noun, sizes with a unit, errors of the system with their file."""
    assert counted(1, "trace") == "1 trace"
    assert counted(1204, "trace") == "1,204 traces"
    assert [shown_bytes(560), shown_bytes(1_400_000)] == ["560 bytes", "1.4 MB"]
    assert of_os_error(FileNotFoundError(2, "No such file or directory", "/x")) == "/x: No such file or directory"


def test_json_lines_are_written_one_by_one() -> None:
    """Each trace is one line, written before the next is asked for."""
    out = io.StringIO()
    seen: list[int] = []

    def some() -> object:
        for one in some_traces():
            yield trace_answer(one)
            seen.append(out.getvalue().count("\n"))

    write_jsonl(some(), out)  # type: ignore[arg-type]
    assert seen == [1, 2, 3, 4]


def test_what_differs_is_a_table_and_rows() -> None:
    """The most telling first, with how many of the search and of all else have it; the rows are those of the CSV."""
    value = DifferingValue(
        by="relay",
        value="mx.example.net",
        count=3,
        elsewhere=1,
        share=0.3,
        share_elsewhere=0.01,
        score=9.5,
        query='relay: "mx.example.net"',
    )
    out = io.StringIO()
    show_differing(Screen(out), Differences(total=10, elsewhere=100, values=[value]))
    assert out.getvalue().splitlines()[1].split() == ["relay", "mx.example.net", "3", "30.0%", "1", "1.0%"]
    assert "10 traces, compared with 100 others." in out.getvalue()
    show_differing(Screen(out), Differences(total=10, elsewhere=0, values=[]))
    assert "Nothing differs." in out.getvalue()
    assert differing_rows(Differences(total=10, elsewhere=100, values=[value])) == [
        ["relay", "mx.example.net", 3, 0.3, 1, 0.01, 9.5, 'relay: "mx.example.net"']
    ]
    assert len(DIFFERING_COLUMNS) == 8
