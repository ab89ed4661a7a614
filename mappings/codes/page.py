"""The page `docs/errors.md`: every code that is known, from the tables. `python -m mappings.codes.page > docs/errors.md`."""

from __future__ import annotations

import sys

from mappings.codes.advice import ADVICE
from mappings.codes.basic import BASIC
from mappings.codes.enhanced import ENHANCED
from mappings.codes.entry import KnownError, Move
from mappings.codes.find import basic_entry, enhanced_entry, entries
from mappings.codes.languages import WORDS
from mappings.codes.own_words import DELIVERY, DIALOGUE
from mappings.codes.receivers import RECEIVERS, Said
from mappings.codes.stage import BY_STAGE
from mappings.locales import Saying, Voice
from mappings.vocabulary import Reason

_HEAD = """# Errors

What mail servers answer, what it means, whose move it is, and what to tell the customer. `mailtrace errors 550`, `mailtrace errors 5.1.1`
and `mailtrace errors "550 5.1.1"` show the same in the terminal.

This page is made from the tables in `mappings/codes` (`python -m mappings.codes.page > docs/errors.md`); a test compares.

A code that begins with 4 means: for now; the sending server tries again by itself. One that begins with 5 means: for good.
Providers use the codes freely, so where the text of a reply clearly says something else (a block list, a full mailbox,
greylisting), the text is believed; where it says nothing, the code is. Large receivers have words and codes of their own:
they are read first. A text that nobody knows is read by its code and by the command that it answers.
"""


def errors_page() -> str:
    """The whole page."""
    return (
        "\n".join([_HEAD, *_moves(), *_common(), *_reasons(), *_basic(), *_enhanced(), *_receivers(), *_stages(), *_own(), *_languages()])
        + "\n"
    )


def _moves() -> list[str]:
    """Who may have to act."""
    return ["## Whose move it is", "", "| Word | Who |", "|---|---|", *(f"| `{move}` | {move.sentence} |" for move in Move), ""]


def _common() -> list[str]:
    """The most common errors, each with everything that is known."""
    lines = ["## The most common errors", ""]
    for entry in entries():
        lines += [f"### {entry.code} {entry.enhanced}", "", entry.meaning, "", *_details(entry), ""]
    return lines


def _details(entry: KnownError) -> list[str]:
    """What to do about an error, and what to say."""
    return [
        f"- Reason: `{entry.reason}`",
        f"- Move: `{entry.move}`",
        f"- Next step: {entry.next_step}",
        f'- To the customer: "{entry.customer_text}"',
    ]


def _reasons() -> list[str]:
    """The closed list of reasons."""
    return ["## Reasons", "", "| Word | Meaning |", "|---|---|", *(f"| `{reason}` | {reason.sentence} |" for reason in Reason), ""]


def _basic() -> list[str]:
    """All basic codes."""
    lines = ["## Basic reply codes", "", "| Code | Meaning | Move | Next step | To the customer |", "|---|---|---|---|---|"]
    for entry in map(basic_entry, BASIC):
        act = ("", "", "") if (entry.code or 0) < 400 else (f"`{entry.move}`", entry.next_step, entry.customer_text)
        lines.append(f"| {entry.code} | {entry.meaning} | {' | '.join(act)} |")
    return [*lines, ""]


def _enhanced() -> list[str]:
    """All registered enhanced codes, without their class."""
    lines = ["## Enhanced status codes", "", "X is 2 (done), 4 (for now) or 5 (for good); the classes that make sense are named.", ""]
    lines += ["| Code | Classes | Meaning | Reason | Move | Next step | To the customer |", "|---|---|---|---|---|---|---|"]
    for (subject, detail), status in ENHANCED.items():
        kind = status.classes[-1]
        entry = enhanced_entry(f"{kind}.{subject}.{detail}")
        classes = ", ".join(str(one) for one in status.classes)
        act = ("", "", "", "") if kind == 2 else (f"`{entry.reason}`", f"`{entry.move}`", entry.next_step, entry.customer_text)
        lines.append(f"| X.{subject}.{detail} | {classes} | {status.meaning} | {' | '.join(act)} |")
    return [*lines, ""]


def _receivers() -> list[str]:
    """What large receivers, filters and block lists say in words and codes of their own, and where they explain it."""
    lines = ["## Large receivers, filters and block lists", "", "`…` stands for whatever the reply has there; capitals do not matter.", ""]
    for receiver in RECEIVERS:
        lines += [f"### {receiver.name}", "", f"Source: <{receiver.page}>", ""]
        lines += ["| Words or codes | Meaning | Reason | Move | Next step | To the customer |", "|---|---|---|---|---|---|"]
        lines += [*map(_said, receiver.said), ""]
    return lines


def _said(said: Said) -> str:
    """One entry of a receiver as a row."""
    named = "<br>".join([*(f"`{words}`" for words in said.words), *said.codes])
    if said.only:
        named += f" (with {said.only})"
    source = f" Source: <{said.page}>" if said.page else ""
    advice = said.advice
    told = Voice().customer_text(Saying("bounced", advice.cause, advice.step))
    return f"| {named} | {said.meaning}{source} | `{said.reason}` | `{advice.move}` | {advice.next_step} | {told} |"


def _stages() -> list[str]:
    """What a bare code means by the command that it answers."""
    lines = ["## A code without words that are known", "", "| Answers | Code | Meaning | Reason |", "|---|---|---|---|"]
    rows = (f"| {stage} | {code:x<3} | {meaning} | `{reason}` |" for (stage, code), (reason, meaning) in BY_STAGE.items())
    return [*lines, *rows, ""]


def _own() -> list[str]:
    """What our own programs say where nobody else said anything, and of refusals of our own."""
    lines = ["## Words of our own mail server", "", "Where no other server said anything. `…` stands for whatever is there.", ""]
    lines += ["| Said | Words | Meaning | Reason | Move | Next step |", "|---|---|---|---|---|---|"]
    for said, several in (("of a delivery", DELIVERY), ("to a client", DIALOGUE)):
        for own in several:
            advice = own.advice or ADVICE[own.reason]
            words = "<br>".join(f"`{words}`" for words in own.words)
            lines.append(f"| {said} | {words} | {own.meaning} | `{own.reason}` | `{advice.move}` | {advice.next_step} |")
    return [*lines, ""]


def _languages() -> list[str]:
    """Words of other languages."""
    rows = (f"| `{reason}` | {', '.join(words)} |" for reason, words in WORDS.items())
    return ["## Words of other languages", "", "| Reason | Words |", "|---|---|", *rows]


if __name__ == "__main__":
    sys.stdout.write(errors_page())
