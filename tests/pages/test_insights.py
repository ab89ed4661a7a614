"""Insights and the box, with script and without: every number leads to its traces, and what is typed is helped on."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import Browser, Page, expect
from reference import ReferenceStore

from mappings import identity
from mappings.trace import Trace
from mappings.vocabulary import Disposition
from pages.browsing import Visit, serving, visit
from search.access import Customer


def found(page: Page, address: str) -> int:
    """How many messages a search finds."""
    answer = page.request.get(address.replace("/trace?", "/api/v1/traces?") + "&count=exact")
    assert answer.ok, (address, answer.text())
    return int(answer.json()["total"]["value"])


def number(text: str) -> int:
    """The number in a text."""
    return int(re.sub(r"\D", "", text))


def test_every_number_leads_to_so_many_messages(seen: Visit) -> None:
    """Of bars, tables, the chart, and of those that have no value."""
    page = seen.go("/insights")
    expect(page).to_have_url(re.compile(r"/insights\?since=7d$"))
    expect(page.get_by_role("heading", level=2).nth(1)).to_have_text("Mail over time by verdict of the filter, in the last 7 days")
    links = page.locator("main section a[href*='/trace?']:not(.plot a, #counts th a)").evaluate_all(
        "all => all.map(a => [a.href, (a.querySelector('.num') ?? a).textContent])"
    )
    assert len(links) > 150
    asked = {href: number(text) for href, text in links[::5] if re.search(r"\d", text)}
    for href, count in asked.items():
        assert found(page, href) == count, href


def test_any_field_of_any_question_takes_the_place_of_the_presets(seen: Visit) -> None:
    """Chosen in the form, and kept in the address."""
    page = seen.go("/insights?domain=example.com")
    page.get_by_label("Ask or paste").fill("disposition: delivered")
    page.get_by_label("Show").first.select_option(label="Sender")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile(r"domain=example\.com&query=disposition%3A\+delivered&by=sender"))
    expect(page.get_by_role("heading", level=2).nth(1)).to_contain_text("Sender, in everything")
    total = number(page.locator(".bars p").inner_text().split("message")[0])
    assert total == found(page, page.url.replace("/insights?", "/trace?").replace("&by=sender", ""))


def test_all_that_is_kept_can_be_looked_at(seen: Visit) -> None:
    """Though a first visit shows the last days."""
    page = seen.go("/insights")
    page.get_by_label("Received").select_option(label="Everything kept")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", level=2).first).to_have_text("Mail over time by outcome, in everything that is kept")
    expect(page.get_by_label("Received")).to_have_value("")


def test_what_differs_is_told_with_its_messages(seen: Visit) -> None:
    """From a search to what differs in it, and from a value to its traces within the search."""
    page = seen.go("/trace?disposition=bounced")
    page.get_by_role("link", name="Insights into these messages").click()
    page.get_by_role("link", name="What differs").click()
    expect(page.get_by_role("heading", level=2).last).to_contain_text("messages have more of than the")
    rows = page.locator("table.differs tbody tr")
    assert rows.count() > 3
    link = rows.first.get_by_role("link")
    assert found(page, urljoin(page.url, str(link.get_attribute("href")))) == number(link.inner_text())


def test_each_section_is_a_table_for_programs(seen: Visit) -> None:
    """The CSV has the numbers of the page."""
    page = seen.go("/insights?since=7d")
    for link in page.get_by_role("link", name=re.compile("^CSV")).all():
        answer = page.request.get(urljoin(page.url, str(link.get_attribute("href"))))
        assert answer.headers["content-type"].startswith("text/csv")
        rows = list(csv.reader(io.StringIO(answer.text())))
        assert len(rows) > 1
        assert all(len(row) == len(rows[0]) for row in rows)


def test_what_was_pasted_is_read_and_said(seen: Visit) -> None:
    """An address as mail programs copy it, a line of a log: the box keeps it, and the sentence says what it was read as."""
    page = seen.go("/trace")
    page.get_by_label("Ask or paste").fill("Bob <bob@example.com>")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_role("heading", level=2).first).to_contain_text("about the address bob@example.com")
    expect(page.get_by_label("Ask or paste")).to_have_value("Bob <bob@example.com>")
    headers = "Return-Path: <ann@partner.example>\nTo: bob@example.com\nMessage-ID: <none@partner.example>\n"
    seen.go("/trace")
    page.get_by_label("Ask or paste").fill(headers)
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_role("heading", level=2).first).to_contain_text("about the headers of the message none@partner.example")


def test_a_question_in_the_box_is_asked_and_a_flaw_shown_at_its_place(seen: Visit) -> None:
    """With what was expected there."""
    page = seen.go("/trace")
    page.get_by_label("Ask or paste").fill("disposition: bounced and not recipient: bob")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page).to_have_url(re.compile(r"/trace\?query=disposition"))
    page.get_by_text("Change search").click()
    page.get_by_label("Ask or paste").fill("disposition: bounced and (sender: a")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page).to_have_title(re.compile("^Error:"))
    expect(page.locator("#w-text")).to_contain_text("Expected a closing bracket")
    expect(page.locator(".where mark")).to_be_visible()
    seen.go("/trace?query=disposition%3A+bounced+and+verdict%3A+spamm")
    expect(page.locator(".where mark")).to_have_text("s")
    expect(page.locator("#w-text")).to_contain_text("Did you mean “spam”")


def test_domains_say_what_is_unusual(browser: Browser, tmp_path: Path) -> None:
    """For a domain against its own weeks, in words that lead to its mail."""
    now_ms, store = int(datetime(2026, 11, 24, 13, 20, tzinfo=UTC).timestamp() * 1000), ReferenceStore()
    for week in range(7):
        for number in range(60 if week == 0 else 4):
            at_ms = now_ms - 60_000 * (number + 30) - week * 7 * 86_400_000
            store.submit([_refused(at_ms, number)])
    with (
        serving(tmp_path, store, now_ms, customers=(Customer("Example Ltd", ("example.net",)),)) as address,
        visit(browser, address) as seen,
    ):
        page = seen.go("/domains")
        mark = page.get_by_role("link", name="Rejected: much more than usual until 14:00 (60, usually about 4)")
        expect(mark).to_be_visible()
        mark.click()
        expect(page.get_by_role("heading", level=2).first).to_contain_text("60 messages to example.net")
        assert not seen.complaints


def _refused(at_ms: int, number: int) -> Trace:
    """A message that was refused."""
    return Trace(
        id=identity.trace_id(at_ms, "mx1", f"q:mx1/{number}", "", "bob@example.net"),
        version=(1 << 20) + 1,
        log_domain="mx1",
        time_ms=at_ms,
        last_event_ms=at_ms,
        recipient="bob@example.net",
        recipient_domain="example.net",
        disposition=Disposition.REJECTED,
        visible_to=["example.net"],
    )


def test_the_box_helps_on(browser: Browser, address: str) -> None:
    """Fields, words and values are offered, taken with the keys, and Enter asks."""
    with visit(browser, address) as seen:
        page = seen.go("/trace")
        box = page.get_by_label("Ask or paste")
        offered = page.locator(".offers [role=option]")
        box.press_sequentially("disp")
        expect(offered).to_have_count(1)
        box.press("ArrowDown")
        box.press("Enter")
        expect(box).to_have_value("disposition: ")
        box.press_sequentially("bou")
        expect(offered.filter(has_text="bounced")).to_be_visible()
        box.press("ArrowDown")
        box.press("Tab")
        box.press_sequentially(" and sender: an")
        option = offered.first
        expect(option).to_contain_text("message")
        option.click()
        expect(box).to_have_value(re.compile(r"^disposition: bounced and sender: an\S+@\S+$"))
        box.press("Escape")
        expect(offered.first).not_to_be_visible()
        box.press("Enter")
        expect(page).to_have_url(re.compile("query=disposition"))
        assert not seen.complaints
