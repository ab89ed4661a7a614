"""The desk, driven: how many rows there are to see, the chart that is dragged over, values that narrow, columns that are chosen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from pages.browsing import Visit, violations, visit

_WHOLE_ROWS = """() => [...document.querySelectorAll('#rows > tr')].map(row => row.getBoundingClientRect())
    .filter(box => box.top >= 0 && box.bottom <= innerHeight).length"""


@pytest.fixture
def scripted(browser: Browser, address: str) -> Iterator[Visit]:
    """The same, with script."""
    with visit(browser, address) as visitor:
        yield visitor
        assert not visitor.grave(), visitor.complaints


def asked(page: Page) -> dict[str, list[str]]:
    """What stands in the address of a page."""
    return parse_qs(urlsplit(page.url).query)


def counted(page: Page) -> int:
    """How many messages the headline says."""
    return int(re.sub(r"\D", "", page.get_by_role("heading", level=2).first.inner_text().split("message")[0]))


@pytest.mark.parametrize(
    ("width", "height", "least", "question"),
    [
        (1280, 900, 12, "domain=example.com"),
        (1280, 900, 12, "domain=example.com&query=not+disposition%3A+deleted+and+not+client%3A+%22x%22&disposition=delivered"),
        (1920, 1080, 16, "domain=example.com"),
        (390, 844, 2, "domain=example.com"),
        (390, 844, 2, "domain=example.com&query=not+disposition%3A+deleted"),
    ],
)
@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_so_many_whole_rows_are_seen(
    browser: Browser, address: str, *, script: bool, width: int, height: int, least: int, question: str
) -> None:
    """Without scrolling, with a notice and filters above; and a row is 28 pixels high where the screen is wide."""
    with visit(browser, address, script=script, width=width) as seen:
        seen.page.set_viewport_size({"width": width, "height": height})
        # What lies before all that is kept is said in a notice.
        page = seen.go(f"/trace?{question}&since=2001-01-01")
        expect(page.locator(".notice")).to_be_visible()
        assert page.evaluate(_WHOLE_ROWS) >= least
        if width > 1000:
            heights = page.evaluate("[...new Set([...document.querySelectorAll('#rows > tr')].map(row => row.offsetHeight))]")
            assert heights == [28]


def test_rows_with_room_are_a_choice_that_the_browser_keeps(seen: Visit) -> None:
    """Until it is taken back."""
    page = seen.go("/trace?domain=example.com")
    page.get_by_text("Columns and order").click()
    page.get_by_role("button", name="Roomy rows").click()
    expect(page.locator(".traces.roomy")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/trace\?domain=example\.com$"))
    assert page.evaluate("document.querySelector('#rows > tr').offsetHeight") > 40
    seen.go("/trace?recipient=bob%40example.com")
    page.get_by_text("Columns and order").click()
    page.get_by_role("button", name="Dense rows").click()
    expect(page.locator(".traces.dense")).to_be_visible()
    assert page.evaluate("document.querySelector('#rows > tr').offsetHeight") == 28


def test_the_form_is_folded_after_a_search_and_opens_again(seen: Visit) -> None:
    """By a click, by the keyboard; what was asked is in it."""
    page = seen.go("/trace")
    expect(page.get_by_label("Search by")).to_be_visible()
    seen.go("/trace?recipient=bob%40example.com")
    field = page.get_by_role("textbox", name=re.compile("^Recipient"))
    expect(field).not_to_be_visible()
    page.get_by_text("Change search").click()
    expect(field).to_have_value("bob@example.com")
    seen.go("/trace?recipient=bob%40example.com")
    page.locator(".folded > summary").focus()
    page.keyboard.press("Enter")
    expect(field).to_be_visible()


def test_a_value_leads_to_only_this_and_to_not_this(seen: Visit) -> None:
    """Both by a link in its cell; what fits and what does not are all that was there."""
    page = seen.go("/trace?domain=example.com")
    whole = counted(page)
    row = page.locator("#rows > tr").first
    sender = row.locator(".c-sender .v").inner_text()
    row.locator(".c-sender .v").click()
    assert asked(page) == {"domain": ["example.com"], "sender": [sender]}
    only = counted(page)
    assert 0 < only < whole
    assert set(page.locator("#rows .c-sender .v").all_inner_texts()) == {sender}
    seen.go("/trace?domain=example.com")
    row.locator(".c-sender").hover()
    row.get_by_role("link", name=f"Not {sender}").click()
    assert asked(page) == {"domain": ["example.com"], "query": [f'not sender: "{sender}"']}
    assert counted(page) == whole - only
    assert sender not in page.locator("#rows .c-sender .v").all_inner_texts()


def test_filters_are_turned_round_and_taken_away_one_by_one(seen: Visit) -> None:
    """Also the parts of a question in the language that links have made."""
    page = seen.go("/trace?domain=example.com")
    whole = counted(page)
    row = page.locator("#rows > tr").first
    row.locator(".c-disposition").hover()
    row.locator(".c-disposition .no").click()
    row.locator(".c-recipient").hover()
    row.locator(".c-recipient .no").click()
    pills = page.get_by_role("list", name="Filters").locator(".pill")
    expect(pills).to_have_count(3)
    page.get_by_role("link", name=re.compile("^not Recipient.*only this instead$")).click()
    turned = counted(page)
    assert 0 < turned < whole
    page.get_by_role("link", name=re.compile("^Remove filter not Outcome")).click()
    expect(pills).to_have_count(2)
    assert counted(page) >= turned
    page.get_by_role("link", name=re.compile("^Remove filter Recipient")).click()
    assert asked(page) == {"domain": ["example.com"]}


def test_every_kind_of_value_narrows_to_itself(seen: Visit) -> None:
    """Of all columns at once: whoever follows a value's link finds the message that it stands beside."""
    names = (
        "client,ip,sender,recipient,subject,disposition,verdict,reason,detail,code,size,score,queue_id,message_id,direction,relay,attempts"
    )
    page = seen.go(f"/trace?disposition=quarantined&disposition=bounced&disposition=rejected&columns={names}")
    row = page.locator("#rows > tr").nth(3)
    trace = row.get_attribute("data-id")
    links = row.locator("a.v").evaluate_all("all => all.map(one => one.href)")
    assert len(links) > 8
    for link in links:
        page.goto(link)
        expect(page.locator(f"#rows > tr[data-id='{trace}']")).to_have_count(1)
    for link in links:
        page.goto(link.replace("&only=", "&not="))
        expect(page.locator(f"#rows > tr[data-id='{trace}']")).to_have_count(0)


