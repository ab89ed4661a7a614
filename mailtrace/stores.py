"""From the setting `store` to the store itself: the one place that knows which kinds there are.

Each kind has a client or a database of its own, so a kind is loaded when it is opened (`mailtrace.cluster`, `mailtrace.writing`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mailtrace.problems import CouldNot, WrongUsage
from mailtrace.settings import Elasticsearch
from mappings.elasticsearch.urls import shown_url

if TYPE_CHECKING:
    from mappings.locales import Books
    from search.engines import Engine
    from search.service import MailTrace

_EMBEDDED = "sqlite:"
DEFAULT = Elasticsearch()


def is_cluster(store: str) -> bool:
    """Whether a store is an Elasticsearch cluster."""
    return store.startswith(("http://", "https://"))


def embedded_folder(store: str) -> Path:
    """Where the embedded store is; any other kind is refused in words."""
    if is_cluster(store):
        raise CouldNot(f"the store {shown_url(store)!r} is an Elasticsearch cluster; this is for the embedded store only")
    folder = store.removeprefix(_EMBEDDED)
    if folder == store or not folder:
        raise WrongUsage(f"{store!r} is no store; say sqlite:FOLDER or https://HOST:PORT")
    return Path(folder).expanduser()


def shown(store: str) -> str:
    """A store for people, without what is secret in its address."""
    return shown_url(store) if is_cluster(store) else str(embedded_folder(store))


def open_engine(store: str, cluster: Elasticsearch = DEFAULT) -> Engine:
    """Open a store for reading."""
    if is_cluster(store):
        from mailtrace.cluster import engine  # noqa: PLC0415 - as above

        return engine(store, cluster)
    folder = embedded_folder(store)
    from search.engines.embedded import EmbeddedEngine  # noqa: PLC0415

    return EmbeddedEngine(folder)


@contextmanager
def asking(store: str, cluster: Elasticsearch = DEFAULT, books: Books | None = None) -> Iterator[MailTrace]:
    """Open a store for questions about everything in it; `books` are the sentences as the site has them."""
    from mappings.locales import built_in  # noqa: PLC0415
    from search.scope import EVERYTHING  # noqa: PLC0415 - what only tells kinds apart needs no questions
    from search.service import MailTrace  # noqa: PLC0415

    with MailTrace(open_engine(store, cluster), EVERYTHING, books=books or built_in()) as mail:
        yield mail
