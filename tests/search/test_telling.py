"""What people are told, over all of the vocabulary: by cause, by side of the reader, by what happened since, in every language."""

from __future__ import annotations

import re
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import told_sentences as known
from answer_samples import stored, trace
from captures import RUNS
from reading import Place, read
from stores import Embedded

from ingest.telling.ownership import Owner
from mappings.codes import Move, reason_of
from mappings.locales import ENGLISH, LANGUAGES, Book, Books, Saying, Subject, Voice, book, chosen_of
from mappings.locales.book import PLURALS, READERS
from mappings.locales.writing import places_in
from mappings.reply_shape import shape_of
from mappings.vocabulary import Disposition
from search.answers import REFUSED
from search.explain import found_in
from search.query import Query
from search.query_error import QueryError
from search.scope import EVERYTHING
from search.service import MailTrace
from search.speech import Reader, Speech

_WHOLE = ("en", "de", "fr")
#: How the operator speaks of himself, which nobody else reads.
_US = {
    "en": re.compile(r"\b(?:we|us|ours?)\b", re.IGNORECASE),
    "de": re.compile(r"\b(?:wir|uns|unser\w*)\b", re.IGNORECASE),
    "fr": re.compile(r"\b(?:nous|notre|nos)\b", re.IGNORECASE),
}
#: How others speak of the operator, which he never says of himself.
_PROVIDER = {"en": "your mail provider", "de": "Mailanbieter", "fr": "votre fournisseur"}


def test_three_languages_are_whole() -> None:
    """English, German and French have every part, for every reader for whom English has one; no part is theirs alone."""
    assert set(_WHOLE) <= set(LANGUAGES)
    for code in _WHOLE:
        assert book(code).missing() == []
        assert book(code).parts.keys() == book(ENGLISH).parts.keys()


@pytest.mark.parametrize("code", LANGUAGES)
def test_each_part_can_be_put_into_a_sentence(code: str) -> None:
    """What stands in braces is what the English part has, readers are those there are, and no text has stray blanks."""
    for key, texts in book(code).parts.items():
        assert set(texts) <= set(READERS) or set(texts) <= set(PLURALS)
        for form, text in texts.items():
            places = places_in(*book(ENGLISH).parts[key].values())
            # One thing may be told without its number.
            assert places_in(text) | ({"count"} & places if form == "one" else set()) == places, key
            assert "  " not in text
            assert text == text.rstrip(), key


@pytest.mark.parametrize("code", _WHOLE)
def test_every_sentence_is_as_it_was_read(code: str) -> None:
    """`tests/data/sentences` has each, to be read by eye: written by `python -m told_sentences`."""
    written = (known.FOLDER / f"{code}.txt").read_text(encoding="utf-8")
    assert "\n".join(known.told(book(code))) + "\n" == written


@pytest.mark.parametrize("code", _WHOLE)
def test_cause_by_side_by_what_happened_since(code: str) -> None:
    """Each is whole, in its own language, begins and ends as a sentence; "us" is the operator's word, "your provider" everybody else's."""
    alone = Book(code, book(code).parts, book(code).name, book(code).locale, book(code).when)
    count = 0
    for saying, (name, readers), since in product(known.sayings(), known.READERS.items(), known.LATER):
        text = Voice(alone, readers).customer_text(Saying(saying.fate, saying.cause, saying.step, since), Subject("a@example.org"))
        assert text.endswith("."), text
        assert not re.search(r"[{}]|  |\.\.|\bNone\b", text), text
        assert not re.search(r"amavisd|postqueue|SMTP|MX|queue|quarantine id", text), text
        if name in known.OTHERS:
            assert not _US[code].search(text), text
        else:
            assert _PROVIDER[code] not in text, text
        if name == "link":
            assert _PROVIDER[code] not in text, text
        count += 1
    assert count > 10_000


@pytest.mark.parametrize("code", _WHOLE)
def test_whose_move_it_is(code: str) -> None:
    """Each mover has a word and a sentence; only the operator is "us", and nobody is told to act for somebody else as if it were him."""
    for move, readers in product(Move, ((), ("sender",), ("recipient",))):
        told = f"{Voice(book(code), readers).mover(move)} {Voice(book(code), readers).who(move)}"
        assert not _US[code].search(told), told
    assert Voice().who(Move.US) == Move.US.sentence
    assert {Voice().who(move) for move in Move} == {move.sentence for move in Move}


def test_every_part_is_said_somewhere() -> None:
    """No cause and no step stands in the files that nothing in the vocabulary leads to, and none is missing there."""
    parts = book(ENGLISH).parts
    used = {f"cause.{one.cause}" for one in known.sayings() if one.cause} | {f"step.{one.step}" for one in known.sayings()}
    used |= {f"step.{step}" for step in ("wait", "comes_again", "resend_later", "release", "tell_us", "resend")}
    assert used == {key for key in parts if key.startswith(("cause.", "step."))}
    fates = {one.value for one in Disposition} | {"first_try", "kept_at_first", "passed_on", "own_rule_discarded", "own_rule_expanded"}
    assert fates == {key.partition(".")[2] for key in parts if key.startswith("fate.")}


def test_a_language_that_lacks_a_part_is_english_for_that_sentence() -> None:
    """Half a sentence in each language would be worse."""
    whole = book("de")
    lacks = Book("de", {k: v for k, v in whole.parts.items() if k != "cause.spam"}, "Deutsch", "de_DE", whole.when, "", book(ENGLISH))
    assert lacks.missing() == ["cause.spam"]
    text = Voice(lacks, ()).what(Saying("bounced", "spam"))
    assert text == Voice(book(ENGLISH), ()).what(Saying("bounced", "spam"))
    assert Voice(lacks, ()).what(Saying("bounced", "virus")).startswith("Die Nachricht")