def test_columns_are_added_moved_and_taken_away(seen: Visit) -> None:
    """They stand in the address; the browser keeps them where that is asked for."""
    page = seen.go("/trace?domain=example.com")
    heads = page.locator(".traces thead th:not(.go)")

    def open_choice() -> None:
        page.get_by_text("Columns and order").click()

    open_choice()
    page.get_by_label("One more column").select_option(label="Size")
    page.get_by_role("button", name="Add").click()
    assert asked(page)["columns"] == ["time,client,sender,recipient,subject,disposition,code,size"]
    expect(heads.last).to_have_text("Size")
    open_choice()
    page.get_by_role("link", name="Without Sending server").click()
    open_choice()
    page.get_by_role("link", name="Size further left").click()
    assert asked(page)["columns"] == ["time,sender,recipient,subject,disposition,size,code"]
    assert page.locator("#rows > tr").first.locator("td").count() == 8
    seen.go("/trace?domain=example.org")
    expect(heads).to_have_count(7)
    page.go_back()
    open_choice()
    page.get_by_role("button", name="Keep in this browser").click()
    seen.go("/trace?domain=example.org")
    assert heads.all_inner_texts()[5] == "Size"
    open_choice()
    page.get_by_role("link", name="Usual columns").click()
    expect(heads).to_have_text(["Date (CET)", "Sending server", "Sender", "Recipient", "Subject", "Outcome", "Error code"])


def test_a_column_that_there_is_not_is_told(seen: Visit) -> None:
    """With the nearest one."""
    page = seen.go("/trace?domain=example.com&columns=sendr")
    expect(page.get_by_role("alert")).to_contain_text("there is no column “sendr”")
    expect(page.get_by_role("alert")).to_contain_text("sender")


def test_the_chart_is_clipped_to_where_mail_is_and_names_days(seen: Visit) -> None:
    """Though a month is asked for, in which all mail is of some minutes; its bars are links to their time."""
    page = seen.go("/trace?domain=example.com&since=30d")
    bars = page.locator(".plot a[data-since]")
    assert bars.count() > 10
    assert page.locator(".plot svg").evaluate("svg => svg.getBoundingClientRect().height") <= 84
    expect(page.locator(".plot text:not(.greatest)").first).to_contain_text("24 Nov")
    bar = page.locator(".plot a[href]").first
    words = bar.locator("title").text_content() or ""
    page.goto(bar.evaluate("bar => new URL(bar.getAttribute('href'), location.href).href"))
    assert counted(page) == sum(int(n) for n in re.findall(r"[a-z] (\d+)", words.partition(": ")[2]))


