"""Who sent it and who should get it, as amavis lists them: `<sender> -> <recipient>,<recipient>`."""

from __future__ import annotations

import re

from mappings.address import normalise, parse_path

_PAIR = re.compile(r"\\.", re.DOTALL)
_ODD = re.compile(r"(?<!\\)(?:\\\\)*+\\(?!\\)")

#: The id of a message in amavis, and the id of a task in its log.
MAIL_ID = r"[A-Za-z0-9_+-]{8,24}"

#: Where a message is kept, by the names that amavis gives files unless it is told otherwise: `%m`, the mail id, behind a word, in a folder
#: with its first character.
_KEPT = re.compile(r"(?:([A-Za-z0-9_+-])/)?[a-z]{4,12}-([A-Za-z0-9_+-]{12})(?:\.gz)?")


def id_of_kept(quarantine_ids: list[str]) -> str | None:
    """The mail id of a scan whose result names none, of the name under which it kept the message: a release names it."""
    for match in map(_KEPT.fullmatch, quarantine_ids):
        if match is not None and (match[1] is None or match[2].startswith(match[1])):
            return match[2]
    return None


def once(text: str) -> str:
    """The text with each backslash once: amavis doubles them all in its log.

    Doubled, no run of them is odd. Where one is, a forwarder took the doubling away already, and taking it away once more would let a
    stranger's quote end what stands in quotes.
    """
    return text if "\\" not in text or _ODD.search(text) is not None else text.replace("\\\\", "\\")


def paths(text: str, at: int) -> tuple[list[str], int]:
    """The comma-separated `<address>` list that begins at `at`, and where it ends."""
    found: list[str] = []
    while text.startswith("<", at):
        raw, at = parse_path(text, at)
        if text[at - 1] != ">" or (_PAIR.sub("", raw).count('"') % 2 and not text.startswith(",", at)):
            # Cut off, perhaps within quotes: no address of anybody.
            break
        found.append(normalise(raw))
        if not text.startswith(",<", at):
            break
        at += 1
    return found, at


def parties(text: str, at: int) -> tuple[str, list[str], int] | None:
    """`<sender> -> <recipient>,<recipient>`: both sides, and where they end."""
    if not text.startswith("<", at):
        return None
    raw, at = parse_path(text, at)
    if not text.startswith(" -> ", at):
        return None
    recipients, at = paths(text, at + 4)
    return normalise(raw), recipients, at
