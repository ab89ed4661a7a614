"""The words of the pages, without a browser: questions and their addresses, sentences, times, hostile text, reports."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from reference import ReferenceStore

from mappings.codes import Move
from mappings.locales import book
from mappings.vocabulary import Direction, Disposition, Reason, Verdict
from search.access import Caller, Customer, Role
from search.engines import OverTime, StoreState, Total
from search.freshness import FreshnessAnswer, SourceState
from search.http.audit import Audit
from search.http.pages.account import local
from search.http.pages.chart import chart_of, edges
from search.http.pages.clock import Clock, zone_of
from search.http.pages.form import flaw_of, form_of, pills
from search.http.pages.freshness import ago, freshness_of
from search.http.pages.hostile import LONGEST, left_out, pieces, plain
from search.http.pages.journey import offset, product
from search.http.pages.nothing import offers
from search.http.pages.question import Items, Question, asked, by_of, folded, missing, range_of
from search.http.pages.report_view import size
from search.http.pages.rows import short_meaning
from search.http.pages.sentence import as_text, headline
from search.http.pages.words import DIRECTIONS, DISPOSITIONS, GROUPS, MOVES, REASONS, VERDICT_NAMES, VERDICTS, without_mover
from search.http.sessions import Sessions
from search.http.site import Site
from search.http.tokens import Tokens
from search.query import QueryError
from search.scope import EVERYTHING
from search.service import MailTrace
from search.standing import NotRead, ReadingState
from search.times import utc

ROOT = Path(__file__).resolve().parents[2]
NOW_MS = int(datetime(2026, 11, 24, 7, 15, tzinfo=UTC).timestamp() * 1000)
CLOCK = Clock(ZoneInfo("Europe/Berlin"), "Europe/Berlin", NOW_MS)
CALLER = Caller("north", Role.ADMIN, EVERYTHING, (Customer("Bakery", ("bakery.example",)),))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Give a site that answers no question."""
    tokens = Tokens(tmp_path / "tokens.json")
    sessions = Sessions(tmp_path / "key")
    audit = Audit(tmp_path / "audit")
    return Site(None, tokens, sessions, audit, CALLER.customers, zone="Europe/Berlin", clock=lambda: NOW_MS)  # type: ignore[arg-type]  # it is not asked


def question(site: Site, *items: tuple[str, str]) -> Question:
    """Give the question of these parameters."""
    return asked(folded(items, CLOCK, "Europe/Berlin"), site, CALLER, MailTrace(ReferenceStore()))


def test_every_word_of_the_vocabulary_has_words_on_the_pages() -> None:
    """No outcome, verdict, reason, direction or move is without words; each outcome is in exactly one group; labels are the words."""
    assert set(DISPOSITIONS) == set(Disposition)
    assert set(VERDICTS) == set(VERDICT_NAMES) == set(Verdict)
    assert set(REASONS) == set(Reason)
    assert set(DIRECTIONS) == set(Direction)
    assert set(MOVES) == set(Move)
    assert sorted(one for group in GROUPS for one in group.members) == sorted(Disposition)
    assert all(DISPOSITIONS[one].tone is group.tone for group in GROUPS for one in group.members)
    assert all(word.label.lower().replace(" ", "_") == one.value for one, word in DISPOSITIONS.items())
    assert without_mover(Move.NOBODY.sentence) == "It goes on by itself, or it is done."
    assert without_mover(Move.SENDER.sentence) == Move.SENDER.sentence