def test_the_chart_is_clicked_dragged_over_and_folded_away(scripted: Visit) -> None:
    """A click asks for one bar, a drag for all that lie under it; folded it stays so."""
    page = scripted.go("/trace?domain=example.com")
    whole = counted(page)
    bars = page.locator(".plot a[data-since]")
    first, last = bars.nth(0), bars.nth(5)
    bounds = [first.get_attribute("data-since"), last.get_attribute("data-until")]
    begin, end = first.bounding_box(), last.bounding_box()
    assert begin
    assert end
    page.mouse.move(begin["x"] + begin["width"] / 2, begin["y"] + 30)
    page.mouse.down()
    page.mouse.move(end["x"], end["y"] + 20)
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + 30)
    expect(page.locator(".plot .brushed")).to_have_count(1)
    with page.expect_navigation():
        page.mouse.up()
    assert [asked(page)["since"][0], asked(page)["until"][0]] == bounds
    assert 0 < counted(page) < whole
    inside = counted(page)
    full = page.locator(".plot a[href]").first
    box = full.bounding_box()
    assert box
    with page.expect_navigation():
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 62)
    assert 0 < counted(page) <= inside
    page.locator(".drawn > summary").click()
    expect(page.locator(".plot")).not_to_be_visible()
    scripted.go("/trace?domain=example.org")
    expect(page.locator(".plot")).not_to_be_visible()


def test_rows_come_in_the_order_of_a_head(seen: Visit) -> None:
    """By time to the end, newest or oldest first; by a number the first thousand, and it says so."""
    page = seen.go("/trace?domain=example.com&columns=time,size,score,sender")
    newest = page.locator("#rows > tr").first.get_attribute("data-id")
    head = page.get_by_role("columnheader", name=re.compile("^Date"))
    expect(head).to_have_attribute("aria-sort", "descending")
    head.get_by_role("link").click()
    assert asked(page)["sort"] == ["oldest"]
    expect(page.get_by_role("columnheader", name=re.compile("^Date"))).to_have_attribute("aria-sort", "ascending")
    expect(page.locator("#more")).to_contain_text("Oldest first.")
    for _ in range(10):
        if not page.get_by_role("link", name="Show more").count():
            break
        shown = page.locator("#rows > tr").last.get_attribute("data-id")
        page.get_by_role("link", name="Show more").click()
        page.wait_for_function("shown => [...document.querySelectorAll('#rows > tr')].at(-1).dataset.id !== shown", arg=shown)
    assert page.locator("#rows > tr").last.get_attribute("data-id") == newest
    page.get_by_role("columnheader", name="Size").get_by_role("link").click()
    expect(page.locator("#more")).to_contain_text("By size, the greatest first, the first 1,000 at most.")
    sizes = [int(text.replace(",", "")) for text in page.locator("#rows .c-size .v").all_inner_texts()]
    assert sizes == sorted(sizes, reverse=True)
    page.get_by_role("columnheader", name="Size").get_by_role("link").click()
    assert "sort" not in asked(page)
    page.get_by_text("Columns and order").click()
    page.get_by_label("Order of rows").select_option("delay")
    page.get_by_role("button", name="Sort").click()
    assert asked(page)["sort"] == ["delay"]


def test_the_panel_follows_the_keys(scripted: Visit) -> None:
    """It tells the row that one is on, its sentence can be copied, and Escape leads back to the row."""
    scripted.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = scripted.go("/trace?disposition=quarantined")
    panel = page.get_by_role("complementary", name="The message of the row")
    expect(panel).not_to_be_visible()
    page.keyboard.press("j")
    expect(panel).to_contain_text("Quarantined")
    first = panel.get_attribute("data-id")
    assert first == page.locator("#rows > tr").first.get_attribute("data-id")
    expect(page.locator("#live")).to_contain_text("Quarantined")
    page.keyboard.press("j")
    expect(panel).not_to_have_attribute("data-id", first or "")
    assert panel.get_attribute("data-id") == page.locator("#rows > tr").nth(1).get_attribute("data-id")
    for part in ("What it means", "Whose move", "Next step", "For the customer"):
        expect(panel.get_by_text(part, exact=True)).to_be_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#side') !== null"), "Tab leads from the row into the panel"
    copy = panel.locator("[data-copy]")
    box = copy.bounding_box()
    assert box
    assert box["y"] + box["height"] < 900
    copy.click()
    expect(copy).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("The message")
    page.keyboard.press("Escape")
    expect(panel).not_to_be_visible()
    assert page.evaluate("document.activeElement.closest('tr').rowIndex") == 2
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Email Report")
    expect(page.get_by_role("main")).to_contain_text(copied)


def test_the_panel_opens_by_a_click_beside_the_values(scripted: Visit) -> None:
    """A narrow screen has none; the arrow leads to the report."""
    page = scripted.go("/trace?disposition=bounced")
    panel = page.locator("#side")
    row = page.locator("#rows > tr").nth(2)
    row.locator("td").first.click()
    expect(panel).to_be_visible()
    assert panel.get_attribute("data-id") == row.get_attribute("data-id")
    panel.get_by_role("button", name="Close the panel").click()
    expect(panel).not_to_be_visible()
    page.set_viewport_size({"width": 1100, "height": 900})
    scripted.go("/trace?disposition=bounced")
    row.locator("td").first.click()
    page.keyboard.press("j")
    page.wait_for_timeout(400)
    expect(panel).not_to_be_visible()


