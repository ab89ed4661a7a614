"""The words for what Dovecot, or a rule of the mailbox owner, did with a message: where they begin, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from mappings.codes import reason_of
from mappings.codes.side import Side
from mappings.log_words import Filing
from mappings.vocabulary import Reason


class Words(NamedTuple):
    """What was done, and where the words for it begin."""

    what: Filing
    begin: int
    folder: str | None = None
    target: str | None = None
    text: str = ""
    reason: Reason | None = None


#: Which rule it was, as newer releases say: `fileinto action: `.
_ACTION = r"(?:[a-z]{1,30} action: )?"
#: The words behind the Message-ID, by their beginnings; an address in one of them is in its angle brackets.
_BEGIN = re.compile(
    rf"(?:^|[:,] ){_ACTION}(?P<words>(?:saved mail to |stored mail into mailbox |left message in mailbox |store into mailbox |"
    r"save failed to |failed to (?:store into mailbox|redirect|send|pipe|forward) |forwarded to <|not forwarding message to <|rejected: |"
    r"[Mm]arked message to be discarded(?: |$)|rejected message from <|not sending reject message|sent vacation response to <|"
    r"not sending vacation |vacation action aborted|discard(?:ed|ing) (?:duplicate |vacation )|piped message to program |"
    r"filtered message |executed program |sent (?:mail notification|'[^'\n]{1,60}' report) ))"
)
_QUOTED = re.compile(r"'(.{1,400})'(?: \((.{1,400})\))?$")
_FAILED_TO = re.compile(
    r"save failed to (?:open mailbox )?(.{1,400}?): (.*)$|failed to store into mailbox '?(.{1,400}?)'?: (.*)$", re.DOTALL
)
_PATH = re.compile(r"<([^<>\s]{0,320})>")
_OWN_ADDRESSES = re.compile(r"<[^<>\s]*>")


def words_of(text: str) -> Words | None:
    """The words at the end of a line; None where there are none, or where what strangers wrote may imitate them."""
    found = list(_BEGIN.finditer(text))
    if len(found) != 1:
        return None
    begin = found[0].start("words")
    said = text[begin:]
    for beginning, make in _MAKERS:
        if said.startswith(beginning):
            return make(said)._replace(begin=found[0].start())
    return Words(Filing.NOTED, found[0].start(), text=_OWN_ADDRESSES.sub("<...>", said))


def _stored(said: str) -> Words:
    """`stored mail into mailbox 'Junk'`; where the name is another than the one that was asked for, that stands in brackets."""
    folder = said.split(" to " if said.startswith("saved") else "mailbox ", 1)[1]
    quoted = _QUOTED.match(folder)
    if quoted is not None:
        folder = quoted[2] or quoted[1]
    return Words(Filing.STORED, 0, folder=folder)


def _not_stored(said: str) -> Words:
    """`save failed to INBOX: Quota exceeded (mailbox for user is full)`."""
    match = _FAILED_TO.match(said)
    if match is None:
        return Words(Filing.FAILED, 0, text=said)
    folder, why = (match[1], match[2]) if match[1] is not None else (match[3], match[4])
    return Words(Filing.FAILED, 0, folder=folder, text=why, reason=reason_of(None, None, why, side=Side.OWN))


def _to(what: Filing) -> Callable[[str], Words]:
    """Words that name to whom."""

    def make(said: str) -> Words:
        path = _PATH.search(said)
        return Words(what, 0, target=path[1] if path is not None else None)

    return make


def _returned(said: str) -> Words:
    """`rejected: Quota exceeded`, of the delivery agent, which tells the sender itself."""
    why = said.removeprefix("rejected: ")
    return Words(Filing.RETURNED, 0, text=why, reason=reason_of(None, None, why, side=Side.OWN))


def _why_not(said: str) -> Words:
    """What a rule asked for and could not be done."""
    return Words(Filing.FAILED, 0, text=_OWN_ADDRESSES.sub("<...>", said))


def _unsaid(said: str) -> Words:
    """`not sending reject message to <>`: it is refused all the same, and nobody is told; but where the run of the rules sends nothing."""
    return Words(Filing.NOTED if "(skipped)" in said else Filing.DISCARDED, 0)


_MAKERS: tuple[tuple[tuple[str, ...], Callable[[str], Words]], ...] = (
    (("saved mail to ", "stored mail into mailbox ", "left message in mailbox "), _stored),
    (("save failed to ", "failed to store into mailbox "), _not_stored),
    (("Marked message to be discarded", "marked message to be discarded"), lambda said: Words(Filing.DISCARDED, 0)),
    (("forwarded to <",), _to(Filing.SENT_ON)),
    (("rejected message from <",), _to(Filing.RETURNED)),
    (("rejected: ",), _returned),
    (("not sending reject message",), _unsaid),
    (("sent vacation response to <",), _to(Filing.ANSWERED)),
    (("piped message to program ",), lambda said: Words(Filing.STORED, 0, text=said)),
    (("failed to ",), _why_not),
)
