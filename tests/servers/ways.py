"""The ways to a server, in their order; the first that is there is taken."""

from __future__ import annotations

import os
from collections.abc import Callable

from . import containers
from .process import ProcessServer
from .server import NoServerError, Server, Wanted, wait_until_healthy

URL_VARIABLE = "MAILTRACE_TEST_ELASTICSEARCH"
GIVEN_SECONDS = 30.0
HOW_TO = (
    f"To run these tests, set {URL_VARIABLE} to the address of an Elasticsearch without data of value, start a Docker engine, "
    "or install Maven and a Java that it runs on (Debian: maven, openjdk-17-jre-headless for version 8, Java 21 or later for 9)."
)


class GivenServer:
    """A server that somebody runs; it is left running."""

    ours = False
    credentials = None

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        wait_until_healthy(self.url, seconds=GIVEN_SECONDS, why_not=lambda: None)
        self.way = f"an Elasticsearch that was there at {self.url}, as {URL_VARIABLE} says"

    def kill(self) -> None:
        """Refuse: it is not ours."""
        raise NoServerError(f"The server at {self.url} is not ours to kill.")

    def start(self) -> None:
        """It runs already."""

    def close(self) -> None:
        """Leave it running."""


def given(wanted: Wanted) -> Server | None:
    """The server that the environment names."""
    url = os.environ.get(URL_VARIABLE)
    return GivenServer(url) if url and wanted.plain else None


def container(wanted: Wanted) -> Server | None:
    """One in a container, where a Docker engine answers."""
    return containers.ContainerServer(wanted) if wanted.plain and containers.engine_answers() else None


def process(wanted: Wanted) -> Server | None:
    """One as a process of our own, with Java and Maven."""
    return ProcessServer.started(wanted)


WAYS: dict[str, Callable[[Wanted], Server | None]] = {"given": given, "container": container, "process": process}


def get(wanted: Wanted, *, only: tuple[str, ...] = tuple(WAYS)) -> Server:
    """The server by the first way that there is. What somebody named in the environment is tried alone: it must not be passed over."""
    tried: list[str] = []
    for name in only:
        try:
            server = WAYS[name](wanted)
        except NoServerError as error:
            named = name == "given" or (name == "container" and os.environ.get(containers.IMAGE_VARIABLE))
            if named:
                raise
            tried.append(str(error))
            continue
        if server is not None:
            return server
    raise NoServerError(" ".join([f"No Elasticsearch {wanted.major} for tests.", *tried, HOW_TO]))
