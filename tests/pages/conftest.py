"""One browser for all tests, and services over captured mail: on the embedded store and on an Elasticsearch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest
from captures import FORMS
from debian import NotThereError
from playwright.sync_api import Browser
from reading import Place, read
from stores import Embedded

from ingest.telling.ownership import Owner
from pages import browsing
from search.access import Customer

#: A few minutes behind the last line of the capture, on its day.
NOW_MS = int(datetime(2026, 11, 24, 4, 20, tzinfo=UTC).timestamp() * 1000)
CUSTOMERS = (Customer("Example Ltd", ("example.com",)), Customer("Example Club", ("example.org",)))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Give a real browser; without one the tests fail, and say how to get it."""
    try:
        with browsing.browser() as started:
            yield started
    except NotThereError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def captured(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Give a store with a captured run of a mail server, for two customers."""
    folder = tmp_path_factory.mktemp("captured")
    place = Place(folder / "logs", folder / "data", Embedded(folder / "data" / "store"))
    owners = tuple(Owner(one.name, frozenset(one.domains)) for one in CUSTOMERS)
    read(place, FORMS[0].unpacked(place.logs), customers=owners)
    return place


@pytest.fixture(scope="session")
def address(captured: Place) -> Iterator[str]:
    """Give the address of a service over that store, at the time of the capture, open to whoever is on this machine."""
    with closing(captured.store.engine()) as engine, browsing.serving(captured.data, engine, NOW_MS, customers=CUSTOMERS) as where:
        yield where


@pytest.fixture(params=[True, False], ids=["with script", "without script"])
def seen(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[browsing.Visit]:
    """Give a visitor; what the browser complained about fails the test at its end."""
    with browsing.visit(browser, address, script=request.param) as visitor:
        yield visitor
        assert not visitor.grave(), visitor.complaints