@pytest.mark.parametrize(
    ("code", "day", "number"),
    [("en", "24 Nov 2026, 08:15:00 CET", "1,234,567"), ("de", "24. Nov. 2026, 08:15:00 CET", "1.234.567")],
)
def test_days_and_numbers_are_written_as_a_language_does(code: str, day: str, number: str) -> None:
    """By its locale, in the reader's zone."""
    assert replace(CLOCK, book=book(code)).now.full == day
    assert book(code).number(1_234_567) == number


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ((("by", "recipient"), ("sender", "x"), ("recipient", " a@b.example "), ("range", "24h")), "recipient=a@b.example since=24h"),
        ((("by", "both"), ("sender", "x"), ("recipient", ""), ("range", "")), "sender=x"),
        (
            (("by", "quarantine_id"), ("quarantine_id", "q"), ("range", "custom"), ("since", "2026-11-24T05:00")),
            "quarantine_id=q since=2026-11-24T04:00:00Z",
        ),
        ((("by", "sender"), ("sender", "a, b;c"), ("range", "")), "sender=a sender=b sender=c"),
        ((("by", "sender"), ("sender", "Ann Lee <ann@b.example>"), ("range", "")), "sender=ann@b.example"),
        (
            (("by", "sender"), ("sender", '"a b"@c.example'), ("range", "7d"), ("since", "2026-11-24T05:00")),
            'sender="a b"@c.example since=7d',
        ),
        ((("since", "2026-11-24"), ("sender", "x")), "sender=x since=2026-11-23T23:00:00Z"),
        ((("since", "today"),), "since=today"),
    ],
)
def test_a_form_becomes_the_address_of_its_question(given: Items, kept: str) -> None:
    """What is empty, of another choice, or the form's own is left out; times and lists mean the same to everybody."""
    found = " ".join(f"{name}={value}" for name, value in folded(given, CLOCK, "Europe/Berlin"))
    assert found == kept
    again = folded(folded(given, CLOCK, "Europe/Berlin"), CLOCK, "Europe/Berlin")
    assert again == folded(given, CLOCK, "Europe/Berlin")


def test_today_of_another_zone_names_it() -> None:
    """A day is another one elsewhere, so the address says whose it is."""
    assert folded((("since", "today"),), CLOCK, "UTC") == (("since", "today"), ("tz", "Europe/Berlin"))


def test_a_form_without_anything_is_told(site: Site) -> None:
    """Nothing entered is told in words; a filter is something; an address without the form's own parameters is fine."""
    both: Items = (("by", "both"), ("sender", ""), ("recipient", ""), ("range", "24h"))
    assert missing(both, folded(both, CLOCK, "UTC")) == "Enter a sender, a recipient, or both"
    assert missing((*both, ("domain", "x.example")), folded((*both, ("domain", "x.example")), CLOCK, "UTC")) is None
    assert missing((("since", "24h"),), (("since", "24h"),)) is None
    with pytest.raises(QueryError, match="no such parameter"):
        question(site, ("recipent", "x"))
    with pytest.raises(QueryError, match="search by"):
        question(site, ("by", "colour"))
    with pytest.raises(QueryError, match="limit"):
        question(site, ("limit", "0"))


def test_the_form_shows_what_was_asked() -> None:
    """What is searched by, and the time range, follow from the address; what is wrong is told at its field."""
    assert by_of((("sender", "a"), ("recipient", "b"))) == "both"
    assert by_of((("address", "a"),)) == "address"
    assert by_of(()) == "recipient"
    assert [range_of(items) for items in ((), (("since", "7d"),), (("since", "7d"), ("until", "1d")))] == ["", "7d", "custom"]
    flaw = flaw_of(QueryError("the value is empty", field="code", hint="leave it out"), CLOCK.book)
    form = form_of((("code", "x"), ("verdict", "spam"), ("verdict", "virus")), CLOCK, ("A", "B"), flaw)
    assert flaw.words == "The value is empty. Leave it out"
    assert [one.flaw for one in form.texts if one.name == "code"] == [flaw.words]
    assert [choice.label for choice in form.lists[0].choices if choice.chosen] == ["Spam or Virus"]
    assert form_of((), CLOCK, (), fresh=True).focus == "recipient"


@pytest.mark.parametrize(
    ("items", "total", "words"),
    [
        ((("recipient", "a@b.example"), ("since", "24h")), Total(37), "37 messages to a@b.example in the last 24 hours"),
        ((("sender", "<>"),), Total(1), "1 message from the null sender <> in everything that is kept"),
        ((("sender", "x"), ("recipient", "y"), ("since", "today")), Total(0), "Nothing found from x to y today"),
        ((("domain", "b.example"), ("since", "30d")), Total(10_000, "gte"), "More than 10,000 messages of the domain b.example in the"),
        ((("address", "a"), ("address", "b"), ("address", "c")), Total(2), "2 messages from or to a, b or c in everything"),
        ((("address", "a"), ("since", "2026-11-24T04:00:00Z"), ("until", "2026-11-24T05:00:00Z")), Total(2), "between 24 Nov 05:00 and 24"),
        ((("customer", "bakery"), ("until", "2026-11-24T05:00:00Z")), Total(2), "of the customer bakery before 24 Nov 06:00 CET"),
    ],
)
def test_the_sentence_names_who_which_side_and_when(site: Site, items: Items, total: Total, words: str) -> None:
    """The sentence over a result repeats the question."""
    assert words in as_text(headline(question(site, *items), total, CLOCK))


