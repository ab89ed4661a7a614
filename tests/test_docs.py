"""The documentation names everything that can be said to the program, and what is generated in it is up to date."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import msgspec
import pytest
from conftest import Done

from mailtrace.cli.app import COMMANDS
from mailtrace.cli.asking import Criteria
from mailtrace.cli.common import Common
from mailtrace.cli.reference import filled
from mailtrace.layers import VARIABLES, load
from mailtrace.settings import CustomerTable, Elasticsearch, LogDomainTable, Settings, SourceTable
from search.rows import CSV_COLUMNS

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def text_of(name: str) -> str:
    """A page of the documentation."""
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_generated_parts_are_up_to_date(page: Path) -> None:
    """Help texts, settings and columns in the docs are what the program says; `make docs` writes them anew."""
    text = page.read_text(encoding="utf-8")
    assert filled(text) == text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page is a file."""
    missing = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert missing == []


def test_every_command_and_option_is_documented() -> None:
    """docs/commands.md has a part for each command, and names each option of it."""
    page = text_of("docs/commands.md")
    for command in COMMANDS:
        assert f"## mailtrace {command}" in page
        assert f"<!-- begin command {command} -->" in page
    for option in [*fields(Criteria), *fields(Common)]:
        assert f"--{option.name.replace('_', '-')}" in page


@pytest.mark.parametrize("name", COMMANDS)
def test_the_overview_has_the_sentence_of_the_command_itself(name: str) -> None:
    """What `mailtrace --help` says of a command, without loading it, is how the command's own help begins."""
    command = getattr(import_module(f"mailtrace.cli.{name}"), name)
    assert COMMANDS[name] == (command.__doc__ or "").splitlines()[0]


@pytest.mark.parametrize("words", [("errors", "--help"), ("--help", "errors"), ("errors", "-h")])
def test_the_help_of_a_command_is_whole(words: tuple[str, ...], mailtrace: Callable[..., Done]) -> None:
    """Wherever the word stands that asks for it."""
    assert "It says what a code means" in mailtrace(*words).stdout


def test_every_setting_is_documented() -> None:
    """docs/settings.md names each key of each table, and each variable of the environment."""
    page = text_of("docs/settings.md")
    for struct in (Settings, Elasticsearch, CustomerTable, SourceTable, LogDomainTable):
        for field in msgspec.structs.fields(struct):
            assert f"| `{field.name}` |" in page
    for variable in VARIABLES:
        assert variable in page


def test_every_column_is_documented() -> None:
    """docs/commands.md names each column of CSV."""
    page = text_of("docs/commands.md")
    assert all(f"| `{column}` |" in page for column in CSV_COLUMNS)


def test_the_example_settings_are_right(tmp_path: Path) -> None:
    """The example in docs/settings.md can be used as it stands."""
    example = re.search(r"## Example\n\n```toml\n(.*?)```", text_of("docs/settings.md"), re.DOTALL)
    assert example is not None
    file = tmp_path / "mailtrace.toml"
    file.write_text(example[1], encoding="utf-8")
    assert load({"config": str(file)}, {}).customer[0].name == "Example Ltd"


def test_no_page_names_a_path_of_a_work_place() -> None:
    """The docs can be read anywhere: no path of the machine on which they were written."""
    for page in PAGES:
        assert not re.search(r"/(?:work|tmp|root)/\w", page.read_text(encoding="utf-8")), page


def test_every_decision_is_listed() -> None:
    """docs/decisions/README.md links each decision."""
    listed = text_of("docs/decisions/README.md")
    for page in (ROOT / "docs" / "decisions").glob("0*.md"):
        assert f"({page.name})" in listed
