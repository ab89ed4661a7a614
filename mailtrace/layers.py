"""Where settings come from: defaults, then a TOML file, then the environment, then options; the later wins.

A key that is not known is an error that names the file, the key and the nearest known one: a setting with a typing mistake
must not be passed over in silence.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from ingest.tail.names import is_file
from mailtrace.problems import CouldNot, WrongUsage, of_os_error
from mailtrace.settings import CustomerTable, Elasticsearch, Http, LogDomainTable, Settings, SourceTable, check

ENVIRONMENT = "MAILTRACE_"
#: What the build is asked by, and may still be set (building/compiling.py); it is no setting.
_OF_THE_BUILD = "MAILTRACE_COMPILED"
SYSTEM_FILE = Path("/etc/mailtrace.toml")
FILE_NAME = "mailtrace.toml"
_TABLES: dict[str, type[msgspec.Struct]] = {"customer": CustomerTable, "source": SourceTable, "log_domain": LogDomainTable}
#: A table that is there once.
_SINGLE: dict[str, type[msgspec.Struct]] = {"elasticsearch": Elasticsearch, "http": Http}
#: Tables of texts, which are checked as such.
_TEXTS = ("sentences",)
_PATHS = ("data",)
_SINGLE_PATHS = ("api_key_file", "password_file", "ca_file", "certificate", "key")
#: Settings of several values, which a text layer parts by commas or blanks.
_SEVERAL = ("elasticsearch.nodes", "http.origins", "http.proxies")
#: What the environment may set: every setting that is one value, and which file to read.
VARIABLES: dict[str, str] = {
    ENVIRONMENT + key.upper().replace(".", "_"): key
    for key in (
        *(key for key in Settings.__struct_fields__ if key not in (*_TABLES, *_SINGLE, *_TEXTS)),
        "config",
        *(f"{table}.{key}" for table, struct in _SINGLE.items() for key in struct.__struct_fields__),
    )
}


def load(options: Mapping[str, str | None], environ: Mapping[str, str] | None = None, *, system_file: Path = SYSTEM_FILE) -> Settings:
    """Put the layers together; `options` are those of the command line by the settings' names, None where not given."""
    environ = os.environ if environ is None else environ
    above = _above(options, environ)
    data = Path(above.get("data") or default_data_dir(environ)).expanduser()
    file = settings_file(options, environ, system_file=system_file)
    values = _together(_read(file) if file else {}, above)
    values["data"] = values.get("data", os.fspath(data))
    if isinstance(values["data"], str):
        values["data"] = os.fspath(Path(values["data"]).expanduser())
    values.setdefault("store", f"sqlite:{values['data']}/store")
    settings = _converted(values, file)
    try:
        check(settings)
    except WrongUsage as error:
        # The check sees the layers put together; the file is where nearly all of what it looks at can stand.
        raise WrongUsage(f"{file}: {error}" if file else str(error)) from None
    return settings


def settings_file(
    options: Mapping[str, str | None], environ: Mapping[str, str] | None = None, *, system_file: Path = SYSTEM_FILE
) -> Path | None:
    """Name the settings file that `load` reads; None where there is none."""
    environ = os.environ if environ is None else environ
    data = Path(_above(options, environ).get("data") or default_data_dir(environ)).expanduser()
    return _file(options.get("config") or _from_environment(environ).get("config"), data, system_file)


def _above(options: Mapping[str, str | None], environ: Mapping[str, str]) -> dict[str, Any]:
    """The layers above the file: the environment, and options upon it."""
    given = {key: value for key, value in options.items() if value is not None}
    environment = _from_environment(environ)
    return {**_typed(environment, lambda key: ENVIRONMENT + key.upper().replace(".", "_")), **_typed(given, lambda key: f"--{key}")}


