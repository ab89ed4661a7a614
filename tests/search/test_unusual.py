"""What is unusual for a domain, against the same hours of its own weeks before."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from reference import ReferenceStore

from mappings import identity
from mappings.trace import Trace
from mappings.vocabulary import Direction, Disposition
from search.http import remembering
from search.http.remembering import RememberedWeeks
from search.service import MailTrace
from search.unusual import Unusual, unusual, usual_of, weeks_before

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> int:
    """A time of Berlin in milliseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp() * 1000)


def mail(*times: str, domain: str = "example.net", disposition: Disposition = Disposition.BOUNCED) -> list[Trace]:
    """Mail to a domain at these times."""
    return [
        Trace(
            id=identity.trace_id(at(time), "mx1", f"q:mx1/{number}", "", f"bob@{domain}"),
            version=(1 << 20) + 1,
            log_domain="mx1",
            time_ms=at(time),
            last_event_ms=at(time),
            recipient=f"bob@{domain}",
            recipient_domain=domain,
            disposition=disposition,
            direction=Direction.INBOUND,
            visible_to=[domain],
        )
        for number, time in enumerate(times)
    ]


@pytest.mark.parametrize(
    ("count", "weeks", "found"),
    [
        (96, [12, 11, 14, 12, 10, 13], Unusual(96, 12)),
        (14, [12, 11, 14, 12, 10, 13], None),
        (0, [300, 310, 290, 305], Unusual(0, 302)),
        (30, [0, 0, 0, 0], Unusual(30, 0)),
        (9, [0, 0, 0, 0], None),
        # One odd week moves nothing.
        (13, [12, 11, 4_000, 12, 10], None),
        (4_000, [12, 11, 4_000, 12, 10], Unusual(4_000, 12)),
        # Where weeks are unlike each other, so may this one be.
        (90, [10, 60, 120, 30, 80], None),
        # Too few weeks are no measure.
        (96, [12, 12], None),
        (96, [], None),
    ],
)
def test_what_is_far_from_the_weeks_before_is_unusual(count: int, weeks: list[int], found: Unusual | None) -> None:
    """By median and MAD; small numbers and small differences never."""
    assert unusual(count, weeks) == found


def test_the_same_hours_of_the_same_weekday_are_compared() -> None:
    """By the clock of the zone, also across the change of its clocks; weeks before the first mail are left out."""
    store = ReferenceStore()
    store.submit(
        mail("2026-10-26T00:30", "2026-10-19T07:30", "2026-10-19T08:30", "2026-10-12T07:59", "2026-10-13T07:00", "2026-09-28T01:00")
    )
    weeks = weeks_before(MailTrace(store), at("2026-11-02T00:00"), at("2026-11-02T08:00"), BERLIN, "recipient")
    assert usual_of(weeks, "example.net", [Disposition.BOUNCED]) == [1, 1, 1, 0, 1]
    assert usual_of(weeks, "example.net", [Disposition.DELIVERED]) == [0, 0, 0, 0, 0]
    assert weeks_before(MailTrace(ReferenceStore()), 0, 1, UTC, "recipient") == []


def test_other_tenants_mail_makes_no_weeks() -> None:
    """How far back it is looked depends on the caller's own mail alone."""
    store = ReferenceStore()
    store.submit([*mail("2026-10-26T00:30"), *mail("2026-09-28T01:00", domain="example.org")])
    own = MailTrace(store).narrowed(["example.net"])
    assert len(weeks_before(own, at("2026-11-02T00:00"), at("2026-11-02T08:00"), BERLIN, "recipient")) == 1


def test_other_weeks_are_counted_once_for_each_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is given what was counted for another; what is old, or too much, is let go of."""
    store = ReferenceStore()
    store.submit([*mail("2026-10-26T00:30"), *mail("2026-10-26T00:40", domain="example.org")])
    weeks, hours = RememberedWeeks(), (at("2026-11-02T00:00"), at("2026-11-02T08:00"))
    everyone = MailTrace(store)
    one, other = everyone.narrowed(["example.net"]), everyone.narrowed(["example.org"])
    for _ in range(2):
        assert [set(week) for week in weeks.before(one, *hours, BERLIN, "recipient")] == [{"example.net"}]
        assert [set(week) for week in weeks.before(other, *hours, BERLIN, "recipient")] == [{"example.org"}]
    store.submit(mail("2026-10-26T00:50"))
    assert usual_of(weeks.before(one, *hours, BERLIN, "recipient"), "example.net", tuple(Disposition)) == [1]
    monkeypatch.setattr(remembering, "WEEKS_LIFE_S", 0.0)
    assert usual_of(weeks.before(one, *hours, BERLIN, "recipient"), "example.net", tuple(Disposition)) == [2]
    monkeypatch.setattr(remembering, "MOST_DOMAINS", 1)
    assert weeks.before(everyone, *hours, BERLIN, "recipient")
