"""Who writes to whom in generated traffic: domains, addresses and clients, a few of them very often."""

from __future__ import annotations

from functools import lru_cache
from random import Random

_FIRST: tuple[str, ...] = (
    *("anna", "bob", "carla", "dieter", "eva", "frank", "greta", "hans", "ines", "jan", "klara", "lars", "maria", "nils", "olga", "paul"),
    *("rita", "sven", "tina", "uwe", "vera", "wim", "yara", "zoe", "info", "sales", "office", "news", "support", "billing", "noreply"),
)
_LAST: tuple[str, ...] = (
    *("rossi", "meyer", "novak", "silva", "berg", "kahn", "lindt", "moreau", "smith", "weber", "jansen", "costa", "ferrari", "huber"),
    *("kraus", "lang"),
)
_WORDS: tuple[str, ...] = (
    *("nord", "bay", "hill", "stone", "river", "oak", "blue", "iron", "silver", "green", "lake", "west", "field", "sun", "wind", "port"),
    *("forge", "glass", "north", "star"),
)
_ENDS = ("example", "example.com", "example.net", "example.org", "test")

#: How many domains there are on either side, and addresses in the largest of them.
FOREIGN_DOMAINS = 20_000
LOCAL_DOMAINS = 2_000
_MOST_ADDRESSES = 2_000


def skewed(random: Random, count: int) -> int:
    """Draw from 0 to count - 1 with a log-uniform skew: the first is drawn in about 7 % of cases for 20,000."""
    return int(count ** random.random()) - 1


@lru_cache(maxsize=65536)
def domain(index: int, *, local: bool) -> str:
    """Name a domain."""
    side = "" if local else "-mail"
    return f"{_WORDS[index % 20]}{_WORDS[index // 20 % 20]}{index}{side}.{_ENDS[index % 5]}"


@lru_cache(maxsize=65536)
def local_part(index: int) -> str:
    """Name an address within its domain."""
    first, last = _FIRST[index % len(_FIRST)], _LAST[index // len(_FIRST) % len(_LAST)]
    return first if index < len(_FIRST) else f"{first}.{last}" if index < 512 else f"{first}.{last}{index}"


def address(random: Random, *, local: bool) -> str:
    """Draw an address."""
    index = skewed(random, LOCAL_DOMAINS if local else FOREIGN_DOMAINS)
    users = 20 + _MOST_ADDRESSES // (index + 1)
    return f"{local_part(skewed(random, users))}@{domain(index, local=local)}"


@lru_cache(maxsize=65536)
def client(name: str) -> tuple[str, str]:
    """Host name and address of the server that sends for a domain."""
    number = sum((i + 1) * ord(c) for i, c in enumerate(name))
    return f"mail.{name}", f"203.0.{number % 113}.{number % 251 + 1}"
