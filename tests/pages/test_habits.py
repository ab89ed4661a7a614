"""Habits of Discover: filters set aside and pinned, values of fields, searches with a name, the question elsewhere."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from mappings.locales import ENGLISH, book
from pages.browsing import Visit, violations, visit
from pages.test_desk import asked, counted
from search.http.pages.form import pinned_pills


@pytest.fixture
def scripted(browser: Browser, address: str) -> Iterator[Visit]:
    """The same, with script."""
    with visit(browser, address) as visitor:
        visitor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        yield visitor
        assert not visitor.grave(), visitor.complaints


def _pill(page: Page, words: str) -> str:
    """What a filter says."""
    return page.locator(".pill", has_text=words).inner_text()


def test_a_filter_is_set_aside_and_asked_again(seen: Visit) -> None:
    """It stays above the rows and in the address, and is not asked; a criterion and a part of a question alike."""
    page = seen.go("/trace?domain=example.com&disposition=delivered&query=not+sender%3A+%22x%40y.example%22")
    few = counted(page)
    page.get_by_role("link", name="Set it aside: Outcome Delivered").click()
    assert asked(page)["off"] == ['disposition: "delivered"']
    assert "disposition" not in asked(page)
    many = counted(page)
    assert many > few
    expect(page.locator(".pill.off")).to_contain_text("Delivered")
    page.get_by_role("link", name="Set it aside: not Sender x@y.example").click()
    assert "query" not in asked(page)
    expect(page.locator(".pill.off")).to_have_count(2)
    page.get_by_role("link", name="Ask it again: Outcome Delivered").click()
    assert counted(page) == few
    expect(page.locator(".pill.off")).to_have_count(1)
    page.get_by_role("link", name="Remove filter not Sender x@y.example").click()
    expect(page.locator(".pill.off")).to_have_count(0)


def test_a_pinned_filter_is_asked_with_each_new_search(seen: Visit) -> None:
    """Also from the empty page, until it is let go; the address holds the whole question."""
    page = seen.go("/trace?domain=example.com&disposition=delivered")
    page.get_by_role("button", name="Keep it for each new search: Outcome Delivered").click()
    expect(page.get_by_role("button", name="Keep it for each new search: Outcome Delivered")).to_have_attribute("aria-pressed", "true")
    page = seen.go("/trace")
    expect(page.locator(".pill.pinned")).to_contain_text("Delivered")
    page.get_by_label("Search by").select_option("address")
    page.locator("#f-address").fill("*")
    page.get_by_role("button", name="Search", exact=True).click()
    page.wait_for_url(re.compile("query="))
    assert asked(page)["query"] == ['disposition: "delivered"']
    assert set(page.locator("#rows .c-disposition .chip").all_inner_texts()) == {"Delivered"}
    page.get_by_role("button", name="Keep it for each new search: Outcome Delivered").click()
    seen.go("/trace")
    expect(page.locator(".pill")).to_have_count(0)


def test_what_no_cookie_of_ours_is_pins_nothing(seen: Visit) -> None:
    """A cookie is anybody's text: what cannot be read is passed over, and what is no question is told."""
    for value in ("%", "!!!", "_w==", "YQpi"):
        seen.page.context.add_cookies([{"name": "pins", "value": value, "url": seen.address}])
        assert seen.page.goto(f"{seen.address}/trace").status == 200  # type: ignore[union-attr]  # there is an answer


def test_fields_tell_their_values_and_narrow(seen: Visit) -> None:
    """The list comes when it is opened, the values of a field when that is; without script they are pages."""
    page = seen.go("/trace?domain=example.com")
    whole = counted(page)
    page.locator("details.fields > summary").click()
    if page.evaluate("typeof htmx") == "undefined":
        page.get_by_role("link", name="Fields and their values").click()
        page.get_by_role("link", name="Outcome", exact=True).click()
    else:
        page.locator(".field-one summary", has_text=re.compile("^Outcome$")).click()
    rows = page.locator(".field-values tr")
    expect(rows.first).to_be_visible()
    told = [int(re.sub(r"\D", "", text)) for text in page.locator(".field-values td.num:nth-of-type(1)").all_inner_texts()]
    assert told == sorted(told, reverse=True)
    assert sum(told) <= whole
    rows.first.get_by_role("link", name=re.compile("^Not ")).click()
    page.wait_for_url(re.compile("query=not"))
    assert counted(page) == whole - told[0]


