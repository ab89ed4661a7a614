"""The parts of sentences in one language, as its file has them, and as a site changed them.

English is whole by definition. What another language lacks is told by `missing`, and said in English.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from mappings.locales.retelling import Retelling
from mappings.locales.writing import filled, places_in, plural_form, written_decimal, written_number, written_share

_FOLDER = Path(__file__).resolve().parent
ENGLISH = "en"
#: Every language that has a file, English first.
LANGUAGES: tuple[str, ...] = tuple(sorted((path.stem for path in _FOLDER.glob("*.toml")), key=lambda code: (code != ENGLISH, code)))
#: Who reads it, where a text differs by that; `all` is for everybody else.
READERS = ("all", "sender", "recipient", "operator")
#: The plural forms of CLDR, where a phrase with a `{count}` differs by that; `other` is for every number that has no form of its own.
PLURALS = ("zero", "one", "two", "few", "many", "other")
#: What stands on its own in a file, in no table.
_ALONE = ("name", "locale", "when", "signature")
#: The sections of phrases, which are their own keys: of pages, and of what the service says in English.
_PHRASES = ("words.", "told.")
_LONGEST = 2_000

#: By key (`cause.spam`), the text by reader.
Parts = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Book:
    """All parts of the sentences of a language."""

    code: str
    parts: Parts
    name: str
    #: How numbers and dates are written, such as `de_DE`.
    locale: str
    #: How day and time are written, as a pattern of CLDR.
    when: str
    #: What stands below a text for a customer; may be empty.
    signature: str = ""
    #: The language in which is said what this one lacks; None for English.
    fallback: Book | None = field(default=None, repr=False)
    #: The phrases that were said, where they have one form.
    _said: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def text(self, key: str, readers: tuple[str, ...] = ()) -> str:
        """The text of a part for the first of these readers for whom it has one; raises `KeyError`."""
        found = self.parts.get(key)
        if found is None:
            raise KeyError(key)
        for reader in readers:
            if reader in found:
                return found[reader]
        if "all" not in found:
            raise KeyError(key)
        return found["all"]

    def phrase(self, phrase: str, count: float | None = None) -> str:
        """A phrase of the pages, which is its own key, with its places; that of English where this language lacks it."""
        if (text := self._said.get(phrase)) is not None:
            return text
        found = self._forms(phrase)
        if found is None:
            return phrase if self.fallback is None else self.fallback.phrase(phrase, count)
        if "all" in found:
            # A page says hundreds.
            return self._said.setdefault(phrase, found["all"])
        return found.get(plural_form(count, self.locale) if count is not None else "other") or found["other"]

    def _forms(self, phrase: str) -> Mapping[str, str] | None:
        return self.parts.get(f"words.{phrase}") or self.parts.get(f"told.{phrase}")

    def forms(self, phrase: str) -> str | dict[str, str]:
        """A phrase with its places; where it has several forms, each by its name."""
        found = self._forms(phrase)
        if found is None:
            return phrase if self.fallback is None else self.fallback.forms(phrase)
        return found["all"] if "all" in found else dict(found)

    def say(self, phrase: str, /, **values: str | float) -> str:
        """A phrase with its places filled, numbers as this language writes them; `count` is what the plural is chosen by."""
        count = values.get("count")
        text = self.phrase(phrase, None if isinstance(count, str) else count)
        return filled(text, **{name: self.shown(value) for name, value in values.items()}) if values else text

    def shown(self, value: str | float) -> str:
        """A value as it stands in a phrase."""
        return value if isinstance(value, str) else self.number(value)

    def number(self, number: float, decimals: int | None = None) -> str:
        """A number as this language writes it: `1,234`, `1.234`; with so many digits behind the point, where that is given."""
        return written_number(number, self.locale) if decimals is None else written_decimal(number, decimals, self.locale)

    def share(self, share: float, digits: int) -> str:
        """A share as this language writes it, with so many digits behind the point: `12.5%`."""
        return written_share(share, digits, self.locale)

    def told(self, sentence: str) -> str:
        """A sentence of the service, which is in English, in this language; as it is where it is made of none of its phrases."""
        return sentence if self.code == ENGLISH else _retelling().retold(sentence, self.say)

    def missing(self) -> list[str]:
        """What English has and this language lacks: `cause.spam`, or `step.ours.operator`, in the order of the English file."""
        whole = book(ENGLISH).parts
        found = [
            # Which plural forms there are is the language's own business.
            key if reader in ("all", *PLURALS) else f"{key}.{reader}"
            for key, texts in whole.items()
            for reader in texts
            if (key not in self.parts if key.startswith(_PHRASES) else reader not in self.parts.get(key, {}))
        ]
        return list(dict.fromkeys(found))

    def changed(self, changes: Mapping[str, object]) -> Book:
        """This language as a site changed it: tables of texts, as in its file. Raises `ValueError` in words for whoever wrote them."""
        if not isinstance(changes, Mapping):
            raise ValueError("it is no table of texts")
        alone = {key: _text(key, changes[key]) for key in _ALONE if key in changes}
        for key in alone.keys() - {"signature", "when"}:
            raise ValueError(f"{key} cannot be changed; a signature, `when` and texts can")
        given = dict(_flat({key: value for key, value in changes.items() if key not in _ALONE}))
        whole = book(ENGLISH).parts
        for key, texts in given.items():
            _check(key, texts, whole)
        parts = dict(self.parts)
        for key, texts in given.items():
            parts[key] = texts if key.startswith(_PHRASES) else {**self.parts.get(key, {}), **_for_all(texts)}
        when, signature = alone.get("when", self.when), alone.get("signature", self.signature)
        return replace(self, parts=MappingProxyType(parts), when=when, signature=signature)


def _for_all(texts: dict[str, str]) -> dict[str, str]:
    """A text that is given for everybody stands for every reader."""
    return dict.fromkeys(READERS, texts["all"]) | texts if "all" in texts else texts


@lru_cache(maxsize=32)
def book(code: str) -> Book:
    """A language as its file has it; raises `KeyError` where there is no file of that name."""
    if code not in LANGUAGES:
        raise KeyError(code)
    tables = tomllib.loads((_FOLDER / f"{code}.toml").read_text(encoding="utf-8"))
    alone = {key: str(tables.pop(key, "")) for key in _ALONE}
    fallback = None if code == ENGLISH else book(ENGLISH)
    return Book(code, MappingProxyType(dict(_flat(tables))), fallback=fallback, **alone)


@lru_cache(maxsize=1)
def _retelling() -> Retelling:
    """How the sentences of the service are found again, which are in English."""
    return Retelling(book(ENGLISH).parts)


class Books:
    """The languages of one site, with what it changed."""

    def __init__(self, changes: Mapping[str, Mapping[str, object]] = MappingProxyType({})) -> None:
        """Raises `ValueError` in words where a change cannot be meant."""
        self._books: dict[str, Book] = {}
        for code in LANGUAGES:
            try:
                made = book(code).changed(changes.get(code, {}))
            except ValueError as error:
                raise ValueError(f"{code}: {error}") from None
            self._books[code] = made if code == ENGLISH else replace(made, fallback=self._books[ENGLISH])
        for code in changes.keys() - self._books.keys():
            raise ValueError(f"{code} is no language that is there; there are {', '.join(LANGUAGES)}")

    def __getitem__(self, code: str) -> Book:
        """A language; English where there is none of that code."""
        return self._books.get(code, self._books[ENGLISH])


@lru_cache(maxsize=1)
def built_in() -> Books:
    """The languages as they are, where no site changed them."""
    return Books()


def chosen_of(accepted: str) -> str:
    """The language that somebody reads best, of those that there are, by an `Accept-Language` header (RFC 9110, 12.5.4); else English."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted[:1_000].split(",")):
        name, _, weight = part.partition(";")
        code = name.strip().lower().partition("-")[0]
        try:
            quality = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if code in LANGUAGES and quality > 0:
            wanted.append((-quality, place, code))
    return min(wanted)[2] if wanted else ENGLISH


