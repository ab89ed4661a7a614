"""The integrator's path through the pages, with script and without: domains, each search, results, reports, errors."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from pages.browsing import Visit

Go = Callable[[str], Page]


def search_by(page: Page, label: str, *values: tuple[str, str]) -> None:
    """Choose what to search by, fill the fields that show for it, and search."""
    page.get_by_label("Search by").select_option(label=label)
    for field, value in values:
        page.get_by_role("textbox", name=re.compile(f"^{field}")).locator("visible=true").first.fill(value)
    page.get_by_role("button", name="Search", exact=True).click()


def rows(page: Page) -> int:
    """How many messages are listed."""
    return page.get_by_role("link", name=re.compile("^Email Report")).count()


def test_domains_lead_to_their_mail(seen: Visit) -> None:
    """The domains with today's counts; a domain leads to its mail, and a number to exactly so many messages."""
    page = seen.go("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Domains")
    row = page.get_by_role("row", name=re.compile("example.com"))
    expect(row).to_contain_text("Example Ltd")
    number = row.get_by_role("cell").get_by_role("link").filter(has_text=re.compile(r"^[\d,]+$")).nth(2)
    count = int(number.inner_text().replace(",", ""))
    assert count > 0
    number.click()
    expect(page.get_by_role("heading", level=2).first).to_contain_text(f"{count}")
    assert rows(page) == min(count, 50)
    page.go_back()
    page.get_by_role("link", name="example.com", exact=True).click()
    expect(page).to_have_url(re.compile(r"/trace\?domain=example\.com"))
    # The address changes before the page is there.
    expect(page.locator("#rows > tr").first).to_be_visible()
    assert rows(page) > 10


def test_the_four_searches_and_either_side(seen: Visit) -> None:
    """Each way to search shows its fields alone, finds mail, and says in words what it looked for; the address is the question."""
    page = seen.go("/trace")
    for label, shown in (
        ("Sender", {"Sender"}),
        ("Recipient", {"Recipient"}),
        ("Sender/Recipient", {"Sender", "Recipient"}),
        ("Quarantine ID", {"Quarantine ID"}),
        ("Sender or recipient", {"Sender or recipient"}),
    ):
        page.get_by_label("Search by").select_option(label=label)
        names = {"Sender", "Recipient", "Quarantine ID", "Sender or recipient"}
        visible = {name for name in names if page.get_by_label(re.compile(rf"^{name}(?! or)")).locator("visible=true").count()}
        assert visible == shown, label
    search_by(page, "Sender", ("Sender", "ann@example.com"))
    expect(page).to_have_url(re.compile(r"/trace\?sender=ann%40example\.com$"))
    expect(page.get_by_role("heading", level=2).first).to_contain_text("ann@example.com")


@pytest.mark.parametrize(
    ("label", "values", "question"),
    [
        ("Sender", {"Sender": "*@partner.example"}, "sender=%2A%40partner.example"),
        ("Recipient", {"Recipient": "bob@example.com"}, "recipient=bob%40example.com"),
        ("Sender/Recipient", {"Sender": "*", "Recipient": "bob@example.com"}, "sender=%2A&recipient=bob%40example.com"),
        ("Sender/Recipient", {"Recipient": "bob@example.com"}, "recipient=bob%40example.com"),
        ("Sender or recipient", {"Sender or recipient": "bob@example.com"}, "address=bob%40example.com"),
    ],
)
def test_a_search_finds_mail(seen: Visit, label: str, values: dict[str, str], question: str) -> None:
    """A search lists mail, newest first, with an arrow to the report of each."""
    page = seen.go("/trace")
    search_by(page, label, *values.items())
    assert sorted(page.url.partition("?")[2].split("&")) == sorted(question.split("&"))
    assert "by=" not in page.url
    assert rows(page) > 3
    for value in values.values():
        if value != "*":
            expect(page.get_by_role("heading", level=2).first).to_contain_text(value)
    expect(page.get_by_role("link", name="Most common errors").last).to_be_visible()


