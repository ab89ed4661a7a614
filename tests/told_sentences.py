"""`python -m told_sentences` writes `tests/data/sentences`: every sentence of each language as each reader has it, to be read by eye."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

from mappings.codes import advice, at_side, find, outcomes, own_words, phrases, special
from mappings.codes.advice import Advice
from mappings.codes.receivers import RECEIVERS
from mappings.locales import LANGUAGES, Book, Saying, Since, Subject, Voice, book

FOLDER = Path(__file__).parent / "data" / "sentences"
#: 24 November 2026 at 03:22:10 UTC.
SUBJECT = Subject("ann@example.org", "bob@example.net", 1_795_490_530_123)
LATER_MS = 1_795_490_890_000
#: Who reads it: what the operator passes on to either side comes last.
READERS: dict[str, tuple[str, ...]] = {
    "link": (),
    "sender": ("sender",),
    "recipient": ("recipient",),
    "operator to the sender's side": ("operator", "sender"),
    "operator to the recipient's side": ("operator", "recipient"),
}
#: Those whom the operator's own words are not for.
OTHERS = ("link", "sender", "recipient")
ENDS = ("delivered", "released", "expanded", "in_progress", "quarantined", "held", "discarded", "deleted", "bounced", "rejected")
#: What happened since: nothing, what is told beside, and each way of going on with each end.
LATER: tuple[tuple[Since, ...], ...] = (
    (),
    *((Since(key),) for key in ("told", "marked", "copied")),
    *((Since(key, end, LATER_MS),) for key, end in product(("again", "there", "release"), ENDS)),
    *(
        (Since("there_for", end, LATER_MS, cause),)
        for end, cause in (("bounced", "mailbox_full"), ("quarantined", "spam"), ("rejected", "list"))
    ),
)


def all_advice() -> list[Advice]:
    """All that is known of what a reply means, from every table."""
    found = [one for table in (advice.ADVICE, special.BY_STATUS, at_side.AT_SIDE, at_side.AUTOMATIC) for one in table.values()]
    found += [special.OWN_HOP, special.DONE, at_side.NO_LISTING, *at_side.LIST_ERROR_AT.values(), *at_side.GREETING_AT.values()]
    found += [one.advice for one in phrases.PHRASES if one.advice is not None]
    found += [at for one in phrases.PHRASES for at in one.at.values()]
    found += [one.advice for one in (*own_words.DELIVERY, *own_words.DIALOGUE) if one.advice is not None]
    found += [one.advice for receiver in RECEIVERS for one in receiver.said]
    return found


def sayings() -> list[Saying]:
    """Everything that can be said of a message at once, each once: what nothing but a reply tells, and each outcome."""
    found: dict[Saying, None] = {}
    for one in all_advice():
        if one.fate or not one.cause:
            continue
        for fate, step in (("bounced", one.step), ("deferred", one.step_delayed)):
            found[Saying(fate, one.cause, step)] = None
    for entry in find.entries():
        found[entry.saying] = None
    for fate, table in (("quarantined", outcomes.QUARANTINED), ("discarded", outcomes.DISCARDED)):
        for one in table.values():
            found[Saying(fate, one.cause, one.step)] = None
    for disposition, one in (*outcomes.OUTCOMES.items(), *outcomes.OWN_RULES.items()):
        found[Saying(one.fate or disposition.value, one.cause, one.step)] = None
    found[Saying("rejected", "own_rule", "tell_us")] = None
    found[Saying("expired", "connection", "resend_later")] = None
    found[Saying("tempfailed", "policy", "comes_again")] = None
    found[Saying("tempfailed", "local_system", "ours_comes_again")] = None
    return list(found)


def told(language: Book) -> Iterator[str]:
    """Every sentence of a language, readers who read the same in one line."""
    for saying in sayings():
        yield f"## {saying.fate}, {saying.cause or 'no cause'}, {saying.step}"
        yield from _by_reader(language, saying, Subject())
    yield "## which message"
    for subject in (SUBJECT, Subject("", SUBJECT.recipient, SUBJECT.time_ms), Subject(SUBJECT.sender, None, SUBJECT.time_ms)):
        yield from _by_reader(language, Saying("delivered", "", "spam_folder"), subject)
    yield "## what happened since"
    for since in LATER[1:]:
        yield from _by_reader(language, Saying(_FATES.get(since[0].key, "delivered"), "", "none", since), Subject())
    yield "## whose move it is"
    for move in ("sender", "recipient_admin", "provider", "us", "nobody"):
        for readers in READERS.values():
            voice = Voice(language, readers)
            yield f"- {move}, {readers[0] if readers else 'link'}: {voice.mover(move)} | {voice.who(move)}"


_FATES = {"again": "first_try", "there": "passed_on", "there_for": "passed_on", "release": "kept_at_first", "told": "bounced"}


def _by_reader(language: Book, saying: Saying, subject: Subject) -> Iterator[str]:
    texts: dict[str, list[str]] = {}
    for name, readers in READERS.items():
        texts.setdefault(Voice(language, readers).customer_text(saying, subject), []).append(name)
    for text, names in texts.items():
        yield f"- {'everybody' if len(names) == len(READERS) else ', '.join(names)}: {text}"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for code in LANGUAGES:
        (FOLDER / f"{code}.txt").write_text("\n".join(told(book(code))) + "\n", encoding="utf-8")