def _flat(tables: Mapping[str, object]) -> Iterator[tuple[str, dict[str, str]]]:
    """Each part of a file by its key, with its texts by reader."""
    for section, entries in tables.items():
        if isinstance(entries, list):
            # Phrases of the pages, which are their own keys; one with several forms by that for most numbers.
            for phrase in entries:
                forms = phrase if isinstance(phrase, dict) else {"all": phrase}
                texts = {form: _text(section, text) for form, text in forms.items()}
                yield f"{section}.{texts.get('other') or texts['all']}", texts
            continue
        if not isinstance(entries, dict):
            raise ValueError(f"{section} is no table of texts")
        for name, value in entries.items():
            key = f"{section}.{name}"
            if isinstance(value, dict):
                yield key, {reader: _text(f"{key}.{reader}", text) for reader, text in value.items()}
            else:
                yield key, {"all": _text(key, value)}


def _text(key: str, value: object) -> str:
    """A text, where it is one that can be put into a sentence."""
    if not isinstance(value, str):
        raise ValueError(f"{key} is no text")
    if len(value) > _LONGEST or not value.replace("\n", "" if key == "signature" else "\n").isprintable():
        raise ValueError(f"{key} has signs that cannot be printed, or is too long")
    return value


def _check(key: str, texts: Mapping[str, str], whole: Parts) -> None:
    """Refuse what is no part of a sentence, no reader, and what names a place that this part does not have."""
    if key not in whole:
        section = key.partition(".")[0]
        near = [one.partition(".")[2] for one in whole if one.startswith(f"{section}.")]
        told = f"in {section} there are {', '.join(near)}" if near else f"there are {', '.join(_sections(whole))}"
        raise ValueError(f"there is no {key}; {told}")
    places = places_in(*whole[key].values())
    for reader, text in texts.items():
        if key.startswith(_PHRASES):
            if reader not in ("all", *PLURALS):
                raise ValueError(f"{key}: {reader} is none of the plural forms {', '.join(PLURALS)}")
        elif reader not in READERS:
            raise ValueError(f"{key}.{reader}: a reader is one of {', '.join(READERS)}")
        strange = places_in(text) - places
        if strange or "{" in filled(text, **dict.fromkeys(places_in(text), "")):
            known = ", ".join(f"{{{one}}}" for one in sorted(places)) or "none"
            raise ValueError(f"{key}: what stands in braces can be {known}")


def _sections(whole: Parts) -> list[str]:
    """The tables of a file."""
    return list(dict.fromkeys(key.partition(".")[0] for key in whole))
