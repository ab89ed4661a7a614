"""Lines of samples and captures, changed at random: none raises, and none keeps a parser busy. `soak.lines` tries them by the million."""

from __future__ import annotations

from itertools import islice

import pytest
from soak.lines import corpus, lines_of, wrong_with

SEED = 20261130


@pytest.mark.parametrize(("pump", "count"), [(False, 20_000), (True, 500)])
def test_no_changed_line_raises_or_is_slow(pump: bool, count: int) -> None:
    """Cut, doubled, swapped, with other bytes and digits; with a piece over and over. What is counted is CPU time, the best of four."""
    assert [wrong for text in islice(lines_of(SEED, pump=pump), count) if (wrong := wrong_with(text)) is not None] == []


def test_the_lines_are_of_every_format() -> None:
    """Samples and captures of all programs are what is changed."""
    text = "\n".join(corpus())
    assert len(corpus()) > 3000
    for program in ("postfix/smtpd[", "amavis[", "rspamd_task_write_log", "spamd: result", " <= ", "opendkim[", "clamav-milter["):
        assert program in text
