"""`mailtrace languages`: in which languages pages and sentences for people are, and what one of them lacks."""

from __future__ import annotations

import re
import sys
from typing import Annotated, Literal

import msgspec
from cyclopts import Parameter

from mailtrace.amounts import counted
from mailtrace.cli.common import Common
from mailtrace.problems import WrongUsage
from mailtrace.show.screen import Screen
from mappings.locales import ENGLISH, LANGUAGES, book
from search.safe import printable_json

_BARE = re.compile(r"[A-Za-z0-9_-]+").fullmatch


class LanguageAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A language, and the parts of sentences that it lacks: those are said in English."""

    code: str
    name: str
    missing: list[str]


def languages(
    code: Annotated[str | None, Parameter(name="LANG")] = None,
    /,
    *,
    parts: Annotated[bool, Parameter(show_default=False)] = False,
    format: Literal["text", "json"] = "text",  # noqa: A002 - the option's name
    common: Common | None = None,
) -> None:
    """List the languages of the pages and of the sentences for customers, or what one of them lacks.

    What a language lacks is said in English. Each is one file, which can be read and mended; a site puts words of its own into the
    settings, below `[sentences.LANG]`.

    Parameters
    ----------
    code
        A language, such as de.
    parts
        Show every part with its text, the site's own where it has one, as it may stand in the settings.
    format
        How to write them.
    """
    if code is not None:
        checked_language(code)
    chosen = [book(one) for one in (LANGUAGES if code is None else (code,))]
    if format == "json":
        answers = [LanguageAnswer(code=one.code, name=one.name, missing=one.missing()) for one in chosen]
        print(printable_json(msgspec.json.encode(answers)))
        return
    screen = Screen(sys.stdout)
    if parts:
        books = (common or Common()).settings().books()
        for one in chosen:
            screen.line(f"# [sentences.{one.code}]", "bold")
            for key, texts in books[one.code].parts.items():
                for reader, text in texts.items():
                    screen.line(f"{_key(key, reader)} = {_quoted(text)}")
        return
    for one in chosen:
        lacks = one.missing()
        told = "whole" if not lacks else f"{counted(len(lacks), 'part')} missing"
        screen.line(f"{one.code}  {one.name}: {told}{'' if lacks or one.code != ENGLISH else ', what all others are measured by'}")
        if code is not None:
            for key in lacks:
                name, _, reader = key.rpartition(".")
                whole = book(ENGLISH).parts
                texts = whole[key] if key in whole else {"all": whole[name][reader]}
                screen.line(f"{_key(key) if key in whole else key} = {_quoted(texts.get('all') or texts['other'])}")


def checked_language(code: str) -> None:
    """Refuse a language that there is not."""
    if code not in LANGUAGES:
        raise WrongUsage(f"there is no language {code!r}; there are {', '.join(LANGUAGES)}")


def _key(key: str, reader: str = "all") -> str:
    """A key as it stands in TOML: a phrase in quotation marks."""
    section, _, name = key.partition(".")
    shown = name if _BARE(name) else _quoted(name)
    return f"{section}.{shown}" if reader == "all" else f"{section}.{shown}.{reader}"


def _quoted(text: str) -> str:
    """A text as it stands in TOML."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
