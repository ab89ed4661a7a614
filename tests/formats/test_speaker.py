"""Which daemon of Postfix wrote a line whose tag names only the unit that it runs in."""

from __future__ import annotations

import pytest
from captures import LONG, POSTFIX_SHORT, SHORT, Capture
from msgspec.structs import replace

from ingest.formats import IGNORED, format_of, framer_of
from ingest.formats.postfix import parse, speaker

#: An administrator's command runs in no unit.
_BY_HAND = "postsuper"


@pytest.mark.parametrize(("capture", "file"), [(POSTFIX_SHORT, "mail.log"), (SHORT, "mail.log"), (LONG, "postfix.log")])
def test_a_line_says_the_same_of_the_daemon_that_its_text_tells(capture: Capture, file: str) -> None:
    """Each line of real logs states the same facts without its tag."""
    framer, stated = framer_of(file, capture.zone, 2026), 0
    for text in capture.content(file).decode("utf-8", "backslashreplace").splitlines():
        line = framer.frame(text)
        known = None if line is None else format_of(line.tag, line.program)
        if line is None or known is None or known.name != "postfix" or line.program == _BY_HAND or (said := parse(line)) is IGNORED:
            continue
        tag = speaker(line.text)
        assert tag is not None, line.text
        assert parse(replace(line, tag=tag, program=tag.rpartition("/")[2])) == said, line.text
        stated += 1
    assert stated > 1000


@pytest.mark.parametrize(
    "text", ["starting the Postfix mail system", "4jYTh90FlXzD96b: released from hold", "prepend Received-SPF: Pass", ""]
)
def test_what_others_may_have_written_is_nobodys(text: str) -> None:
    """What no daemon says alone is not given to one."""
    assert speaker(text) is None
