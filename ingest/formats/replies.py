"""What replies of mail servers and filters say beside their codes: ids of the message at the next server, and what a filter thought."""

from __future__ import annotations

import re

from ingest.queue_ids import EXIM_ID, SENDMAIL_ID
from mappings.vocabulary import Disposition, Verdict

#: Postfix and amavis, Exim, and Sendmail.
_NEXT = re.compile(
    rf"\bqueued as ([0-9A-Za-z-]+)|\bid=({EXIM_ID})(?![0-9A-Za-z-])|(?<![0-9A-Za-z-])({SENDMAIL_ID}) Message accepted for delivery"
)


def next_id_in(text: str) -> str | None:
    """The queue id in a reply that took a message; of several the last one, for a filter repeats the next server's behind its own."""
    last = text.rfind("queued as ")
    if "id=" not in text and "accepted" not in text:
        # As nearly all do: the others need not be looked for at each of its letters.
        if last < 0:
            return None
        only = _NEXT.match(text, last)
        if only is not None:
            return only[1]
    found = _NEXT.findall(text)
    return next(filter(None, found[-1])) if found else None


#: Dovecot by LMTP, also behind a proxy of its own: `<user@example.net> SESSION Saved`.
_STORED = re.compile(r"<[^<>\s]{1,320}> ([0-9A-Za-z+/:=.-]{1,64}) Saved$")


def session_in(text: str) -> str | None:
    """The store's session in a reply that says that the message is in a mailbox now: its own lines of the delivery have it too."""
    found = _STORED.match(text)
    return found[1] if found else None


#: The log id of the filter that answered (amavis: `id=00361-05-7`; Proxmox: `OK (2C225C6817C7EEE1481)`). Exim's own ids look alike and are
#: none.
_LOG_ID = re.compile(rf"\bid=(?!{EXIM_ID}(?![0-9A-Za-z-]))([0-9A-Za-z]+-[0-9]+(?:-[0-9]+)*)(?![0-9A-Za-z-])|\b \(([0-9A-F]{{14,30}})\)$")


def log_id_in(text: str) -> str | None:
    """The filter's log id in its reply."""
    found = _LOG_ID.search(text) if "id=" in text or text.endswith(")") else None
    return found[1] or found[2] if found else None


#: amavis, where its own log is not read: `250 2.7.0 Ok, discarded, id=00332-08 - spam`.
_FOUND = re.compile(r" - (INFECTED|BANNED|spam|SPAM|UNCHECKED|BAD.HEADER)\b(?:: (.*))?")
_VERDICTS = {
    "INFECTED": Verdict.VIRUS,
    "BANNED": Verdict.BANNED,
    "SPAM": Verdict.SPAM,
    "UNCHECKED": Verdict.UNCHECKED,
    "BAD HEADER": Verdict.BAD_HEADER,
    "BAD-HEADER": Verdict.BAD_HEADER,
}
#: Of other filters (clamsmtp: `Virus Detected; Discarded Email`).
_VIRUS = re.compile(r"\bvirus (?:detected|found)\b")
_DISCARDED = re.compile(r"\bdiscarded\b|\Ablocked \(")
_KEPT = re.compile(r"(?<!not )\bquarantined\b")


def filter_answer(text: str) -> tuple[Verdict | None, str | None, Disposition | None]:
    """What the words of a filter say in its reply: what it thought, of what (a virus, a part), and what it did with the message."""
    verdict = detail = did = None
    if " - " in text and (found := _FOUND.search(text)) is not None:
        verdict, detail = _VERDICTS.get(found[1].upper(), Verdict.UNKNOWN), found[2]
    lowered = text.lower()
    if verdict is None and "virus " in lowered and _VIRUS.search(lowered) is not None:
        verdict = Verdict.VIRUS
    if ("discarded" in lowered or lowered.startswith("blocked (")) and _DISCARDED.search(lowered) is not None:
        did = Disposition.DISCARDED
    elif "quarantined" in lowered and _KEPT.search(lowered) is not None:
        did = Disposition.QUARANTINED
    elif text.endswith("BOUNCE"):
        did = Disposition.BOUNCED
    return verdict, detail, did
