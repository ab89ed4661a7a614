"""The captures of forgeries, each read once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from forged.sent import FORGED, Forged
from search.service import MailTrace

Read = tuple[Forged, MailTrace]


@pytest.fixture(scope="session", params=FORGED, ids=str)
def capture(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    """Give each capture, with a store into which its logs were read."""
    forged: Forged = request.param
    with forged.mail(tmp_path_factory.mktemp("forged")) as mail:
        yield forged, mail
