"""What is wanted of a server, and what one can do."""

from __future__ import annotations

import json
import os
import ssl
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Protocol

#: The full version behind each number that one can ask for.
VERSIONS = {"9": "9.5.0", "8": "8.19.5"}

VERSION_VARIABLE = "MAILTRACE_TEST_ELASTICSEARCH_VERSION"


def chosen_version() -> str:
    """The version that the environment asks for: 9 where it does not."""
    version = os.environ.get(VERSION_VARIABLE) or "9"
    return VERSIONS.get(version, version)


class NoServerError(Exception):
    """No server can be had; the message is one sentence that says why, and how to get one."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in to a secured server."""

    password: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The server that is asked for.

    Where nothing is `measured`, Java compiles lightly, which makes the start a third shorter. `settings` are Elasticsearch's own.
    `users` turn security on; `roles` is the text of a `roles.yml` for them. `files` are laid beside `elasticsearch.yml` (certificates,
    say). Settings, users, roles and files are possible with a process of our own only.
    """

    version: str = field(default_factory=chosen_version)
    heap: str = "512m"
    measured: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, User] = field(default_factory=dict)
    roles: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def major(self) -> int:
        """8 or 9."""
        return int(self.version.partition(".")[0])

    @property
    def plain(self) -> bool:
        """Whether any way of getting a server will do."""
        return not (self.settings or self.users or self.roles or self.files)


class Server(Protocol):
    """A running Elasticsearch."""

    @property
    def url(self) -> str:
        """Where it answers; the same for as long as it is there, also after `kill` and `start`."""

    @property
    def way(self) -> str:
        """How it was got, in a few words."""

    @property
    def ours(self) -> bool:
        """Whether it was started here, and may be killed."""

    @property
    def credentials(self) -> str | None:
        """`name:password` of somebody who may do everything; None where no name is asked for."""

    def kill(self) -> None:
        """End it at once, as a power cut does; its data stay."""

    def start(self) -> None:
        """Start it again on the same data and the same address, and wait until it answers; nothing if it runs."""

    def close(self) -> None:
        """End it and remove its data."""


def ask(url: str, method: str = "GET", *, body: object = None, credentials: str | None = None, timeout: float = 30.0) -> object:
    """Ask a server something over HTTP without any client, and give its JSON. Certificates are not checked: it is a test's server."""
    request = urllib.request.Request(url, method=method)  # noqa: S310
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    if credentials:
        request.add_header("Authorization", "Basic " + b64encode(credentials.encode()).decode())
    unchecked = ssl._create_unverified_context() if url.startswith("https:") else None  # noqa: S323
    with urllib.request.urlopen(request, timeout=timeout, context=unchecked) as answer:  # noqa: S310
        found: object = json.load(answer)
        return found


def wait_until_healthy(url: str, *, seconds: float, why_not: Callable[[], str | None], credentials: str | None = None) -> None:
    """Wait until a server has done all that it does at its start; `why_not` gives the reason as soon as waiting is in vain.

    `GET /` is not asked: the distribution for integration tests leaves it out.
    """
    until = time.monotonic() + seconds
    last = "no answer"
    while time.monotonic() < until:
        if reason := why_not():
            raise NoServerError(reason)
        try:
            ask(f"{url}/_cluster/health?wait_for_status=yellow&wait_for_events=languid&timeout=20s", credentials=credentials)
        except urllib.error.HTTPError as error:
            last = str(error)
            error.close()
        except (OSError, HTTPException, ValueError) as error:
            last = str(error)
        else:
            return
        time.sleep(0.1)
    raise NoServerError(f"Elasticsearch at {url} did not become healthy within {seconds:.0f} seconds: {last}.")
