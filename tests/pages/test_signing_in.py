"""Signing in with a token, in a browser: what each role sees, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect
from reading import Place

from pages.browsing import serving, visit
from pages.conftest import CUSTOMERS, NOW_MS
from search.access import Role
from search.http.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Guarded:
    """A service with tokens."""

    address: str
    tokens: Tokens
    integrator: str
    customer: str


@pytest.fixture
def guarded(captured: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """Give a service with a token for an integrator and one for a customer."""
    tokens = Tokens(tmp_path_factory.mktemp("access") / "tokens.json")
    integrator = tokens.create("Integrator North", Role.INTEGRATOR, NOW_MS, customers=["Example Ltd", "Example Club"])
    customer = tokens.create("Club", Role.CUSTOMER, NOW_MS, domains=["example.org"])
    data = tmp_path_factory.mktemp("guarded")
    with (
        closing(captured.store.engine()) as engine,
        serving(data, engine, NOW_MS, customers=CUSTOMERS, tokens=tokens, open=False) as address,
    ):
        yield Guarded(address, tokens, integrator, customer)


def sign_in(page: Page, token: str) -> None:
    """Fill in the token."""
    page.get_by_label("Access token").fill(token)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_signing_in_leads_where_one_wanted_to_go(browser: Browser, guarded: Guarded, script: bool) -> None:
    """A link asks for the token first and then shows its page; a wrong token says so; signing out ends it."""
    with visit(browser, guarded.address, script=script) as seen:
        page = seen.go("/trace?recipient=bob%40example.com")
        expect(page).to_have_url(re.compile("/sign-in"))
        sign_in(page, "mt_wrong")
        expect(page.get_by_text("This token is not valid")).to_be_visible()
        sign_in(page, guarded.integrator)
        expect(page).to_have_url(re.compile(r"/trace\?recipient=bob"))
        expect(page.get_by_text("Integrator North").first).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        seen.go("/domains")
        expect(page).to_have_url(re.compile("/sign-in"))


def test_a_customer_sees_its_own_mail_only(browser: Browser, guarded: Guarded) -> None:
    """Domains, results and reports are those of its domain; another's mail reads as mail that is not there."""
    with visit(browser, guarded.address) as seen:
        page = seen.go("/domains")
        sign_in(page, guarded.customer)
        expect(page.get_by_role("main")).to_contain_text("example.org")
        expect(page.get_by_role("main")).not_to_contain_text("example.com")
        seen.go("/trace?recipient=bob%40example.com")
        foreign = _without_offers(page)
        seen.go("/trace?recipient=nobody%40example.com")
        assert _without_offers(page).replace("nobody@", "bob@") == foreign
        assert page.request.get(f"{guarded.address}/audit").status in (403, 404)


def _without_offers(page: Page) -> str:
    """What a page says, but for near addresses of the customer's own mail, which depend on what was typed."""
    return "\n".join(line for line in page.get_by_role("main").inner_text().splitlines() if not line.startswith("Did you mean "))


def test_a_revoked_token_ends_its_sessions(browser: Browser, guarded: Guarded) -> None:
    """Whoever signed in with it is out at the next click."""
    with visit(browser, guarded.address) as seen:
        page = seen.go("/domains")
        sign_in(page, guarded.customer)
        expect(page.get_by_role("heading", level=1)).to_have_text("Domains")
        guarded.tokens.revoke("Club", NOW_MS)
        seen.go("/domains")
        expect(page).to_have_url(re.compile("/sign-in"))
