"""The connection to a cluster, for the sink and the engine: requests, answers, and what can go wrong in words.

The client's transport is used below its API methods: those ask each server for the client's own major version of the protocol,
which an older server refuses, and parse every answer into dictionaries.
"""

from __future__ import annotations

import base64
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from elasticsearch import Elasticsearch, TransportError
from elasticsearch.serializer import JsonSerializer

from mappings.elasticsearch import faults
from mappings.elasticsearch.urls import shown_url, with_port
from mappings.faults import StoreError, growing, of_network

_JSON, _LINES = "application/json", "application/x-ndjson"
#: Seconds between two tries: the first pause, and the longest.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 30.0
#: Pauses between the tries of a patient request, in seconds.
_MOMENTS_S = (0.1, 0.2, 0.5, 1.0)
# What it has to tell, our own faults tell in words.
logging.getLogger("elastic_transport").addHandler(logging.NullHandler())


class _Bytes(JsonSerializer):
    """Leaves answers as they came: each caller knows the shape of its own."""

    def loads(self, data: bytes) -> bytes:
        """The bytes themselves."""
        return data

    def dumps(self, data: Any) -> bytes:
        """Bytes as they are; everything else as JSON."""
        return data if isinstance(data, bytes) else msgspec.json.encode(data)


class _Lines(_Bytes):
    """The same for bodies of many lines."""

    mimetype = _LINES


class _Text(_Bytes):
    """The same for what a proxy says in place of the server."""

    mimetype = "text/*"


@dataclass(frozen=True, slots=True)
class Access:
    """How a cluster is reached. Secrets are in no `repr`."""

    nodes: tuple[str, ...]
    api_key: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    fingerprint: str | None = None
    timeout_s: float = 30.0

    def header(self) -> dict[str, str]:
        """The header that says who we are."""
        if self.api_key is not None:
            return {"authorization": f"ApiKey {self.api_key}"}
        if self.username is not None:
            pair = f"{self.username}:{self.password or ''}".encode()
            return {"authorization": f"Basic {base64.b64encode(pair).decode()}"}
        return {}

    def shown(self) -> str:
        """The nodes for people, without what is secret in them."""
        return ", ".join(shown_url(node) for node in self.nodes)


class Connection:
    """Sends requests to whichever node answers. Safe for several threads."""

    def __init__(self, access: Access) -> None:
        self.access = access
        options: dict[str, Any] = {}
        if access.ca_file is not None:
            options["ca_certs"] = access.ca_file
        if access.fingerprint is not None:
            options["ssl_assert_fingerprint"] = access.fingerprint
        if access.fingerprint is not None and access.ca_file is None:
            # The fingerprint is the check: such certificates are signed by an authority of the cluster's own.
            options |= {"verify_certs": False, "ssl_show_warn": False}
        serializers = {_JSON: _Bytes(), _LINES: _Lines(), "text/*": _Text()}
        if access.ca_file is not None and not Path(access.ca_file).is_file():
            raise StoreError(f"Elasticsearch at {access.shown()} cannot be used: there is no file {access.ca_file} with certificates.")
        try:
            self._client = Elasticsearch([with_port(node) for node in access.nodes], serializers=serializers, **options)
        except (ValueError, TypeError, OSError) as error:
            raise StoreError(f"Elasticsearch at {access.shown()} cannot be used: {error}.") from error
        self._transport = self._client.transport
        self._header = access.header()
        self._tries = len(access.nodes)

    def send(self, what: str, method: str, target: str, body: Any = None, *, lines: bool = False) -> tuple[int, bytes]:
        """One request: status and body of the answer. Raises `StoreAway` where none comes; `what` says what it is for."""
        headers = {**self._header, "accept": _JSON}
        if body is not None:
            headers["content-type"] = _LINES if lines else _JSON
        try:
            meta, answer = self._transport.perform_request(
                method,
                target,
                body=body,
                headers=headers,
                max_retries=self._tries - 1,
                request_timeout=self.access.timeout_s,
            )
        except TransportError as error:
            raise faults.StoreAway(f"Elasticsearch at {self.access.shown()} does not answer: {_words(error)}.") from error
        return meta.status, answer or b""

    def ask(
        self, what: str, method: str, target: str, body: Any = None, *, lines: bool = False, missing: bool = False, patient: bool = False
    ) -> bytes | None:
        """One request that is to succeed; with `missing`, what is not there (404) is None. Else raises what the answer says.

        With `patient`, and where a document is read, a 503 is asked again for about two seconds: an index has no copy to search in the
        moment after its creation.
        """
        status, answer = self.send(what, method, target, body, lines=lines)
        for pause_s in _MOMENTS_S if patient or method == "GET" else ():
            if status != 503:
                break
            time.sleep(pause_s)
            status, answer = self.send(what, method, target, body, lines=lines)
        if status == 404 and missing:
            return None
        if status >= 400:
            raise faults.of_answer(status, answer, what)
        return answer

    def write_where(self, what: str, target: str, condition: str, body: Any) -> bytes | None:
        """Write a document on a condition; None where it does not hold: somebody was faster (409), or its index is gone (404)."""
        try:
            return self.ask(what, "PUT", f"{target}?{condition}", body)
        except faults.StoreRefused as error:
            if error.status not in (404, 409):
                raise
            return None

    def close(self) -> None:
        """Let go of the sockets."""
        self._client.close()


def pauses() -> Iterator[float]:
    """Seconds to wait before each next try, growing to a limit."""
    return growing(FIRST_PAUSE_S, LONGEST_PAUSE_S)


def path(*parts: str) -> str:
    """A path of these parts, each quoted."""
    return "".join(f"/{quote(part, safe='*,')}" for part in parts)


def _words(error: TransportError) -> str:
    """What went wrong, without the client's own wrapping."""
    inner: BaseException = error
    while True:
        found = getattr(inner, "errors", None)
        following = found[0] if found else inner.__cause__ or next((arg for arg in inner.args if isinstance(arg, BaseException)), None)
        if following is None:
            break
        inner = following
    return of_network(inner)
