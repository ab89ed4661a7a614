"""`mailtrace errors`: the list of most common errors, or one code explained."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import msgspec
from cyclopts import Parameter

from mailtrace.cli.common import Common
from mailtrace.cli.languages import checked_language
from mailtrace.problems import CouldNot
from mailtrace.show.errors import show_error_list, show_explained
from mailtrace.show.screen import Screen
from mappings.codes import entries, lookup
from mappings.locales import ENGLISH
from search.error_answer import error_answer
from search.safe import printable_json
from search.speech import Speech


def errors(
    code: Annotated[str | None, Parameter(name="CODE")] = None,
    /,
    *,
    seen: Annotated[bool, Parameter(show_default=False)] = False,
    lang: str = ENGLISH,
    format: Literal["text", "json"] = "text",  # noqa: A002 - the option's name
    common: Common | None = None,
) -> None:
    """List the most common errors, or explain one.

    It says what a code means, whose move it is, the next step, and what to tell the customer.

    Parameters
    ----------
    code
        A reply code such as 550, an enhanced one such as 5.1.1, or both.
    seen
        Count how often each decided in the store, most first; a code stands there once for each thing that it meant.
    lang
        Language of the text for the customer, such as de; `mailtrace languages` lists them.
    format
        How to write them.
    """
    settings = (common or Common()).settings()
    checked_language(lang)
    if seen:
        from mailtrace.stores import asking  # noqa: PLC0415 - who only looks a code up needs no store

        with asking(settings.store, settings.elasticsearch, settings.books()) as mail:
            found = mail.errors(code, seen=True, lang=lang)
    else:
        # The list is part of the program: nobody needs a store to look a code up.
        speech = Speech(settings.books()[lang])
        found = [error_answer(entry, speech) for entry in (entries() if code is None else lookup(code))]
    if format == "json":
        print(printable_json(msgspec.json.encode(found)))
        return
    if code is not None and not found:
        raise CouldNot(f"nothing is known about {code!r}")
    (show_error_list if code is None else show_explained)(Screen(sys.stdout), found)
