"""The man page: made of the program's own help, and sound roff."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

from mailtrace.cli.app import COMMANDS
from mailtrace.cli.reference import MANUAL, manual

ROOT = Path(__file__).resolve().parents[2]


def test_the_man_page_is_up_to_date_and_installed() -> None:
    """`make docs` writes it anew; an installation puts it below share/man."""
    assert MANUAL.read_text(encoding="utf-8") == manual()
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["data-files"]
    assert told == {"share/man/man1": [str(MANUAL.relative_to(ROOT))]}


def test_the_man_page_has_its_parts() -> None:
    """Its sections in their order, each command once, and no line that roff would take for a request of its own."""
    page = manual()
    assert re.findall(r"^\.SH (.*)$", page, re.MULTILINE) == ["NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "EXIT STATUS", "FILES"]
    assert re.findall(r"^\.SS (.*)$", page, re.MULTILINE) == list(COMMANDS)
    assert set(re.findall(r"^(\.\S+|\'\S*)", page, re.MULTILINE)) <= {'.\\"', ".TH", ".SH", ".SS", ".B", ".RI", ".I", ".nf", ".fi"}
    assert page.count("\n.nf\n") == page.count("\n.fi\n") == len(COMMANDS)
    assert not re.search("[│╭╰]", page)
    assert "\\-\\-follow" in page


def test_the_man_page_is_shown() -> None:
    """By groff, where it is; its warnings are none."""
    groff = shutil.which("groff")
    if groff is None:
        return
    done = subprocess.run([groff, "-man", "-Tutf8", "-ww", "-z", MANUAL], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
