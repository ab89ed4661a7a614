"""Settings: their layers, and what is said of a mistake in one of them."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from mailtrace.amounts import Keep, parse_keep
from mailtrace.layers import VARIABLES, default_data_dir, load
from mailtrace.problems import CouldNot, WrongUsage
from mailtrace.settings import CustomerTable, Elasticsearch, Http, LogDomainTable, Settings, SourceTable

NO_FILE = Path("/nonexistent/mailtrace.toml")


def written(folder: Path, text: str, name: str = "mailtrace.toml") -> Path:
    """A settings file with this text."""
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def loaded(folder: Path, text: str = "", environ: dict[str, str] | None = None, **options: str) -> Settings:
    """The settings of a file, an environment and options."""
    file = written(folder, text)
    return load({"config": str(file), **options}, environ or {}, system_file=NO_FILE)


def test_the_later_layer_wins(tmp_path: Path) -> None:
    """An option beats the environment, the environment beats the file, the file beats the default."""
    text = 'keep = "30d"\ndata = "from-file"\nsubjects = "drop"\n'
    environ = {"MAILTRACE_DATA": "/from-environment", "MAILTRACE_KEEP": "20d"}
    assert loaded(tmp_path, text).keep == "30d"
    assert loaded(tmp_path, text).data == str(tmp_path / "from-file")
    assert loaded(tmp_path, text, environ).keep == "20d"
    assert loaded(tmp_path, text, environ).data == "/from-environment"
    assert loaded(tmp_path, text, environ, data="/from-option").data == "/from-option"
    assert loaded(tmp_path, text, environ).subjects == "drop"


def test_without_any_layer_there_are_defaults(tmp_path: Path) -> None:
    """Nothing needs to be set: the data folder is the system's or the user's, and the store is in it."""
    settings = load({}, {"XDG_DATA_HOME": str(tmp_path)}, system_file=NO_FILE)
    expected = "/var/lib/mailtrace" if os.geteuid() == 0 else str(tmp_path / "mailtrace")
    assert settings.data == expected
    assert settings.store == f"sqlite:{expected}/store"
    assert settings.keeping() == Keep(seconds=90 * 86_400)


def test_the_file_is_found_in_the_data_folder_then_in_the_system(tmp_path: Path) -> None:
    """Without --config the data folder's own file is read, else the system's."""
    system = written(tmp_path, 'keep = "1d"', "system.toml")
    assert load({"data": str(tmp_path)}, {}, system_file=system).keep == "1d"
    written(tmp_path, 'keep = "2d"')
    assert load({"data": str(tmp_path)}, {}, system_file=system).keep == "2d"
    assert load({"data": str(tmp_path)}, {"MAILTRACE_CONFIG": str(system)}, system_file=NO_FILE).keep == "1d"


def test_the_default_data_folder_of_a_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A user's data is where the desktop standard says; root's is where a service keeps its state."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert default_data_dir({"XDG_DATA_HOME": str(tmp_path)}) == tmp_path / "mailtrace"
    assert default_data_dir({}) == Path.home() / ".local/share/mailtrace"
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_data_dir({}) == Path("/var/lib/mailtrace")


def test_tables_are_read(tmp_path: Path) -> None:
    """Customers, sources and log domains come as they are written, paths relative to the file."""
    settings = loaded(
        tmp_path,
        """
        [[customer]]
        name = "Ann's bakery"
        domains = ["example.net", "example.org"]
        networks = ["192.0.2.0/24", "2001:db8::/32"]
        [[source]]
        path = "logs/mail.log*"
        timezone = "Europe/Berlin"
        year = 2026
        log_host = "mx1"
        format = "postfix"
        [[log_domain]]
        name = "cluster"
        hosts = ["mx1", "filter1"]
        filters = ["192.0.2.9"]
        """,
    )
    assert settings.customer[0].domains == ("example.net", "example.org")
    assert [str(one) for one in settings.customer[0].ranges()] == ["192.0.2.0/24", "2001:db8::/32"]
    assert settings.source[0].path == str(tmp_path / "logs/mail.log*")
    assert settings.source[0].year == 2026
    assert settings.log_domain[0].hosts == ("mx1", "filter1")
    assert settings.domains_of("ANN'S bakery") == ("example.net", "example.org")


@pytest.mark.parametrize(
    ("text", "environ", "said"),
    [
        ('kep = "30d"', {}, "unknown key 'kep'; did you mean 'keep'?"),
        (
            '[[customer]]\nname = "x"\n[[customer]]\nname = "y"\ndomain = []',
            {},
            "[[customer]] number 2: unknown key 'domain'; did you mean 'domains'?",
        ),
        ('[[source]]\npath = "x"\nzone = "UTC"', {}, "[[source]] number 1: unknown key 'zone'"),
        ('[customer]\nname = "x"', {}, "write [[customer]]"),
        ("[[source]]", {}, "[[source]] number 1: path is missing"),
        ("raw_lines = 1", {}, "raw_lines: must be true or false, not 1"),
        ('subjects = "hide"', {}, "subjects: must be drop or keep, not 'hide'"),
        ('keep = "3 moons"', {}, "cannot keep '3 moons'"),
        ('store = "postgres:x"', {}, "'postgres:x' is no store"),
        ('[[source]]\npath = "x"\ntimezone = "Mars/Olympus"', {}, "unknown time zone 'Mars/Olympus'"),
        ('[[customer]]\nname = "x"\nnetworks = ["192.0.2"]', {}, "customer 'x': networks: '192.0.2'"),
        ('[[customer]]\nname = "x"\n[[customer]]\nname = "X"', {}, "customer 'x' is there twice"),
        (
            '[[log_domain]]\nname = "x"\nhosts = ["a"]\n[[log_domain]]\nname = "y"\nhosts = ["a"]',
            {},
            "host in log_domain 'a' is there twice",
        ),
        ("keep =", {}, "this is not TOML"),
        ("", {"MAILTRACE_KEP": "1d"}, "environment: unknown setting MAILTRACE_KEP; did you mean 'MAILTRACE_KEEP'?"),
        ("", {"MAILTRACE_PIN": "soon"}, "MAILTRACE_PIN: must be a number above 0, at most 86400, not 'soon'"),
        ("", {"MAILTRACE_MEMORY": "-1"}, "MAILTRACE_MEMORY: must be a number above 0, at most 86400, not '-1'"),
        ("", {"MAILTRACE_RAW_LINES": "perhaps"}, "MAILTRACE_RAW_LINES: must be true or false, not 'perhaps'"),
        ("", {"MAILTRACE_CUSTOMER": "x"}, "unknown setting MAILTRACE_CUSTOMER"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, environ: dict[str, str], said: str) -> None:
    """A wrong setting is wrong usage, and the sentence names the layer, the key and a near one."""
    with pytest.raises(WrongUsage) as refused:
        loaded(tmp_path, text, environ)
    assert said in str(refused.value)
    assert environ or str(tmp_path / "mailtrace.toml") in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("data = 5", "data: must be a text that is not empty"),
        ("[http]\nport = 70000", "[http]: port: must be a whole number from 0 to 65535, not 70000"),
        ("[elasticsearch]\nperiod = 'year'", "[elasticsearch]: period: must be day, month or week, not 'year'"),
        ("[elasticsearch]\nnodes = 'x'", "[elasticsearch]: nodes: must be a list of texts"),
        ("[elasticsearch]\nlifecycle = 'x'", "[elasticsearch]: lifecycle: must be true or false, not 'x'"),
        ("customer = [{name = 'x'}, 5]", "[[customer]] number 2: must be a table"),
        ("[[customer]]\nname = 'x'\ndomains = ['a', 5]", "[[customer]] number 1: domains: number 2: must be a text that is not empty"),
        ("[[source]]\npath = 'x'\nyear = 1.5", "[[source]] number 1: year: must be a whole number from 1970 to 9999, not 1.5"),
        ("[elasticsearch]\npassword = 12345", "[elasticsearch]: password: must be a text that is not empty"),
    ],
)
def test_a_mistake_says_what_may_stand_there(tmp_path: Path, text: str, said: str) -> None:
    """The sentence ends with what the setting takes; a number in place of a secret is not shown."""
    with pytest.raises(WrongUsage) as refused:
        loaded(tmp_path, text)
    assert str(refused.value) == f"{tmp_path / 'mailtrace.toml'}: {said}"


@pytest.mark.parametrize(
    "struct", [Settings, Elasticsearch, Http, CustomerTable, SourceTable, LogDomainTable], ids=lambda one: one.__name__
)
def test_no_mistake_is_told_in_the_words_of_a_library(tmp_path: Path, struct: type[msgspec.Struct]) -> None:
    """A value of the wrong kind in any setting is told in our words, with the key."""
    head = {Settings: "", Elasticsearch: "[elasticsearch]\n", Http: "[http]\n"}
    again = {CustomerTable: "[[customer]]\n", SourceTable: "[[source]]\n", LogDomainTable: "[[log_domain]]\n"}
    tables = {"customer", "source", "log_domain", "elasticsearch", "http"}
    for field in msgspec.structs.fields(struct):
        if struct is Settings and field.name in tables:
            continue
        needed = "".join(f"{one.name} = 'x'\n" for one in msgspec.structs.fields(struct) if one.required and one is not field)
        text = {**head, **again}[struct] + (needed if struct is not Settings else "") + f"{field.name} = 1979-05-27\n"
        with pytest.raises(WrongUsage) as refused:
            loaded(tmp_path, text.replace(f"{field.name} = 'x'\n", ""))
        assert f"{field.name}: must be " in str(refused.value)
        assert "`" not in str(refused.value)
        assert "expected" not in str(refused.value)


def test_a_named_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """A settings file that was named and cannot be read is never passed over."""
    with pytest.raises(CouldNot, match="No such file"):
        load({"config": str(tmp_path / "absent.toml")}, {}, system_file=NO_FILE)


def test_the_environment_sets_numbers_and_flags(tmp_path: Path) -> None:
    """Text of the environment is read as the type that the setting has."""
    settings = loaded(
        tmp_path, "", {"MAILTRACE_PIN": "2.5", "MAILTRACE_HOLD_BACK": "1", "MAILTRACE_MEMORY": "2", "MAILTRACE_RAW_LINES": "false"}
    )
    assert (settings.pin, settings.hold_back, settings.memory, settings.raw_lines) == (2.5, 1.0, 2.0, False)
    assert "MAILTRACE_STORE" in VARIABLES


@pytest.mark.parametrize(
    ("text", "keep"),
    [
        ("90d", Keep(seconds=90 * 86_400)),
        ("12w", Keep(seconds=12 * 7 * 86_400)),
        ("1.5h", Keep(seconds=5400)),
        ("20GB", Keep(bytes=20 * 10**9)),
        ("512 MiB", Keep(bytes=512 * 2**20)),
        ("forever", Keep()),
    ],
)
def test_retention_is_a_time_or_a_size(text: str, keep: Keep) -> None:
    """A retention is read as people write it."""
    assert parse_keep(text) == keep


@pytest.mark.parametrize("text", ["", "0d", "90", "d", "-1d", "90 days and nights", "1e9d", "10PB"])
def test_a_retention_that_means_nothing_is_refused(text: str) -> None:
    """What cannot be read as a retention deletes nothing."""
    with pytest.raises(WrongUsage, match="cannot keep"):
        parse_keep(text)


def test_an_unknown_customer_is_named_with_the_known_ones(tmp_path: Path) -> None:
    """Asking for a customer that is not set says which there are."""
    settings = loaded(tmp_path, '[[customer]]\nname = "Ann"\ndomains = ["example.net"]')
    with pytest.raises(WrongUsage, match=r"no customer 'Bob' .*customers: Ann"):
        settings.domains_of("Bob")
