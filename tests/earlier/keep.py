"""Keep the stores that this commit writes, for the tests of all later ones, from the top of the checkout.

    PYTHONPATH=tests python -m earlier.keep revision-4

It reads the chosen lines (`earlier.choice`) with the code as it is committed, into an embedded store and an Elasticsearch, and keeps both
below `tests/data/stores`. With `--answers` it changes nothing of kept stores but what must be answered of them, which the code as it is
now answers: for a change that makes answers better, to be looked through in the difference.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from reading import NOW_S, Place
from servers.fixtures import wipe
from servers.server import NoServerError, Wanted, ask
from servers.ways import get
from stores import Cluster, Embedded, Store

from earlier.choice import CHOICE
from earlier.kept import FOLDER, KEPT, PREFIX, STATES, File, Kept, Meta, Source, State, Told, answered, read_all
from mappings.trace import REVISION
from search.service import MailTrace

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*").fullmatch
#: What decides what a store holds.
_PRODUCT = ("mappings", "ingest", "search")
#: What a server says of an index or of a template, and takes from nobody.
_OF_AN_INDEX = ("creation_date", "uuid", "version", "provided_name")
_OF_A_TEMPLATE = ("created_date", "created_date_millis", "modified_date", "modified_date_millis")


def main(arguments: Sequence[str]) -> int:
    """Keep a store, or change what is told of those that are kept; 0 where that was done."""
    parser = argparse.ArgumentParser(
        prog="python -m earlier.keep", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", help="the name of the folder: by the revision that is written, such as revision-4")
    parser.add_argument("--answers", action="store_true", help="only tell anew what must be answered of this one")
    given = parser.parse_args(arguments)
    kept = Kept(given.name)
    if given.answers:
        if kept not in KEPT:
            parser.error(f"no store is kept as {kept}; there are: {', '.join(map(str, KEPT))}")
        return _tell_again(kept)
    if _NAME(given.name) is None or kept.folder.exists():
        parser.error(f"{given.name} is there already, or no name of a folder")
    if changed := _git("status", "--porcelain", "--", *_product()):
        parser.error(f"what is kept is named by its commit, and there are changes:\n{changed}")
    try:
        server = get(Wanted())
    except NoServerError as error:
        parser.error(str(error))
    try:
        keep(kept, server.url, _git("log", "-1", "--format=%H", "--", *_product()))
    finally:
        server.close()
    print(f"{kept}: {len(kept.meta.whole)} traces, {len(kept.meta.cut)} at the cut")
    for path in sorted(kept.folder.iterdir()):
        print(f"{path.stat().st_size:>9,} {path.name}")
    return 0


def keep(kept: Kept, url: str, commit: str) -> None:
    """Read the lines into an embedded store and into one on a server, and pack both as what this commit writes."""
    logs = {one.capture.name: one.lines() for one in CHOICE}
    cuts = {(one.capture.name, name): content[: one.cut_at(content)] for one in CHOICE for name, content in logs[one.capture.name].items()}
    sources = [
        Source(one.capture.name, one.log_host, [_file(name, cuts[one.capture.name, name]) for name in logs[one.capture.name]])
        for one in CHOICE
    ]
    packed: dict[str, bytes] = {"lines.tar.gz": _tar({f"{source}/{name}": content for source, name, content in _each(logs)})}
    told: dict[State, list[Told]] = {}
    for state in STATES:
        with _in_a_folder() as folder:
            for source, name, content in _each(logs):
                path = folder / "logs" / source / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content if state == "whole" else cuts[source, name])
                os.utime(path, (NOW_S, NOW_S))
            embedded = Embedded(Path("data/store"))
            read_all(sources, Place(Path("logs"), Path("data"), embedded))
            data = {str(path.relative_to("data")): path.read_bytes() for path in Path("data").rglob("*") if path.is_file()}
            packed[f"{state}.tar.gz"] = _tar({name: content for name, content in data.items() if not name.endswith("lock")})
            told[state] = _told(embedded)
            try:
                cluster = Cluster(url, PREFIX)
                read_all(sources, Place(Path("logs"), Path("data-of-a-cluster"), cluster))
                packed[f"{state}.jsonl.gz"] = gzip.compress(_dumped(cluster), mtime=0)
                assert _told(cluster) == told[state], "the two stores answer differently"
            finally:
                wipe(url, PREFIX)
    kept.folder.mkdir(parents=True)
    for file, content in packed.items():
        (kept.folder / file).write_bytes(content)
    _write(kept, Meta(commit, REVISION, sources, told["whole"], told["cut"]))


def _tell_again(kept: Kept) -> int:
    """Write anew what must be answered of a kept store."""
    meta = kept.meta
    told: dict[State, list[Told]] = {}
    for state in STATES:
        with _in_a_folder() as folder:
            told[state] = _told(kept.embedded(state, folder / "data"))
    changed = sum(now != before for state in STATES for now, before in zip(told[state], meta.told(state), strict=True))
    _write(kept, msgspec.structs.replace(meta, whole=told["whole"], cut=told["cut"]))
    print(f"{kept}: {changed} answers changed")
    return 0


def _each(logs: dict[str, dict[str, bytes]]) -> Iterator[tuple[str, str, bytes]]:
    """Every file: its source, its name and what it holds."""
    return ((source, name, content) for source, files in logs.items() for name, content in files.items())


def _file(name: str, cut: bytes) -> File:
    """What is told of a file."""
    return File(name, len(cut), cut.count(b"\n"))


def _told(store: Store) -> list[Told]:
    """What a store answers."""
    with MailTrace(store.engine()) as mail:
        return answered(mail)


def _dumped(cluster: Cluster) -> bytes:
    """What stands on a server: templates and indices, then every document with its version, as bulk requests take them."""
    url, every = cluster.url, f"{cluster.prefix}-*"
    templates: Any = ask(f"{url}/_index_template/{every}")
    indices: Any = ask(f"{url}/{every}?expand_wildcards=all")
    for index in indices.values():
        index["settings"]["index"] = _without(index["settings"]["index"], _OF_AN_INDEX)
    made = {one["name"]: _without(one["index_template"], _OF_A_TEMPLATE) for one in templates["index_templates"]}
    lines: list[Any] = [{"templates": made, "indices": indices}]
    ask(f"{url}/{every}/_refresh", "POST")
    for index in sorted(indices):
        found: Any = ask(f"{url}/{index}/_search", "POST", body={"size": 10_000, "version": True})
        assert len(found["hits"]["hits"]) == found["hits"]["total"]["value"]
        for hit in sorted(found["hits"]["hits"], key=lambda hit: str(hit["_id"])):
            action = {"_index": index, "_id": hit["_id"], "version": hit["_version"], "version_type": "external_gte"}
            lines += [{"index": action}, hit["_source"]]
    return "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines).encode()


def _without(told: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    """What a server tells, without what is its own."""
    return {name: value for name, value in told.items() if name not in names}


def _tar(files: dict[str, bytes]) -> bytes:
    """Pack files, always into the same bytes."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in sorted(files.items()):
            one = tarfile.TarInfo(name)
            one.size, one.mode, one.mtime = len(content), 0o600, 0
            tar.addfile(one, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


def _write(kept: Kept, meta: Meta) -> None:
    """Write what is told, so that a difference can be read."""
    (kept.folder / "meta.json").write_bytes(msgspec.json.format(msgspec.json.encode(meta), indent=1) + b"\n")


def _product() -> list[str]:
    """What decides what a store holds, as git names it from anywhere."""
    return [f":/{name}" for name in _PRODUCT]


def _git(*arguments: str) -> str:
    """What git says of this checkout."""
    return subprocess.run(["git", "-C", str(FOLDER.parent), *arguments], capture_output=True, text=True, check=True).stdout.strip()


@contextmanager
def _in_a_folder() -> Iterator[Path]:
    """A new folder to work in, so that no path of this machine stands in what is kept."""
    before = Path.cwd()
    with TemporaryDirectory() as name:
        os.chdir(name)
        try:
            yield Path(name)
        finally:
            os.chdir(before)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
