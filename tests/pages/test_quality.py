"""What holds for every page: accessible, within the content policy, readable on a phone, printable, and honest about freshness."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from pages.browsing import violations, visit

#: Every kind of page, and every state that it can be in.
PAGES = {
    "domains": "/domains",
    "domains sent": "/domains?side=sent",
    "domains filtered to none": "/domains?filter=zzz",
    "form": "/trace",
    "results": "/trace?domain=example.com",
    "pair": "/trace?sender=%2A&recipient=bob%40example.com",
    "nothing found": "/trace?sender=nobody%40partner.example",
    "bad question": "/trace?disposition=lost",
    "bad question in the box": "/trace?query=sender%3A+%28a",
    "pasted": "/trace?text=Bob+%3Cbob%40example.com%3E",
    "insights": "/insights?since=7d",
    "insights by a field": "/insights?by=client&domain=example.com",
    "what differs": "/insights?by=differs&disposition=bounced",
    "bad question about insights": "/insights?by=nothing",
    "errors": "/errors",
    "one error": "/errors/5.1.1",
    "no such page": "/nowhere",
    "audit": "/audit",
    "sources": "/sources",
    "help": "/help",
    "api": "/api",
    "preferences": "/preferences",
}


def report_of(page: Page, address: str, question: str) -> str:
    """The path of the first report that a search finds."""
    page.goto(f"{address}/trace?{question}")
    href = page.get_by_role("link", name=re.compile("^Email Report")).first.get_attribute("href")
    assert href
    return href


@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_serious(browser: Browser, address: str, width: int) -> None:
    """On every kind of page, wide and narrow, light and dark; and no page breaks its content policy."""
    with visit(browser, address, width=width) as seen:
        reports = {q: report_of(seen.page, address, q) for q in ("disposition=quarantined", "disposition=delivered", "disposition=bounced")}
        found: list[str] = []
        for name, path in {**PAGES, **reports}.items():
            seen.page.goto(f"{address}{path}" if path.startswith("/") else path)
            found += [f"{name}: {one}" for one in violations(seen.page)]
        assert not found, "\n".join(found)
        assert not seen.grave(), seen.complaints


def test_axe_sees_planted_faults(browser: Browser, address: str) -> None:
    """A check that cannot fail proves nothing: too little contrast, also in the dark alone, and a link without a name are found.

    And the policy stops a style.
    """
    with visit(browser, address) as seen:
        page = seen.go("/domains")
        page.evaluate(
            "() => { const p = document.createElement('p'); p.textContent = 'faint'; p.style.color = '#bbb'; p.style.background = '#fff';"
            " const a = document.createElement('a'); a.href = '/x'; a.append(document.createElement('img'));"
            " document.querySelector('main').append(p, a); }"
        )
        found = " ".join(violations(page))
        assert "color-contrast" in found
        assert "link-name" in found
        page = seen.go("/domains")
        page.evaluate(
            "() => { const p = document.createElement('p'); p.textContent = p.className = 'faint'; const sheet = new CSSStyleSheet();"
            " sheet.replaceSync('@media (prefers-color-scheme: dark) { .faint { color: #333; background: #222 } }');"
            " document.adoptedStyleSheets.push(sheet); document.querySelector('main').append(p); }"
        )
        assert "color-contrast" in " ".join(violations(page))
        page.evaluate("() => document.querySelector('main').insertAdjacentHTML('beforeend', '<b style=\"color:red\">x</b>')")
        page.wait_for_timeout(100)
        assert any("Content Security Policy" in one for one in seen.complaints)


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_no_page_scrolls_sideways(browser: Browser, address: str, width: int) -> None:
    """Nothing is wider than the screen, from the smallest phone on."""
    with visit(browser, address, width=width) as seen:
        report = report_of(seen.page, address, "disposition=quarantined")
        for path in [*PAGES.values(), report]:
            seen.page.goto(f"{address}{path}" if path.startswith("/") else path)
            wide = seen.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, path


def test_the_chart_shows_what_the_table_counts(browser: Browser, address: str) -> None:
    """The bars stand for the numbers of the table of counts, whose numbers lead to so many messages."""
    with visit(browser, address) as seen:
        page = seen.go("/trace?domain=example.com")
        bars = page.locator(".plot a[href] title").all_text_contents()
        drawn = sum(int(n.replace(",", "")) for words in bars for n in re.findall(r"[a-z] ([\d,]+)(?:, |$)", words.partition(": ")[2]))
        page.get_by_text("Counts as a table").click()
        total = int(re.sub(r"\D", "", page.get_by_role("heading", level=2).first.inner_text().split("message")[0]))
        counted = sum(
            int(n.replace(",", "")) for n in page.locator("details table tbody td").all_inner_texts() if re.fullmatch(r"[\d,]+", n)
        )
        assert counted == total == drawn
        assert not seen.complaints


def test_keyboard_alone_leads_to_a_report(browser: Browser, address: str) -> None:
    """A skip link comes first, and Tab and Enter reach the first report."""
    with visit(browser, address) as seen:
        page = seen.go("/trace?recipient=bob%40example.com")
        page.keyboard.press("Tab")
        assert "skip" in page.evaluate("document.activeElement.textContent").lower()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        for _ in range(40):
            page.keyboard.press("Tab")
            if (
                page.evaluate("(document.activeElement.getAttribute('aria-label') || document.activeElement.textContent)")
                .strip()
                .startswith("Email Report")
            ):
                break
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Email Report")


def test_copying_gives_the_customer_s_sentence(browser: Browser, address: str) -> None:
    """One press copies the text for the customer."""
    with visit(browser, address) as seen:
        seen.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = seen.page
        page.goto(f"{address}{report_of(page, address, 'disposition=quarantined')}")
        page.get_by_role("button", name="Copy text").click()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith("The message")
        expect(page.get_by_role("main")).to_contain_text(copied)


def test_the_print_view_shows_what_is_folded(browser: Browser, address: str) -> None:
    """Printed, the log lines are there, the navigation is not."""
    with visit(browser, address, script=False) as seen:
        path = report_of(seen.page, address, "disposition=quarantined").partition("?")[0]
        page = seen.go(f"{path}?view=print")
        page.emulate_media(media="print")
        expect(page.locator("pre, code").filter(has_text="postfix/").first).to_be_visible()
        expect(page.get_by_role("navigation").first).not_to_be_visible()


def test_the_zone_of_times_is_named_and_can_be_changed(browser: Browser, address: str) -> None:
    """Times are in the reader's zone, named; changed, they are others, also without script."""
    with visit(browser, address, script=False) as seen:
        page = seen.go("/trace?recipient=bob%40example.com")
        expect(page.get_by_role("columnheader", name=re.compile("CET"))).to_be_visible()
        page.get_by_role("contentinfo").get_by_role("link", name="Change").click()
        page.get_by_label(re.compile("zone", re.IGNORECASE)).first.fill("America/New_York")
        page.get_by_role("main").get_by_role("button").first.click()
        seen.go("/trace?recipient=bob%40example.com")
        expect(page.get_by_role("columnheader", name=re.compile("EST"))).to_be_visible()