def _together(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """One layer upon another; in a table that is there once, key by key."""
    values = {**below, **{key: value for key, value in above.items() if "." not in key}}
    for key, value in above.items():
        table, dot, name = key.partition(".")
        if dot:
            values[table] = {**(values.get(table) or {}), name: value}
    return values


def default_data_dir(environ: Mapping[str, str]) -> Path:
    """Where state lives when nobody says: the system's place for root, else the user's."""
    if os.geteuid() == 0:
        return Path("/var/lib/mailtrace")
    home = environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(home).expanduser() / "mailtrace"


def _file(named: str | None, data: Path, system_file: Path) -> Path | None:
    """The settings file: the one that is named, else the one in the data folder, else the system's."""
    if named:
        return Path(named).expanduser()
    return next((path for path in (data / FILE_NAME, system_file) if path.is_file()), None)


def _read(file: Path) -> dict[str, Any]:
    """The keys of a settings file, with its relative paths taken from its own folder."""
    try:
        with file.open("rb") as stream:
            values = tomllib.load(stream)
    except OSError as error:
        raise CouldNot(f"settings: {of_os_error(error)}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongUsage(f"{file}: this is not TOML: {error}") from None
    _refuse_unknown(values, Settings, str(file), "")
    for key, table in _TABLES.items():
        rows = values.get(key, [])
        if not isinstance(rows, list):
            raise WrongUsage(f"{file}: {key} is a table that can be there several times: write [[{key}]]")
        for number, row in enumerate(rows, 1):
            if isinstance(row, dict):
                _refuse_unknown(row, table, str(file), f"[[{key}]] number {number}: ")
    for key, table in _SINGLE.items():
        one = values.get(key, {})
        if not isinstance(one, dict):
            raise WrongUsage(f"{file}: {key} is a table that is there once: write [{key}]")
        _refuse_unknown(one, table, str(file), f"[{key}]: ")
        for name in _SINGLE_PATHS:
            if isinstance(one.get(name), str):
                one[name] = os.fspath(file.parent / Path(one[name]).expanduser())
    for key in _PATHS:
        if isinstance(values.get(key), str):
            values[key] = os.fspath(file.parent / Path(values[key]).expanduser())
    for row in values.get("source", []):
        if isinstance(row, dict) and isinstance(row.get("path"), str):
            row["path"] = os.fspath(file.parent / Path(row["path"]).expanduser()) if is_file(row["path"]) else row["path"]
    return values


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What `MAILTRACE_*` says; an empty value is as good as none."""
    found: dict[str, str] = {}
    for name, value in environ.items():
        if not name.startswith(ENVIRONMENT) or name == _OF_THE_BUILD:
            continue
        if name not in VARIABLES:
            raise WrongUsage(f"environment: unknown setting {name}{_nearest(name, VARIABLES)}")
        if value:
            found[VARIABLES[name]] = value
    return found


def _converted(values: dict[str, Any], file: Path | None) -> Settings:
    """Check the types of the layers put together; text layers are typed already, so a mistake stands in the file."""
    try:
        return msgspec.convert(values, Settings)
    except msgspec.ValidationError as error:
        from mailtrace.mistakes import in_words  # noqa: PLC0415 - to tell kinds apart takes longer to load than right settings to read

        raise WrongUsage(f"{file}: {in_words(error, Settings, values)}") from None


def _typed(text: Mapping[str, str], called: Callable[[str], str]) -> dict[str, Any]:
    """Read each value of a text layer as the type that its setting has; `called` says how the layer names a setting."""
    typed: dict[str, Any] = {}
    fields = [(field.name, field.type) for field in msgspec.structs.fields(Settings)]
    fields += [(f"{table}.{field.name}", field.type) for table, struct in _SINGLE.items() for field in msgspec.structs.fields(struct)]
    for name, kind in fields:
        if name in text:
            several = name in _SEVERAL
            try:
                typed[name] = msgspec.convert(text[name].replace(",", " ").split() if several else text[name], kind, strict=False)
            except msgspec.ValidationError:
                from mailtrace.mistakes import of_text  # noqa: PLC0415 - as above

                raise WrongUsage(f"{called(name)}: {of_text(kind, text[name])}") from None
    return typed


def _refuse_unknown(values: Mapping[str, Any], struct: type[msgspec.Struct], file: str, where: str) -> None:
    """Refuse a key that the struct does not have."""
    known = struct.__struct_fields__
    for key in values:
        if key not in known:
            raise WrongUsage(f"{file}: {where}unknown key {key!r}{_nearest(key, known)}")


def _nearest(name: str, known: Any) -> str:
    """A hint at the known name that looks most like this one."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""