def test_a_site_words_parts_itself_and_signs() -> None:
    """A text stands for every reader, a table for those that it names; the signature has a line of its own."""
    steps, causes = {"release": "Bitte rufen Sie an."}, {"spam": {"recipient": "Es sah nach Spam aus"}}
    changes = {"de": {"signature": "Ihr Mail-Team", "step": steps, "cause": causes}}
    books = Books(changes)
    for readers in known.READERS.values():
        text = Voice(books["de"], readers).customer_text(Saying("quarantined", "spam", "release"))
        assert text.endswith(" Bitte rufen Sie an.\nIhr Mail-Team")
        assert ("Es sah nach Spam aus" in text) == ("recipient" in readers)
    assert Voice(books["fr"], ()).book == Books()["fr"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"xx": {}}, "xx is no language that is there"),
        ({"de": {"cause": {"spma": "x"}}}, "there is no cause.spma; in cause there are virus, spam"),
        ({"de": {"causes": {"spam": "x"}}}, "there is no causes.spam; there are words, told, message, sentence"),
        ({"de": {"cause": {"spam": 5}}}, "cause.spam is no text"),
        ({"de": {"cause": {"spam": "{who} did it"}}}, "cause.spam: what stands in braces can be none"),
        ({"de": {"since": {"again": "am {wann}"}}}, "can be {ended}, {when}"),
        ({"de": {"cause": {"spam": {"boss": "x"}}}}, "a reader is one of all, sender, recipient, operator"),
        ({"de": {"cause": {"spam": "a\nb"}}}, "cannot be printed"),
        ({"de": {"name": "Deutsch"}}, "name cannot be changed"),
        ({"de": {"cause": "x"}}, "cause is no table of texts"),
        ({"de": 5}, "it is no table of texts"),
    ],
)
def test_what_a_site_cannot_mean_is_refused(changes: dict[str, dict[str, object]], said: str) -> None:
    """In words that say where, and what there is."""
    with pytest.raises(ValueError, match=re.escape(said)):
        Books(changes)


@pytest.mark.parametrize(
    ("accepted", "code"),
    [("", "en"), ("de-AT,de;q=0.9,en;q=0.5", "de"), ("xx, fr;q=0.4, de;q=0.3", "fr"), ("de;q=0", "en"), ("*;q=x", "en"), ("en, de", "en")],
)
def test_the_language_that_somebody_reads_best(accepted: str, code: str) -> None:
    """By quality, then by order, of those that there are."""
    assert chosen_of(accepted) == code


# Over captured mail ---------------------------------------------------------------------------------------------------------

_CUSTOMERS = ("example.com", "example.org", "example.net")


@pytest.fixture(scope="module", params=RUNS, ids=str)
def mail(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MailTrace:
    """Give a store with a captured run of a mail server."""
    folder = tmp_path_factory.mktemp("sentences")
    place = Place(folder / "logs", folder / "data", Embedded(folder / "data" / "store"))
    owners = tuple(Owner(domain, frozenset((domain,))) for domain in _CUSTOMERS)
    read(place, request.param.unpacked(place.logs), customers=owners)
    return MailTrace(place.store.engine())


def test_the_list_of_errors_says_what_reports_say(mail: MailTrace) -> None:
    """Each refused message is in the list under its code, with the mover that its report names, and as often."""
    listed: Counter[tuple[object, ...]] = Counter()
    for error in mail.errors(seen=True):
        listed[error.code, error.enhanced, error.move] += error.seen or 0
    reported: Counter[tuple[object, ...]] = Counter()
    for one in mail.walk(Query(disposition=tuple(REFUSED))):
        code = one.return_code
        if code is not None and (code.code is not None or code.enhanced is not None):
            report = mail.report(one.id)
            assert report is not None
            whole = mail.engine.get(one.id, EVERYTHING)
            assert whole is not None
            # How one message went on is not what its error means.
            went_on = any(other.how == "later_try" for other in report.related)
            reported[code.code, code.enhanced, found_in(whole).move if went_on else report.explanation.move] += 1
    assert +listed == +reported


def test_one_code_that_means_two_things_is_counted_as_two(tmp_path: Path) -> None:
    """Refused for a block list by its words, or by a bare rule: each with its own mover, whatever address and host the reply names."""
    code: dict[str, Any] = {"disposition": Disposition.REJECTED, "reply_code": 554, "enhanced_code": "5.7.1", "reply_by": "local"}
    listed = [
        f"Service unavailable; Client host [192.0.2.{n}] blocked using zen.example.org; https://example.org/{n}" for n in range(1, 41)
    ]
    replies = [*listed, *["Message refused"] * 3]
    traces = [
        trace(first=f"AAAAAAAA{n:02}", reply_text=text, reply_shape=shape_of(text), reason=reason_of(554, "5.7.1", text), **code)
        for n, text in enumerate(replies)
    ]
    with stored(tmp_path, *traces) as mail:
        seen = [(one.move, one.seen) for one in mail.errors(seen=True) if one.seen]
        assert seen == [(Move.PROVIDER, 40), (Move.US, 3)]


def test_a_reader_that_the_caller_cannot_be(mail: MailTrace) -> None:
    """Who sees a part of the mail does not speak for the operator, and may speak to anybody else."""
    scoped = mail.narrowed(["example.com"])
    with pytest.raises(QueryError, match="operator"):
        scoped.report("0" * 26, reader=Reader.OPERATOR)
    assert scoped.speech(Reader.LINK) == Speech(reader=Reader.LINK, scope=scoped.scope)