def test_filters_are_pills_with_the_way_back(site: Site) -> None:
    """A group of outcomes has its own name; each pill has the address without it."""
    found = pills(
        question(site, ("recipient", "a"), *(("disposition", one) for one in ("bounced", "expired")), ("reason", "spam")),
        "recipient",
        CLOCK.book,
    )
    assert [(one.label, one.value, one.address) for one in found] == [
        ("Outcome", "Bounced or expired", "recipient=a&reason=spam"),
        ("Reason", "Spam", "recipient=a&disposition=bounced&disposition=expired"),
    ]


def test_hostile_text_is_drawn_not_obeyed() -> None:
    """Control and direction marks become their names, bytes their numbers, and what is long is cut and counted."""
    assert [(one.text, one.boxed) for one in pieces("a\u202eb\x00")] == [("a", False), ("U+202E", True), ("b", False), ("U+0000", True)]
    assert plain("x\udcffy\u2066") == "x[\\xff]y[U+2066]"
    assert "".join(one.text for one in pieces("anna.lee+x@b.example", breaking=True)) == "anna.lee+x@b.example"
    assert [one.text for one in pieces("a.b@c", breaking=True)] == ["a.", "b", "@c"]
    assert left_out("x" * (LONGEST + 5)) == 5
    assert plain("x" * 1_000_000, longest=10) == "xxxxxxxxxx… 999,990 more characters"
    assert not plain("Bücher 漢字 👍").count("[")


def test_times_are_in_the_reader_s_zone_with_its_name() -> None:
    """A moment in lists and in the report; sentences that tell UTC tell the reader's zone; a hostile zone is none."""
    moment = CLOCK.of("2026-11-24T04:06:42.981Z")
    assert (moment.day, moment.time, moment.fine, moment.title) == ("24 Nov", "05:06:42", "05:06:42.981", "2026-11-24 04:06:42 UTC")
    assert (moment.full, moment.in_utc) == ("24 Nov 2026, 05:06:42 CET", "04:06:42 UTC")
    assert CLOCK.of("2025-12-31T23:30:00Z").day == "1 Jan"
    assert CLOCK.of("2024-05-01T10:00:00Z").day == "1 May 2024"
    assert CLOCK.localised("of 24 November 2026 at 04:06 UTC was") == "of 24 November 2026 at 05:06 CET was"
    assert (
        CLOCK.localised("is of 31 Dec 2026 23:59 UTC; and 99 Dec 2026 23:59 UTC") == "is of 1 Jan 2027 00:59 CET; and 99 Dec 2026 23:59 UTC"
    )
    assert Clock(ZoneInfo("America/Sao_Paulo"), "America/Sao_Paulo", NOW_MS).abbreviation == "UTC-03"
    assert [zone_of(name) for name in ("", "../../etc/passwd", "No/Such", "x" * 100)] == [None] * 4


def test_the_foot_says_how_fresh_it_is() -> None:
    """Complete and quiet, read to its end, what is in the way, read by an earlier release, and nothing read."""

    def said(since_s: float, at_end_s: float | None, kind: ReadingState | NotRead, told: str = "") -> str:
        since, at_end = NOW_MS - int(since_s * 1000), None if at_end_s is None else utc(NOW_MS - int(at_end_s * 1000))
        state, why = (kind, None) if isinstance(kind, ReadingState) else (ReadingState.NOT_READ, kind)
        name: dict[str, Any] = {"name": "mx1", "read_up_to": utc(since), "read_up_to_ms": since, "since": utc(since)}
        one = SourceState(behind_s=0, at_end=at_end, state=state, why=why, **name)
        return freshness_of(FreshnessAnswer(sources=[one], oldest=None, newest=None, notice=told), CLOCK).words

    current = ReadingState.UP_TO_DATE
    assert said(3, 2, current) == "Complete up to 08:14:58, 2 seconds ago"
    assert said(14 * 60, 2, current) == "Complete up to 08:14:58, 2 seconds ago; quiet since 08:01:00"
    assert said(86_400 * 2, 86_400, NotRead.FINISHED) == "Read to its end on 23 Nov 08:15"
    assert said(95 * 60, 2, current, "mx2 is behind since 24 Nov 2026 05:40 UTC") == "mx2 is behind since 24 Nov 2026 06:40 CET"
    assert said(2 * 86_400, None, NotRead.NOT_RECORDED) == "Read up to 22 Nov 08:15:00, 2 days ago"
    assert freshness_of(FreshnessAnswer(sources=[], oldest=None, newest=None), CLOCK).notice == "No log has been read yet."
    assert StoreState({}, None, None).oldest_ms is None
    assert ago(0.4, CLOCK.book) == "just now"