def test_the_keys_are_told_in_a_dialog(scripted: Visit) -> None:
    """Which is closed by Escape, and leads to where they are switched off."""
    page = scripted.go("/domains")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("Next and previous message")
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    scripted.go("/trace?domain=example.com")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "f-text"


def test_a_first_visit_is_no_empty_page(seen: Visit) -> None:
    """What waits, what was kept today, and the last searches of this access."""
    page = seen.go("/trace?recipient=carol%40partner.example")
    page = seen.go("/trace")
    main = page.get_by_role("main")
    expect(main.get_by_role("heading", name=re.compile("^What waits"))).to_be_visible()
    expect(main.get_by_role("heading", name=re.compile("^Kept today"))).to_be_visible()
    assert page.get_by_role("link", name=re.compile("^Email Report: Quarantined")).count() > 0
    page.get_by_role("link", name="Messages to carol@partner.example").click()
    assert asked(page) == {"recipient": ["carol@partner.example"]}
    seen.go("/trace")
    page.get_by_role("link", name="Show all of kept today").click()
    assert asked(page)["disposition"] == ["quarantined", "held"]
    assert counted(page) > 5


@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_axe_finds_nothing_serious_on_the_desk(browser: Browser, address: str, width: int) -> None:
    """With all that can be open on it: the panel, the choice of columns, the form, the keys; and a planted fault is seen there."""
    with visit(browser, address, width=width) as seen:
        names = "time,sender,recipient,size,score,direction,symbol,queue_id,disposition,code,incomplete"
        page = seen.go(f"/trace?disposition=quarantined&disposition=bounced&query=not+sender%3A+%22x%40y.example%22&columns={names}")
        found = violations(page)
        page.keyboard.press("j")
        if width >= 1200:
            expect(page.locator("#side")).to_be_visible()
        page.get_by_text("Columns and order").click()
        found += violations(page)
        page.keyboard.press("Escape")
        page.locator(".folded > summary").click()
        found += violations(page)
        page.locator(".folded > summary").click()
        page.locator("body").press("?")
        expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        found += violations(page)
        page.keyboard.press("Escape")
        assert not found, "\n".join(found)
        page.evaluate("() => { document.querySelector('#rows a.arrow').removeAttribute('aria-label'); }")
        assert any("link-name" in one for one in violations(page))
        assert not seen.grave(), seen.complaints


def test_a_result_weighs_little_cold(browser: Browser, address: str) -> None:
    """All that the rows need, as it goes over the wire: 60 kB at most."""
    with visit(browser, address) as seen:
        page = seen.page
        wire = page.context.new_cdp_session(page)
        wire.send("Network.enable")
        weighed: dict[str, float] = {}
        paths: dict[str, str] = {}
        wire.on("Network.requestWillBeSent", lambda event: paths.update({event["requestId"]: event["request"]["url"]}))
        wire.on("Network.loadingFinished", lambda event: weighed.update({event["requestId"]: event["encodedDataLength"]}))
        seen.go("/trace?domain=example.com")
        expect(page.locator("#rows > tr")).to_have_count(50)
        page.wait_for_timeout(500)
        told = {paths[number].removeprefix(address): size for number, size in weighed.items()}
        assert len(told) >= 5, told
        assert sum(told.values()) <= 60_000, told
        assert told["/trace?domain=example.com"] <= 20_000, told


def test_another_time_is_a_click_away(seen: Visit) -> None:
    """Quick ranges, and times of one's own: relative ones, and absolute ones in the reader's zone, which is named."""
    page = seen.go("/trace?domain=example.com&since=today&columns=time,sender")
    choice = page.locator(".times-choice")
    choice.locator("summary").click()
    choice.get_by_role("link", name="Last 24 hours").click()
    assert asked(page) == {"domain": ["example.com"], "since": ["24h"], "columns": ["time,sender"]}
    expect(choice.locator("summary")).to_contain_text("Last 24 hours")
    choice.locator("summary").click()
    expect(choice).to_contain_text("Europe/Berlin")
    choice.get_by_label("From").fill("2d")
    choice.get_by_label("To").fill("2026-11-24 05:07")
    choice.get_by_role("button", name="Show this time").click()
    assert asked(page) == {"domain": ["example.com"], "since": ["2d"], "until": ["2026-11-24T04:07:00Z"], "columns": ["time,sender"]}
    assert 0 < counted(page) < 222
    choice.locator("summary").click()
    choice.get_by_role("link", name="Everything kept").click()
    assert asked(page) == {"domain": ["example.com"], "columns": ["time,sender"]}
