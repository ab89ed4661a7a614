"""Help and the API for people: every example works, every call is there."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from pages.browsing import visit


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_every_example_of_the_help_is_a_search(browser: Browser, address: str, *, script: bool) -> None:
    """It can be asked, and some of them find mail of the capture."""
    with visit(browser, address, script=script) as seen:
        page = seen.go("/trace")
        page.get_by_role("navigation").get_by_role("link", name="Help").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Help")
        links = page.locator(".examples a").evaluate_all("all => all.map(one => one.href)")
        assert len(links) > 10
        found = 0
        for link in links:
            answer = page.request.get(link)
            assert answer.ok, link
            text = answer.text()
            assert "could not be run" not in text
            found += "Nothing found" not in text
        assert found >= 5
        page.get_by_text("All fields that can be asked for").click()
        expect(page.get_by_role("rowheader", name="quarantine_id qid")).to_be_visible()
        assert not seen.grave()


def test_the_api_is_told_to_people(browser: Browser, address: str) -> None:
    """From the foot of each page; each call with its parameters, and the JSON for programs."""
    with visit(browser, address, script=False) as seen:
        page = seen.go("/domains")
        page.get_by_role("contentinfo").get_by_role("link", name="API").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("API")
        described = page.request.get(f"{address}/api/v1/openapi.json").json()
        calls = {f"{method.upper()} {path}" for path, methods in described["paths"].items() for method in methods}
        assert set(page.locator(".call h2").all_inner_texts()) == calls
        first = page.locator(".call").first
        first.get_by_text(re.compile(r"^\d+ parameters$")).click()
        expect(first.get_by_role("rowheader", name="disposition")).to_be_visible()
        expect(first).not_to_contain_text("object at 0x")
        page.get_by_role("link", name="openapi.json").click()
        assert page.url.endswith("/api/v1/openapi.json")


def test_there_is_a_mark_for_the_tab(browser: Browser, address: str) -> None:
    """In the page, and where browsers once looked."""
    with visit(browser, address) as seen:
        page = seen.go("/domains")
        icon = page.locator("link[rel=icon]").get_attribute("href")
        for path in (icon, "/favicon.ico"):
            answer = page.request.get(f"{address}{path}")
            assert answer.headers["content-type"].startswith("image/svg+xml"), path
            assert answer.body().startswith(b"<svg"), path
