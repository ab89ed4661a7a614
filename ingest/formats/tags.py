"""Whose lines a tag names, where it is not simply a program's name."""

from __future__ import annotations

import re
from collections.abc import Collection

#: Families of others whose daemons stand behind a slash too, under names that Postfix also has (`cyrus/lmtp`), and what holds containers.
_OTHERS = ("cyrus", "dovecot", "courier")
HOLDERS = frozenset({"docker", "podman", "container", "containerd", "lxc"})
_WORDS = re.compile(r"[^A-Za-z0-9]+")


def is_instance(tag: str, others: Collection[str]) -> bool:
    """Whether a slash tag is that of an instance (`postfix-out/smtpd`, `mx1/smtpd`), and not of another product.

    `others` are programs that are read, and log under no instance.
    """
    family = _WORDS.split(tag.partition("/")[0].lower(), maxsplit=1)[0]
    return not family.startswith(_OTHERS) and family not in HOLDERS and family not in others


def words_of(tag: str) -> list[str]:
    """The words of a tag: `exim_mainlog` has two."""
    return [word for word in _WORDS.split(tag.lower()) if word]
