"""The commands with a cluster as the store: the same answers as from the embedded one, and what only a cluster needs."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest
from conftest import Done
from servers.server import ask

from cluster.cluster_samples import T0, engine_at, indices, mail, sink_at, stored, write
from ingest.sinks.deadletters import DeadLetters
from mailtrace.cluster import access
from mailtrace.layers import load
from mailtrace.problems import CouldNot, WrongUsage
from mailtrace.settings import Elasticsearch
from mailtrace.stores import asking, shown
from mappings.elasticsearch.template import VERSION
from mappings.trace import Trace
from search.query import Query
from search.scope import EVERYTHING

Run = Callable[..., Done]
LOG = str(files("mailtrace.demo") / "mail.log.gz")


@pytest.fixture
def cluster(mailtrace: Run, es_url: str, es_prefix: str) -> Run:
    """Run `mailtrace` with the cluster as its store."""
    return lambda *arguments, **environ: mailtrace(
        *arguments, **{"MAILTRACE_STORE": es_url, "MAILTRACE_ELASTICSEARCH_PREFIX": es_prefix} | environ
    )


def test_a_real_log_gives_the_same_answers_from_both_stores(cluster: Run, mailtrace: Run, tmp_path: Path) -> None:
    """Search, report and errors say the same, row for row and word for word."""
    assert cluster("ingest", "--once", LOG).returncode == 0
    own = {"MAILTRACE_DATA": str(tmp_path / "embedded")}
    assert mailtrace("ingest", "--once", LOG, **own).returncode == 0
    everything = cluster("search", "--format", "jsonl", "--limit", "0").stdout
    assert everything == mailtrace("search", "--format", "jsonl", "--limit", "0", **own).stdout
    rows = [json.loads(line) for line in everything.splitlines()]
    assert len(rows) > 200
    questions = [
        ("search", "--disposition", "quarantined", "--format", "json"),
        ("search", "--domain", "*.example", "--limit", "7", "--format", "json"),
        ("search", "--code", "5xx", "--count"),
        ("search", "--client", "*", "--relay", "127.0.0.0/8", "--format", "csv"),
        ("search", "--sender", "nobody@nowhere.example", "--format", "json"),
        ("errors", "--seen", "--format", "json"),
        *(("report", row["id"], "--format", "json") for row in rows[::40]),
    ]
    for question in questions:
        assert cluster(*question).stdout == mailtrace(*question, **own).stdout, question


def test_reading_again_writes_nothing_twice(cluster: Run, es_url: str, es_prefix: str) -> None:
    """A log that is read twice, the second time from its start, leaves the same documents."""
    cluster("ingest", "--once", LOG)
    before = stored(es_url, es_prefix)
    cluster("ingest", "--once", "--rebuild", LOG)
    assert stored(es_url, es_prefix) == before


def test_an_ingester_that_is_killed_and_started_again_leaves_the_same_documents(
    cluster: Run, mailtrace_process: Callable[..., subprocess.Popen[str]], es_url: str, es_prefix: str, tmp_path: Path
) -> None:
    """Killed at random moments and started again, it comes to the documents of one undisturbed run: none lost, none doubled."""
    chance = random.Random(7)
    log = tmp_path / "mail.log"
    log.write_bytes(gzip.decompress(Path(LOG).read_bytes()))
    cluster("ingest", "--once", str(log))
    undisturbed = cluster("search", "--format", "jsonl", "--limit", "0").stdout
    names = {"MAILTRACE_STORE": es_url, "MAILTRACE_ELASTICSEARCH_PREFIX": f"{es_prefix}-killed", "MAILTRACE_DATA": str(tmp_path / "killed")}
    kills = 0
    for _ in range(6):
        process = mailtrace_process("ingest", "--once", str(log), **names)
        try:
            process.wait(chance.uniform(0.5, 1.4))
        except subprocess.TimeoutExpired:
            kills += 1
            process.kill()
            process.wait()
    assert cluster("ingest", "--once", str(log), **names).returncode == 0
    assert cluster("search", "--format", "jsonl", "--limit", "0", **names).stdout == undisturbed
    assert len(stored(es_url, f"{es_prefix}-killed")) >= undisturbed.count("\n")
    print(f"{undisturbed.count(chr(10))} traces once each after {kills} kills")


def test_a_following_ingester_shows_lines_as_they_come_and_keeps_others_out(
    cluster: Run, mailtrace_process: Callable[..., subprocess.Popen[str]], es_url: str, es_prefix: str, tmp_path: Path
) -> None:
    """What is appended can be found soon; a second writer of the same host is refused, naming the first; SIGTERM ends in order."""
    lines = gzip.decompress(Path(LOG).read_bytes()).splitlines(keepends=True)
    log, names = tmp_path / "mail.log", {"MAILTRACE_STORE": es_url, "MAILTRACE_ELASTICSEARCH_PREFIX": es_prefix}
    log.write_bytes(b"".join(lines[:1000]))
    first = mailtrace_process("ingest", str(log), **names, MAILTRACE_DATA=str(tmp_path / "first"))
    engine = engine_at(es_url, es_prefix)

    def more_than(before: int) -> int:
        until = time.monotonic() + 20
        while (found := engine.count(Query(), EVERYTHING)) <= before:
            assert time.monotonic() < until
            time.sleep(0.1)
        return found

    before = more_than(0)
    with log.open("ab") as file:
        file.write(b"".join(lines[1000:]))
    more_than(before)
    second = cluster("ingest", "--once", str(log), MAILTRACE_DATA=str(tmp_path / "second"))
    assert second.returncode == 1
    assert f"Another run or ingest (process {first.pid} on " in second.stderr
    first.terminate()
    assert first.wait(20) == 0
    assert engine.count(Query(), EVERYTHING) == 290
    engine.close()


def test_the_start_says_what_it_put_in_place(cluster: Run, es_prefix: str) -> None:
    """The first ingest puts the template in place and says so; the next has nothing to say."""
    first, second = (" ".join(cluster("ingest", "--once", LOG).stderr.split()) for _ in range(2))
    assert f"Put the index template {es_prefix}-traces in place (version {VERSION})." in first
    assert "template" not in second


def test_doctor_puts_in_place_and_finds_what_is_wrong(cluster: Run, es_url: str, es_prefix: str) -> None:
    """It looks, puts in place, says so, and fails where an index is not ours or the server is not there."""
    looked = cluster("doctor", "--look")
    assert f"note  Index template {es_prefix}-traces is not there yet." in looked.stdout
    done = cluster("doctor")
    assert (done.returncode, f"Put the index template {es_prefix}-traces in place (version {VERSION})." in done.stdout) == (0, True)
    assert "is up to date" in cluster("doctor").stdout
    sink = sink_at(es_url, es_prefix)
    sink.claim("mx7")
    write(sink, [mail(1)])
    sink.note_progress({"mx7": T0})
    ask(f"{es_url}/{es_prefix}-*/_refresh", "POST")
    well = cluster("doctor").stdout
    for part in ("1 index, ", "1 trace.", "The log domain mx7 is written by process ", "Logs of mx7 are read up to 2025-11-24T16:00:00"):
        assert part in well
    sink.close()
    ask(f"{es_url}/{es_prefix}-traces-stray", "PUT", body={"mappings": {"dynamic": True}})
    wrong = cluster("doctor")
    assert (wrong.returncode, f"bad   These indices were not made from the index template: {es_prefix}-traces-stray." in wrong.stdout) == (
        1,
        True,
    )
    away = cluster("doctor", MAILTRACE_STORE="http://user:secret@127.0.0.1:9")
    assert (away.returncode, "does not answer" in away.stdout, "secret" in away.stdout) == (1, True, False)


def test_retention_drops_indices(cluster: Run, es_url: str, es_prefix: str) -> None:
    """The command drops what is older than is kept, and says which."""
    sink = sink_at(es_url, es_prefix)
    write(sink, [mail(1, time_ms=1_000_000_000_000), mail(2, time_ms=4_000_000_000_000)])
    sink.close()
    done = cluster("retention", "--keep", "30d")
    assert done.stdout == f"Deleted {es_prefix}-traces-2001.09.09\n1 index deleted; kept: 30d.\n"
    assert indices(es_url, es_prefix) == ["2096.10.02"]
    assert cluster("retention", "--keep", "forever").stdout == "0 indices deleted; kept: forever.\n"


def test_dead_letters_are_listed_and_tried_again(cluster: Run, mailtrace: Run, tmp_path: Path, es_url: str, es_prefix: str) -> None:
    """What was refused stands in the data folder; trying again stores what can be stored, and keeps the rest with its reason."""
    letters = DeadLetters(tmp_path / "data", es_url)
    letters.add(mail(1), "it was too busy")
    letters.add(mail(2, size=1 << 63), "out of range")
    letters.add(mail(3, size=1 << 70, subject="\udcff"), "out of any range")
    listed = cluster("deadletters", "list").stdout
    assert "ann@example.org to bob1@example.net" in listed
    assert "it was too busy" in listed
    assert listed.endswith("3 dead letters.\n")
    assert cluster("deadletters", "list", "--limit", "1").stdout.endswith("1 of 3 dead letters.\n")
    whole = [json.loads(line) for line in cluster("deadletters", "list", "--format", "jsonl").stdout.splitlines()]
    assert [(one["reason"], one["trace"]["id"]) for one in whole][:1] == [("it was too busy", mail(1).id)]
    done = cluster("deadletters", "retry")
    assert (done.returncode, done.stdout) == (1, "3 dead letters tried again: 1 stored, 2 refused again.\n")
    assert set(stored(es_url, es_prefix)) == {mail(1).id}
    kept = {letter.trace.id: letter.reason for letter in letters.listed()}
    assert set(kept) == {mail(2).id, mail(3).id}
    assert "mailtrace.size" in kept[mail(2).id]
    # The embedded store takes them the same way.
    assert mailtrace("deadletters", "retry").stdout.startswith("2 dead letters tried again: ")


def test_an_interrupted_retry_loses_nothing(tmp_path: Path) -> None:
    """Letters that a crash left between the two files are tried first, and a line that was cut off is passed over."""
    letters = DeadLetters(tmp_path)
    for number in range(5):
        letters.add(mail(number), "why")
    given: list[str] = []

    def crash(_traces: list[Trace]) -> None:
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - whatever it is
        letters.retry(crash)
    letters.add(mail(9), "later")
    with (tmp_path / "deadletters.ndjson").open("ab") as file:
        file.write(b'{"at_ms":1,"sto')
    assert letters.count() == 6
    assert letters.retry(lambda traces: given.extend(trace.id for trace in traces)) == 6
    assert given == [mail(number).id for number in (0, 1, 2, 3, 4, 9)]
    assert (letters.count(), letters.retry(lambda _traces: None)) == (0, 0)


def test_one_sentence_says_that_a_cluster_is_away(cluster: Run) -> None:
    """Every command that needs the store ends with exit code 1 and the address, without what is secret in it."""
    for command in (("search",), ("ingest", "--once", LOG), ("retention",), ("report", mail(1).id)):
        done = cluster(*command, MAILTRACE_STORE="http://user:secret@127.0.0.1:9")
        assert (done.returncode, done.stderr.splitlines()[-1]) == (
            1,
            "mailtrace: Elasticsearch at http://127.0.0.1:9 does not answer: connection refused.",
        )
    assert "this is for the embedded store only" in cluster("copy", "/nonexistent").stderr


def test_secrets_come_from_the_environment_or_from_files(tmp_path: Path) -> None:
    """Each layer may give them, a file is named relative to the settings, and no text shows them."""
    none = tmp_path / "none.toml"
    (tmp_path / "key").write_text("a2V5\n", encoding="ascii")
    (tmp_path / "s.toml").write_text(
        'store = "https://es.example"\n[elasticsearch]\napi_key_file = "key"\nprefix = "mail"\n', encoding="utf-8"
    )
    settings = load({"config": str(tmp_path / "s.toml")}, {"MAILTRACE_ELASTICSEARCH_NODES": "https://b:9200, https://c"}, system_file=none)
    known = access(settings.store, settings.elasticsearch)
    assert (known.nodes, known.api_key) == (("https://es.example", "https://b:9200", "https://c"), "a2V5")
    given = {"MAILTRACE_ELASTICSEARCH_USERNAME": "u", "MAILTRACE_ELASTICSEARCH_PASSWORD": "geheim"}
    settings = load({"store": "https://es.example"}, given, system_file=none)
    assert access(settings.store, settings.elasticsearch).header() == {"authorization": "Basic dTpnZWhlaW0="}
    assert "geheim" not in repr(settings)
    inside = access("https://a%40b:p%3Aq@es.example", Elasticsearch())
    assert (inside.username, inside.password, inside.nodes) == ("a@b", "p:q", ("https://es.example",))
    assert shown("https://a:b@es.example:9200/x") == "https://es.example:9200/x"
    settings = load({"store": "https://es.example"}, {"MAILTRACE_ELASTICSEARCH_PASSWORD_FILE": str(tmp_path / "gone")}, system_file=none)
    with pytest.raises(CouldNot, match="gone: No such file"):
        access(settings.store, settings.elasticsearch)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('nodes = ["es.example"]', "'es.example' is no address; say https://HOST:PORT"),
        ('prefix = "Mail"', "cannot begin the name of an index"),
        ('refresh = "soon"', "'soon' is no time"),
        ('api_key = "x"\nusername = "y"', "give one of the two"),
        ('password = "x"\npassword_file = "y"', "give one of the two"),
        ('perod = "day"', "unknown key 'perod'; did you mean 'period'?"),
        ('period = "hour"', "[elasticsearch]: period: must be day, month or week, not 'hour'"),
        ("shards = 0", "[elasticsearch]: shards: must be a whole number from 1 to 1024, not 0"),
    ],
)
def test_a_mistake_in_the_table_is_said(tmp_path: Path, text: str, said: str) -> None:
    """Each wrong setting is refused in a sentence that names it."""
    file = tmp_path / "mailtrace.toml"
    file.write_text(f"[elasticsearch]\n{text}\n", encoding="utf-8")
    with pytest.raises(WrongUsage) as caught:
        load({"config": str(file)}, {}, system_file=tmp_path / "none")
    assert said in str(caught.value)


def test_a_table_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    """There is one cluster."""
    file = tmp_path / "mailtrace.toml"
    file.write_text("[[elasticsearch]]\n", encoding="utf-8")
    with pytest.raises(WrongUsage, match=r"write \[elasticsearch\]"):
        load({"config": str(file)}, {}, system_file=tmp_path / "none")


def test_python_asks_a_cluster_too(es_url: str, es_prefix: str) -> None:
    """The public entry takes a cluster's address as it takes a folder."""
    settings = load({"store": es_url}, {"MAILTRACE_ELASTICSEARCH_PREFIX": es_prefix})
    sink = sink_at(es_url, es_prefix)
    write(sink, [mail(1)])
    sink.close()
    with asking(settings.store, settings.elasticsearch) as mail_trace:
        assert [trace.id for trace in mail_trace.search(Query()).traces] == [mail(1).id]