def test_the_report_leads_to_what_came_just_before_and_after(seen: Visit) -> None:
    """On the same server, five minutes either way; the message itself is among them."""
    page = seen.go("/trace?domain=example.com")
    page.locator("#rows a.arrow").first.click()
    trace = urlsplit(page.url).path.rpartition("/")[2]
    page.get_by_role("link", name="What came just before and after").click()
    assert asked(page)["query"][0].startswith('host: "')
    assert {"since", "until"} <= asked(page).keys()
    assert page.locator(f'#rows tr[data-id="{trace}"]').count() == 1


def test_the_same_question_is_told_for_the_api_and_the_command(seen: Visit) -> None:
    """The address answers as many, and the command has the question's own options."""
    page = seen.go("/trace?domain=example.com&disposition=delivered&since=30d")
    page.locator("details.share > summary").click()
    api = page.locator("#same-api").inner_text()
    assert parse_qs(urlsplit(api).query) == {"domain": ["example.com"], "disposition": ["delivered"], "since": ["30d"]}
    answer = page.request.get(api)
    assert answer.ok
    assert answer.json()["total"]["value"] == counted(page)
    words = shlex.split(page.locator("#same-command").inner_text())
    assert words == ["mailtrace", "search", "--domain", "example.com", "--disposition", "delivered", "--since", "30d"]
    assert shlex.split(page.locator("#same-curl").inner_text())[-1] == api


def test_searches_with_a_name_are_kept_by_the_browser(scripted: Visit) -> None:
    """Saved, listed on the empty page, opened, and forgotten; the link is copied whole."""
    page = scripted.go("/trace?domain=example.com&disposition=delivered")
    page.locator("details.share > summary").click()
    page.get_by_label("Name of this search").fill("<b>Ours & delivered</b>")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".share .saved li")).to_have_count(1)
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_timeout(100)
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    scripted.go("/trace")
    expect(page.get_by_role("heading", name="Saved searches")).to_be_visible()
    page.get_by_role("link", name="<b>Ours & delivered</b>").click()
    assert asked(page) == {"domain": ["example.com"], "disposition": ["delivered"]}
    scripted.go("/trace")
    page.get_by_role("button", name="Forget the search <b>Ours & delivered</b>").click()
    expect(page.get_by_role("heading", name="Saved searches")).to_be_hidden()


@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_serious_where_it_opens(browser: Browser, address: str, width: int) -> None:
    """With filters set aside and pinned, with each list open, and on the page of fields; nothing scrolls sideways."""
    with visit(browser, address, width=width) as seen:
        page = seen.go('/trace?domain=example.com&disposition=delivered&off=not+sender%3A+"x%40y.example"')
        page.get_by_role("button", name="Keep it for each new search").first.click()
        assert violations(page) == []
        page.locator("details.share > summary").click()
        assert violations(page) == []
        page.keyboard.press("Escape")
        page.locator("details.fields > summary").click()
        page.locator(".field-one summary", has_text=re.compile("^Outcome$")).click()
        expect(page.locator(".field-values tr").first).to_be_visible()
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        seen.go("/trace/fields?domain=example.com&of=sender")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        seen.go("/trace")
        assert violations(page) == []


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ('disposition: "delivered"', "Outcome Delivered"),
        ('not disposition: ("bounced" or "expired")', "not Outcome Bounced or expired"),
        ("reason: spam", "Reason Spam"),
        ('subject: "say \\"no\\" or (yes)"', 'Subject say "no" or (yes)'),
        ('sender: ("a@x.example" or "b@x.example")', "Sender a@x.example or b@x.example"),
        ('sender: ("a@x.example" and "b@x.example")', 'Query sender: ("a@x.example" and "b@x.example")'),
        ("size > 3", "Query size > 3"),
    ],
)
def test_a_part_of_a_question_is_told_as_it_was_chosen(part: str, words: str) -> None:
    """Its words are those of the list; what is no link's is told as it is."""
    (pill,) = pinned_pills([part], book(ENGLISH))
    assert f"{'not ' if pill.negated else ''}{pill.label} {pill.value}" == words