@pytest.mark.parametrize(("hours", "minutes"), [(1, 2), (24, 30), (7 * 24, 6 * 60), (30 * 24, 24 * 60), (365 * 24, 14 * 24 * 60)])
def test_the_bars_of_a_chart_lie_on_whole_hours_and_days(hours: int, minutes: int) -> None:
    """Bounds ascend, begin and end with the range, and are few; days are the zone's, also where clocks are changed."""
    since = NOW_MS - hours * 3_600_000
    bounds, step = edges(since, NOW_MS, CLOCK.zone)
    assert (bounds[0], bounds[-1], step) == (since, NOW_MS, minutes * 60_000)
    assert bounds == sorted(set(bounds))
    assert len(bounds) <= 51
    if step >= 86_400_000:
        assert {CLOCK.at(bound).time for bound in bounds[1:-1]} == {"00:00:00"}
    else:
        assert all(CLOCK.at(bound).local.minute * 60_000 % min(step, 3_600_000) == 0 for bound in bounds[1:-1])


def test_the_numbers_of_a_chart_lead_to_what_they_count(site: Site) -> None:
    """A group's cell asks for its outcomes within its interval; the legend adds up; nought leads nowhere."""
    asked_for = question(site, ("recipient", "a@b.example"), ("since", "24h"))
    counts = [{Disposition.DELIVERED: 2, Disposition.RELEASED: 1}, {Disposition.BOUNCED: 4}]
    chart = chart_of(asked_for, [NOW_MS - 7_200_000, NOW_MS - 3_600_000, NOW_MS], 3_600_000, OverTime(counts), CLOCK)
    assert [cell.count for cell in chart.legend] == [3, 0, 0, 4, 0, 0]
    assert chart.step == "1 hour"
    assert "since=2026-11-24T05%3A15%3A00Z&until=2026-11-24T06%3A15%3A00Z" in chart.rows[0].cells[0].address
    assert "disposition=delivered&disposition=expanded&disposition=released" in chart.rows[0].cells[0].address
    assert chart.rows[0].cells[1].address == ""


def test_what_is_worth_trying_is_wider(site: Site) -> None:
    """Of a search that found nothing the other side, more time, no filters, and the whole domain are offered."""
    found = offers(
        question(site, ("sender", "a@b.example"), ("since", "24h"), ("disposition", "held"), ("domain", "c.example")), 8, CLOCK.book
    )
    words = [as_text(offer.words) for offer in found]
    assert words == [
        "Search by Recipient: mail to a@b.example",
        "Search the last 30 days",
        "Search everything that is kept",
        "Search without the filters",
        "Search all mail from the domain b.example",
        "Search in all 8 of your domains",
    ]
    assert ("recipient", "a@b.example") in found[0].items


@pytest.mark.parametrize(
    ("address", "leads"),
    [
        ("/trace?x=1", "/trace?x=1"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("", "/"),
        ("/a\nb", "/"),
    ],
)
def test_going_on_never_leads_elsewhere(address: str, leads: str) -> None:
    """Only a page of ours is gone on to."""
    assert local(address) == leads


def test_small_words() -> None:
    """Sizes, times between steps, short meanings, the software of a hop."""
    assert [size(number, CLOCK.book) for number in (1, 560, 1_900, 38_000_000, 999_900)] == [
        "1 byte",
        "560 bytes",
        "1.9 kB",
        "38.0 MB",
        "1.0 MB",
    ]
    assert offset(0.208, CLOCK.book, fine=True) == "+0.208 s"
    assert [offset(seconds, CLOCK.book, fine=False) for seconds in (12, 723, 7_300, 180_000)] == [
        "+12 s",
        "+12 min 3 s",
        "+2 h 1 min",
        "+2 d 2 h",
    ]
    assert short_meaning("Refused by a rule: block list, spam. The text says which.") == "Refused by a rule"
    assert [product(programs) for programs in (["smtpd", "opendkim"], ["exim", "spamd"], ["amavis", "clamd"], ["courierd"], [])] == [
        "Postfix",
        "Exim",
        "Amavis",
        "courierd",
        "",
    ]
