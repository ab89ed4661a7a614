"""Rows that come by themselves: at the top, behind a word where one has scrolled, as long and as far as the reader may see them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from stores import Embedded

from ingest.sinks import Sink
from mappings import identity
from mappings.trace import Trace
from mappings.vocabulary import Disposition
from pages.browsing import serving, visit
from search.access import Customer, Role
from search.http.tokens import Tokens

_NOW_MS = 1_795_500_000_000
#: Forty customers, of whom each sees his own.
CUSTOMERS = tuple(Customer(f"Customer {number}", (f"c{number}.example",)) for number in range(40))
#: One look is every 1.5 seconds; the machine may be busy.
_PATIENCE_MS = 20_000


def mail(number: int, recipient: str, ago_s: int, sender: str = "ann@sender.example") -> Trace:
    """One message."""
    at, domain = _NOW_MS - ago_s * 1000, recipient.partition("@")[2]
    return Trace(
        id=identity.trace_id(at, "mx1", f"q:mx1/Q{number}", recipient, ""),
        version=1,
        log_domain="mx1",
        time_ms=at,
        last_event_ms=at,
        host="mx1",
        sender=sender,
        sender_domain=sender.partition("@")[2],
        recipient=recipient,
        recipient_domain=domain,
        disposition=Disposition.DELIVERED,
        queue_ids=[f"Q{number}"],
        visible_to=[domain],
    )


@dataclass(frozen=True, slots=True)
class Busy:
    """A service, what writes into its store, and a token."""

    address: str
    sink: Sink
    tokens: Tokens
    secret: str

    def write(self, *mails: Trace) -> None:
        """Write messages."""
        self.sink.submit(list(mails))
        self.sink.flush()


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Busy]:
    """Give a service over mail of two of forty customers, and a token of one of them."""
    store = Embedded(tmp_path / "store")
    tokens = Tokens(tmp_path / "tokens.json")
    secret = tokens.create("Seven", Role.CUSTOMER, _NOW_MS, customers=["Customer 7"])
    with closing(store.sink()) as sink:
        sink.submit([mail(number, f"bob@c{7 + number % 2}.example", 4000 + number) for number in range(120)])
        sink.flush()
        with (
            closing(store.engine()) as engine,
            serving(tmp_path / "data", engine, _NOW_MS, customers=CUSTOMERS, tokens=tokens, open=False) as address,
        ):
            yield Busy(address, sink, tokens, secret)


def test_rows_come_by_themselves(browser: Browser, busy: Busy) -> None:
    """The reader's own at the top, another customer's never; scrolled away, they wait behind a word; signed out, nothing comes."""
    with visit(browser, busy.address) as seen:
        page = seen.go("/trace?domain=c7.example")
        page.get_by_label("Access token").fill(busy.secret)
        page.get_by_role("button", name="Sign in").click()
        rows = page.locator("#rows > tr")
        expect(rows).to_have_count(50)
        page.wait_for_timeout(1000)
        drawn = page.locator(".legend strong").first
        there = int(drawn.inner_text().replace(",", ""))
        busy.write(mail(500, "foreign@c8.example", 30, "secret@other.example"), mail(501, "new@c7.example", 20))
        expect(rows).to_have_count(51, timeout=_PATIENCE_MS)
        expect(rows.first.locator(".c-recipient")).to_have_text("new@c7.example")
        # The sentence over it, the count below and the chart count it as well, each once.
        expect(page.get_by_role("heading", level=2).first).to_contain_text(f"{there + 1} messages", timeout=_PATIENCE_MS)
        expect(drawn).to_have_text(str(there + 1))
        expect(page.locator("[data-total]")).to_have_text(str(there + 1))
        expect(page.locator("#live")).to_contain_text("1 new message")
        page.mouse.wheel(0, 900)
        page.wait_for_function("scrollY > 400")
        busy.write(*(mail(600 + number, "later@c7.example", 10 - number) for number in range(4)))
        pill = page.get_by_role("button", name="4 new")
        expect(pill).to_be_visible(timeout=_PATIENCE_MS)
        expect(rows).to_have_count(51)
        pill.click()
        expect(rows).to_have_count(55)
        expect(pill).not_to_be_visible()
        expect(rows.first).to_be_in_viewport()
        assert [row.partition("\t")[0] for row in rows.locator(".c-recipient").all_inner_texts()[:5]] == ["later@c7.example"] * 4 + [
            "new@c7.example"
        ]
        # What comes is a row as any other: it leads to its report, and its values narrow.
        assert rows.first.locator("a.v").count() > 1
        assert "secret@other.example" not in page.content()
        with visit(browser, busy.address) as other:
            other.page.context.add_cookies(page.context.cookies())  # type: ignore[arg-type]  # as they were given
            elsewhere = other.go("/domains")
            elsewhere.get_by_role("button", name="Sign out").click()
            expect(elsewhere).to_have_url(re.compile("/sign-in"))
        page.wait_for_timeout(2500)
        busy.write(mail(700, "after@c7.example", 1))
        page.wait_for_timeout(4000)
        expect(rows).to_have_count(55)
        assert not [one for one in seen.grave() if "EventSource" not in one and "event-stream" not in one], seen.complaints


def test_live_can_be_switched_off(browser: Browser, busy: Busy) -> None:
    """And stays so; a list that ends at a time, or is in another order, has no such switch."""
    with visit(browser, busy.address) as seen:
        page = seen.go("/trace?domain=c7.example")
        page.get_by_label("Access token").fill(busy.secret)
        page.get_by_role("button", name="Sign in").click()
        switch = page.get_by_role("button", name="Live")
        expect(switch).to_have_attribute("aria-pressed", "true")
        switch.click()
        page.reload()
        expect(switch).to_have_attribute("aria-pressed", "false")
        busy.write(mail(501, "new@c7.example", 20))
        page.wait_for_timeout(4000)
        expect(page.locator("#rows > tr")).to_have_count(50)
        switch.click()
        expect(page.locator("#rows > tr")).to_have_count(51, timeout=_PATIENCE_MS)
        for question in ("sort=oldest", "until=now"):
            seen.go(f"/trace?domain=c7.example&{question}")
            expect(page.locator("#rows > tr").first).to_be_visible()
            expect(switch).not_to_be_visible()


def test_a_service_that_ends_does_not_wait_for_who_follows(browser: Browser, tmp_path: Path) -> None:
    """Its streams end with it."""
    store = Embedded(tmp_path / "store")
    with closing(store.sink()) as sink:
        sink.submit([mail(number, "bob@c7.example", 4000 + number) for number in range(3)])
        sink.flush()
    with closing(store.engine()) as engine, visit(browser, "") as seen:
        with serving(tmp_path / "data", engine, _NOW_MS, customers=CUSTOMERS) as address:
            seen.page.goto(f"{address}/trace?domain=c7.example")
            seen.page.wait_for_timeout(1500)
            begun = time.monotonic()
        assert time.monotonic() - begun < 5


def test_each_of_forty_customers_reads_his_own(browser: Browser, busy: Busy) -> None:
    """In the list, beside it, before anything is asked, and by links that name another's values."""
    with visit(browser, busy.address, script=False) as seen:
        page = seen.go("/trace?domain=c7.example")
        page.get_by_label("Access token").fill(busy.secret)
        page.get_by_role("button", name="Sign in").click()
        own = page.locator("#rows > tr").first.get_attribute("data-id")
        assert page.request.get(f"{busy.address}/trace/{own}/side").status == 200
        for number in (1, 3, 5):
            other = mail(number, "bob@c8.example", 4000 + number)
            assert page.request.get(f"{busy.address}/trace/{other.id}/side").status == 404
        for path in ("/trace", "/trace?since=30d", "/trace?since=30d&columns=recipient,sender,subject,user,host,queue_id"):
            assert "c8.example" not in seen.go(path).locator("main").inner_text(), path
        there = seen.go("/trace?only=recipient:bob@c8.example").locator("main").inner_text()
        nowhere = seen.go("/trace?only=recipient:bob@c39.example").locator("main").inner_text()
        assert "Nothing found" in there
        assert there.replace("c8.example", "c39.example") == nowhere
        seen.go("/trace?domain=c7.example&columns=subject,user,sender")
        assert page.locator("#rows .c-sender a.v").count() > 0
        # What may name others cannot be asked for by whoever sees a part of the mail.
        for word in ("subject", "user", "reply", "detail"):
            answer = page.request.get(f"{busy.address}/trace?only={word}:x")
            assert answer.status == 400, word