def test_quarantined_mail_by_its_id_to_the_report_and_back(seen: Visit) -> None:
    """A quarantine id finds the kept message; its report says so at a glance, why, the code in full, and what to tell the customer."""
    page = seen.go("/trace?disposition=quarantined&reason=virus")
    page.get_by_role("link", name=re.compile("^Email Report: Quarantined")).first.click()
    main = page.get_by_role("main")
    expect(page.get_by_role("heading", level=1)).to_have_text("Email Report")
    expect(main).to_contain_text("Quarantined")
    expect(main).to_contain_text(re.compile("virus", re.IGNORECASE))
    expect(main).to_contain_text("Return Code")
    for part in ("What it means", "Whose move", "Next step", "For the customer", "What happened"):
        expect(main.get_by_text(part, exact=True).first).to_be_visible()
    quarantine_id = main.locator("dt", has_text="Quarantine ID").locator("xpath=following-sibling::dd[1]").inner_text().strip()
    assert quarantine_id
    seen.go("/trace")
    search_by(page, "Quarantine ID", ("Quarantine ID", quarantine_id))
    assert rows(page) >= 1
    page.get_by_role("link", name=re.compile("^Email Report")).first.click()
    expect(main).to_contain_text(quarantine_id)


def test_clean_mail_has_a_report_that_says_clean(seen: Visit) -> None:
    """Delivered and clean at a glance, with the hops that it took and its log lines folded away."""
    page = seen.go("/trace?disposition=delivered&verdict=clean")
    page.get_by_role("link", name=re.compile("^Email Report: Delivered")).first.click()
    main = page.get_by_role("main")
    expect(main).to_contain_text(re.compile(r"Delivered\s*·\s*clean", re.IGNORECASE))
    raw = main.get_by_text(re.compile("^Raw log lines"))
    lines = main.locator("pre, code").filter(has_text="status=sent")
    expect(lines.first).not_to_be_visible()
    raw.first.click()
    expect(lines.first).to_be_visible()


def test_the_most_common_errors(seen: Visit) -> None:
    """The list, searchable, with counts that lead to the traces; a code of a result leads to its meaning."""
    page = seen.go("/errors")
    expect(page.get_by_role("heading", level=1)).to_have_text("Most common errors")
    listed = page.get_by_role("row").count()
    assert listed > 30
    page.get_by_label(re.compile("Search|Find|Filter")).first.fill("mailbox")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("row").first).to_be_visible()
    page.wait_for_function(f"document.querySelectorAll('tr').length < {listed}") if seen.page.evaluate("true") else None
    assert 1 < page.get_by_role("row").count() < listed
    seen.go("/trace?disposition=bounced")
    page.locator("a[href*='/errors/']").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile(r"\d\.\d|\d{3}"))
    expect(page.get_by_role("main")).to_contain_text("Next step")


def test_more_rows_on_demand_to_the_end(seen: Visit) -> None:
    """Page by page all mail of a domain is shown, each message once."""
    page = seen.go("/trace?domain=example.com&limit=50")
    heading = page.get_by_role("heading", level=2).first.inner_text()
    links = page.locator("a[aria-label^='Email Report'], a:has-text('Email Report')")
    found: set[str] = set()
    for _ in range(20):
        found |= {href.partition("?")[0] for href in links.evaluate_all("links => links.map(link => link.getAttribute('href'))")}
        more = page.get_by_role("link", name="Show more")
        if not more.count():
            break
        before = page.url, links.count()
        more.click()
        # With script rows are added to the page, without it the next page comes.
        for _ in range(200):
            if (page.url, links.count()) != before:
                break
            page.wait_for_timeout(50)
        page.wait_for_load_state("load")
    assert len(found) == int(heading.split()[0])


def test_an_empty_result_says_why_and_what_to_try(seen: Visit) -> None:
    """Nothing found: what was looked at, and a link that finds something."""
    page = seen.go("/trace")
    search_by(page, "Sender", ("Sender", "nobody@partner.example"))
    expect(page.get_by_role("heading", level=2).first).to_contain_text("Nothing found from nobody@partner.example")
    page.get_by_role("main").get_by_role("link", name=re.compile("partner.example")).first.click()
    assert rows(page) > 0


def test_a_bad_question_is_told_at_its_field(seen: Visit) -> None:
    """What is wrong stands over the form and leads to the field; the address keeps what was asked."""
    page = seen.go("/trace?disposition=lost")
    expect(page).to_have_title(re.compile("^Error:"))
    expect(page.get_by_text("The search could not be run")).to_be_visible()
    response = page.request.get(page.url)
    assert response.status == 400


def test_the_report_of_another_s_mail_is_not_there(seen: Visit) -> None:
    """An id that does not exist gives the page that says so."""
    page = seen.go("/trace/01m85vvjwzxv0v9dg574cjfn00")
    expect(page.get_by_role("main")).to_contain_text("There is no such page, or you may not see it")
