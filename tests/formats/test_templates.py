"""Templates: each is met by a sample, and a line that differs from one in one place is never half read.

What "half" means is said by `test_what_is_changed_in_one_place_is_read_whole_or_not`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest

from formats.format_samples import Sample, all_samples, facts_of, framed
from ingest.formats import FORMATS, Format, Outcome, Silent
from ingest.formats.template import Template
from ingest.framing.line import Line
from mailtrace.build import is_compiled
from mappings.address import normalise
from mappings.facts import Fact, fields_of, kind_of

TEMPLATES = [(one, template) for one in FORMATS for template in one.templates.all]
SAMPLES = all_samples()
#: What is put in, or instead of a sign: what ends something in one of the lines, and what does not.
SIGNS = ' ,;:<>[]"=0a'
#: What is read out of words, anew where they change: no name, no id and no number of itself.
READINGS = {"action", "by", "detail", "discarded", "filtered", "relay_name", "reply", "stage", "status", "stored", "text"}
#: What a forwarder of logs may leave behind a line.
_COUNTED = re.compile(r" [0-9]{1,6}$")
#: What stands in a group instead, to see which fields are made of it.
OTHERS = (
    "7",
    "x y",
    "other@other.example",
    "4.4.4",
    "450",
    "deferred",
    "4DDD1111AAA",
    "a[192.0.2.1]",
    "in reply to DATA command",
    "Ok, id=1-2 - spam, queued as 4DDD",
)


def name_of(given: tuple[Format, Template]) -> str:
    """A template in a test's name."""
    return f"{given[0].name}: {given[1].name}"


def general_of(one: Format) -> Callable[[Line], Outcome]:
    """A format's parser of what is not usual."""
    general: Callable[[Line], Outcome] = import_module(f"ingest.formats.{one.name}").general
    return general


def met_by(one: Format, template: Template) -> Iterator[tuple[Sample, re.Match[str]]]:
    """The samples that a template reads, as the first of those of its program."""
    for sample in SAMPLES:
        if sample.format == one.name:
            fitting = ((t, re.fullmatch(t.expression, sample.text)) for t in one.templates.all if sample.program in t.programs)
            first, found = next((t for t in fitting if t[1] is not None), (None, None))
            if first is template and found is not None:
                yield sample, found


@pytest.mark.parametrize("given", TEMPLATES, ids=name_of)
def test_a_template_is_met_by_a_sample(given: tuple[Format, Template]) -> None:
    """One that no sample meets is either dead or untested."""
    assert next(met_by(*given), None) is not None


@pytest.mark.parametrize("given", TEMPLATES, ids=name_of)
def test_the_groups_are_the_makers_arguments(given: tuple[Format, Template]) -> None:
    """All are named, and stand in the order in which the maker takes them."""
    pattern = re.compile(given[1].expression)
    assert len(pattern.groupindex) == pattern.groups
    if not is_compiled():
        # A compiled function does not say what it takes.
        assert list(pattern.groupindex) == list(inspect.signature(given[1].make).parameters)[: pattern.groups]


@pytest.mark.parametrize("one", [one for one in FORMATS if one.templates.all], ids=lambda one: one.name)
def test_two_ways_to_read_a_line_say_the_same(one: Format) -> None:
    """Whatever a template reads is to another one, and to the general parser, the same or nothing."""
    general = general_of(one)
    for sample in (sample for sample in SAMPLES if sample.format == one.name):
        line = framed(sample.tag, sample.text)
        read = [
            t.make(*m.groups()) for t in one.templates.all if sample.program in t.programs and (m := re.fullmatch(t.expression, line.text))
        ]
        read += [found for found in [general(line)] if read and not isinstance(found, Silent)]
        assert all(found == read[0] for found in read), sample.text


@pytest.mark.parametrize("given", TEMPLATES, ids=name_of)
def test_what_is_changed_in_one_place_is_read_whole_or_not(given: tuple[Format, Template]) -> None:
    """A sign is left out, doubled, exchanged or put in at each place of a usual line: none of it is read by half.

    - what a template reads is to the general parser the same, or nothing;
    - a field that is made of another part of the line is as it was, or is not told;
    - a field that is the changed part itself is the whole of it, as it stands now, or is not told;
    - the line states no other kind of fact.
    """
    one, template = given
    general, wrong = general_of(one), []
    # The longest has most of what the template knows of.
    sample, match = max(met_by(one, template), key=lambda found: len(found[0].text))
    usual = facts_of(template.make(*match.groups()))
    made_of = {name: _made_of(template, match, name, usual) for name in match.groupdict()}
    for start, end, put in _changes(sample.text):
        text = sample.text[:start] + put + sample.text[end:]
        line = framed(sample.tag, text)
        now, otherwise = one.parse(line), general(line)
        if one.templates.read(line.program, text) is not None and not isinstance(otherwise, Silent) and otherwise != now:
            wrong.append((text, "is read in two ways"))
        # What is put in or doubled before or behind a bracket may be the group's as well.
        touched = [name for name in match.groupdict() if match.start(name) - 2 <= end and start <= match.end(name) + 1]
        own = {field for name in touched for field in made_of[name]}
        whole = {
            match[name]: _COUNTED.sub("", text[match.start(name) : match.end(name) + len(put) - (end - start)])
            for name in touched
            if match.start(name) < start and end < match.end(name)
        }
        wrong += [(text, what) for what in _half(usual, facts_of(now), own, whole)]
    assert wrong == []


def _changes(text: str) -> Iterator[tuple[int, int, str]]:
    """Places, and what is put there."""
    for at, sign in enumerate(text):
        # An address without its `@` may be one of an older release, which goes on behind its bracket (`path_at`).
        if sign == "@":
            continue
        yield at, at + 1, ""
        yield at, at, sign
        for other in SIGNS:
            yield at, at + 1, other
            yield at, at, other


def _made_of(template: Template, match: re.Match[str], group: str, usual: tuple[Fact, ...]) -> set[str]:
    """The fields that are not the same where another text stands in a group."""
    fields: set[str] = set()
    for other in (*OTHERS, None):
        groups = list(match.groupdict(None).items())
        try:
            found = facts_of(template.make(*(other if name == group else text for name, text in groups)))
        except (ValueError, TypeError, AttributeError, KeyError):
            continue
        for one, before in zip(found, usual, strict=False):
            fields |= {name for name in before.__struct_fields__ if getattr(one, name, None) != getattr(before, name)}
    return fields


def _half(usual: tuple[Fact, ...], found: tuple[Fact, ...], own: set[str], whole: dict[str, str]) -> Iterator[str]:
    """What is told that the changed line does not say."""
    kinds = [kind_of(fact) for fact in found]
    if kinds != [kind_of(fact) for fact in usual][len(usual) - len(kinds) :]:
        yield f"is {kinds}"
        return
    for one, before in zip(found, usual[len(usual) - len(kinds) :], strict=True):
        told = fields_of(one)
        for name, value in told.items():
            was: Any = getattr(before, name)
            if name in READINGS or value in (fields_of(before).get(name), was):
                continue
            if name not in own:
                yield f"{name} is {value!r} and was {was!r}"
            elif isinstance(was, str) and was in whole and value not in (whole[was], normalise(whole[was])):
                yield f"{name} is {value!r} and stands there as {whole[was]!r}"
