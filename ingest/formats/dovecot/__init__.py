"""Dovecot's deliveries: by LMTP and by its delivery agent (`lda`, formerly `deliver`), and what the mailbox owner's Sieve rules did.

Source: `mail-deliver.c`, `lmtp-local.c` and `lda/main.c` of Dovecot 1.2 to 2.4, and `sieve-actions.c`, `cmd-*.c` and `ext-reject.c` of
Pigeonhole 0.2 to 2.4. A line begins with who wrote it (`mail_log_prefix`: `lmtp(user)<pid><session>: `), and what was done follows
`deliver_log_format` (`msgid=<id>: what`). Both may be set otherwise. What it says of logins, of mailboxes that are read, and of itself, is
nothing about a delivery.
"""

from __future__ import annotations

import re

from ingest.formats.dovecot.prefix import Prefix, in_own_file, prefix_of
from ingest.formats.dovecot.words import Words, words_of
from ingest.formats.outcome import IGNORED, UNKNOWN, Outcome
from ingest.framing.line import Line
from ingest.framing.own import OwnFrame
from mappings.address import message_id, normalise
from mappings.facts import Filed
from mappings.log_words import Filing

FRAME: OwnFrame = OwnFrame(dated=in_own_file, bare=in_own_file)

_DELIVERS = frozenset({"lmtp", "lda", "deliver"})
_SIEVE = "sieve: "
#: A Message-ID is a stranger's; Dovecot writes it without blanks. One that is too long ends in dots, and is none.
_MESSAGE_ID = re.compile(r"msgid=(<[^<>\s]{1,998}>)[,:]?(?= |$)")
#: That the rules failed stands in a line of its own, without the Message-ID; what was done then, in others.
_FAILED_RULES = re.compile(r"(?:Execution of script|Failed to compile script|Aborted execution of|Failed to (?:open|access) script)\b")


def parse(line: Line) -> Outcome:
    """What was done with one user's copy of a message."""
    prefix = prefix_of(line.text)
    if prefix is None:
        # Another daemon of it speaks, or the prefix is one that nobody knows.
        return UNKNOWN if "msgid=" in line.text else IGNORED
    if prefix.service not in _DELIVERS or prefix.user is None:
        return IGNORED
    text = line.text[prefix.end :]
    ruled = text.startswith(_SIEVE)
    text = text.removeprefix(_SIEVE)
    if "msgid=" not in text:
        return _failed_rules(prefix, text) if ruled else IGNORED
    said = words_of(text)
    if said is None:
        # A plugin that lists what becomes of mails in mailboxes writes their Message-IDs as well.
        return UNKNOWN if ruled or text.startswith("msgid=") else IGNORED
    return _filed(prefix, text[: said.begin], said)


def _failed_rules(prefix: Prefix, text: str) -> Outcome:
    """That the owner's rules could not be run: of a delivery that the session names."""
    if prefix.session is None or _FAILED_RULES.match(text) is None:
        return IGNORED
    return Filed(Filing.RULES_FAILED, normalise(prefix.user or ""), session=prefix.session, text=text)


def _filed(prefix: Prefix, head: str, said: Words) -> Outcome:
    """The fact, with the Message-ID where what stands before the words names one. An address there may be a header's."""
    ids = _MESSAGE_ID.findall(head)
    named = message_id(ids[0]) if len(ids) == 1 else None
    if named is None and prefix.session is None:
        return IGNORED
    return Filed(
        said.what,
        normalise(prefix.user or ""),
        session=prefix.session,
        message_id=named,
        folder=said.folder,
        target=None if said.target is None else normalise(said.target),
        text=said.text,
        reason=said.reason,
    )
