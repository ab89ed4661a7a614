"""The audit log is a chain: whatever is done to its files is found, and nothing that the service itself does is."""

from __future__ import annotations

import json
import multiprocessing
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Done

from search.http.audit import HEAD, Audit, Entry, read_head
from search.http.chain import verify

_MONTHS = ("2026-09", "2026-10", "2026-11")


def entry(number: int, month: str = "2026-11") -> Entry:
    """An entry like those of the service."""
    return Entry(
        time=f"{month}-03T00:00:{number % 60:02d}.000Z",
        request_id=f"{number:012x}",
        who="Ann",
        role="admin",
        address="192.0.2.1",
        what="search",
        question=f"/api/v1/traces?sender={'ä' * (number % 7)}",
        rows=number,
        status=200,
        took_ms=1.5,
    )


def written(folder: Path, count: int = 30) -> Path:
    """A log of three months."""
    log = Audit(folder)
    for number in range(count):
        log.write(entry(number, _MONTHS[number * len(_MONTHS) // count]))
    log.close()
    return folder


def words_of(folder: Path) -> list[str]:
    """The faults, each with its place."""
    return [f"{one.file.removeprefix('audit-').removesuffix('.jsonl')}:{one.line} {one.words}" for one in verify(folder).faults]


def lines_of(folder: Path, month: str) -> list[bytes]:
    """The lines of a month."""
    return (folder / f"audit-{month}.jsonl").read_bytes().splitlines(keepends=True)


def put(folder: Path, month: str, lines: list[bytes]) -> None:
    """Write a month anew, as somebody does who may write there."""
    (folder / f"audit-{month}.jsonl").write_bytes(b"".join(lines))


def test_a_log_as_it_was_written_is_whole(tmp_path: Path) -> None:
    """Over months and restarts; its head is what the next run can be given."""
    written(tmp_path)
    found = verify(tmp_path)
    assert (found.faults, found.entries, found.files, found.unchained, found.head[0]) == ([], 30, 3, 0, 30)
    log = Audit(tmp_path)
    log.write(entry(99))
    log.close()
    assert verify(tmp_path, known=found.head).faults == []
    assert [one.number for one in Audit(tmp_path).search(limit=3)] == [31, 30, 29]


@pytest.mark.parametrize("month", _MONTHS)
@pytest.mark.parametrize("place", [0, 4, -1])
def test_a_changed_line_is_found_where_it_stands(tmp_path: Path, month: str, place: int) -> None:
    """The first and the last of a month too, and the last of all."""
    lines = lines_of(written(tmp_path), month)
    lines[place] = lines[place].replace(b'"Ann"', b'"Bob"')
    put(tmp_path, month, lines)
    last = (month, place) == (_MONTHS[-1], -1)
    words = "was changed: it is not the one that was noted" if last else "was changed"
    assert words_of(tmp_path) == [f"{month}:{range(1, 11)[place]} {words}"]


@pytest.mark.parametrize("month", _MONTHS)
def test_lines_that_were_taken_out_are_told(tmp_path: Path, month: str) -> None:
    """With their numbers."""
    lines = lines_of(written(tmp_path), month)
    del lines[3:5]
    put(tmp_path, month, lines)
    first = _MONTHS.index(month) * 10 + 4
    assert words_of(tmp_path) == [f"{month}:4 entries {first} to {first + 1} are missing before it"]


def test_a_month_that_was_taken_out_is_told(tmp_path: Path) -> None:
    """In the middle or at the beginning; where old ones were deleted on purpose, one begins behind them."""
    written(tmp_path)
    (tmp_path / "audit-2026-10.jsonl").unlink()
    assert words_of(tmp_path) == ["2026-11:1 entries 11 to 20 are missing before it"]
    (tmp_path / "audit-2026-09.jsonl").unlink()
    assert words_of(tmp_path) == ["2026-11:1 entries 1 to 20 are missing before it"]
    assert verify(tmp_path, since="2026-11").faults == []


def test_lines_that_were_put_in_are_told(tmp_path: Path) -> None:
    """A new one, a double, one of another place, half a line."""
    lines = lines_of(written(tmp_path), "2026-10")
    new = json.dumps(json.loads(lines[2]) | {"number": 0, "before": ""}).encode() + b"\n"
    put(tmp_path, "2026-10", [*lines[:3], new, lines[2], b'{"time":"2026-1\n', *lines[3:]])
    told = words_of(tmp_path)
    assert [one.partition(" ")[0] for one in told] == ["2026-10:4", "2026-10:5", "2026-10:6"]
    assert all("put in" in one for one in told)


def test_a_cut_at_the_end_is_told(tmp_path: Path) -> None:
    """As far as the head knows; and for ever, when more has been written since."""
    lines = lines_of(written(tmp_path), "2026-11")
    put(tmp_path, "2026-11", lines[:-3])
    assert words_of(tmp_path) == ["2026-11:7 entries 28 to 30 are missing behind it: the end was cut off"]
    log = Audit(tmp_path)
    log.write(entry(77))
    log.close()
    assert words_of(tmp_path) == ["2026-11:8 entries 28 to 30 are missing before it"]
    assert json.loads(lines_of(tmp_path, "2026-11")[-1])["number"] == 31


def test_all_of_it_written_anew_is_told_by_a_head_from_elsewhere(tmp_path: Path) -> None:
    """Who may write the folder can forge a whole chain with its head, but not the head that an admin has noted."""
    known = verify(written(tmp_path / "right")).head
    log = Audit(tmp_path / "forged")
    for number in range(40):
        log.write(entry(number + 1))
    log.close()
    assert verify(tmp_path / "forged").faults == []
    (fault,) = verify(tmp_path / "forged", known=known).faults
    assert (fault.line, fault.words) == (30, "was changed: it is not the one that was noted")


def test_a_log_of_which_nothing_is_left_is_told_by_a_head_from_elsewhere(tmp_path: Path) -> None:
    """There is no file and no line to name then."""
    (fault,) = verify(tmp_path, known=(7, "0" * 64)).faults
    assert (fault.file, fault.words) == ("", "entries 1 to 7 are missing: the end was cut off")


def test_a_head_that_is_gone_is_told_and_made_anew(tmp_path: Path) -> None:
    """The chain goes on where it ended."""
    written(tmp_path)
    (tmp_path / HEAD).unlink()
    assert "head.json is missing" in words_of(tmp_path)[0]
    log = Audit(tmp_path)
    log.write(entry(77))
    log.close()
    assert words_of(tmp_path) == []
    (tmp_path / HEAD).write_bytes(b"nonsense")
    log = Audit(tmp_path)
    log.write(entry(78))
    log.close()
    assert words_of(tmp_path) == []


def test_lines_from_before_the_chain_are_taken_and_guarded_from_then_on(tmp_path: Path) -> None:
    """An older log is accepted as it stands when the chain begins; what is done to it later is found."""
    old = [json.dumps({"time": f"2026-08-01T00:00:0{number}.000Z", "what": "search"}).encode() + b"\n" for number in range(5)]
    put(tmp_path, "2026-08", old)
    put(tmp_path, "2026-09", [*old, b'{"half'])
    written(tmp_path)
    found = verify(tmp_path)
    assert (found.faults, found.unchained, found.entries) == ([], 11, 30)
    put(tmp_path, "2026-08", [*old[:4], old[4].replace(b"search", b"report")])
    assert words_of(tmp_path) == ["2026-09:7 does not go on from the lines before the chain"]


def test_a_process_that_was_killed_between_line_and_head_loses_nothing(tmp_path: Path) -> None:
    """The next one finds the line, and goes on behind it."""
    written(tmp_path, 29)
    head = (tmp_path / HEAD).read_bytes()
    log = Audit(tmp_path)
    log.write(entry(29))
    log.close()
    (tmp_path / HEAD).write_bytes(head)
    assert words_of(tmp_path) == []
    log = Audit(tmp_path)
    log.write(entry(30))
    log.close()
    found = verify(tmp_path)
    assert (found.faults, found.head[0]) == ([], 31)


def test_a_disk_that_is_full_leaves_no_part_of_a_line(tmp_path: Path) -> None:
    """It raises, and what was written before stays whole."""
    import resource
    import signal

    written(tmp_path)
    path = tmp_path / "audit-2026-11.jsonl"
    size = path.stat().st_size
    log = Audit(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, before[0][1]))
    try:
        with pytest.raises(OSError, match=r"could not be written|File too large"):
            log.write(entry(31))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before[0])
        signal.signal(signal.SIGXFSZ, before[1])
    assert path.stat().st_size == size
    log.write(entry(32))
    log.close()
    found = verify(tmp_path)
    assert (found.faults, found.entries) == ([], 31)


def _write_many(folder: Path, seed: int, count: int) -> None:
    log = Audit(folder)
    for number in range(count):
        log.write(entry(seed * 1_000 + number))
    log.close()


def test_several_processes_write_one_chain(tmp_path: Path) -> None:
    """`serve` more than once on the same folder: one lock, one chain, no line lost."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_write_many, args=(tmp_path, seed, 150)) for seed in range(4)]
    for one in processes:
        one.start()
    for one in processes:
        one.join(60)
    found = verify(tmp_path)
    assert ([one.exitcode for one in processes], found.faults, found.entries) == ([0] * 4, [], 600)
    assert len({one.request_id for one in Audit(tmp_path).search(limit=1_000)}) == 600


def test_whatever_is_done_to_a_log_is_found(tmp_path: Path) -> None:
    """Random changes of random bytes and lines: each is told, and nothing ever fails."""
    chance = random.Random(7)
    written(tmp_path)
    whole = {path: path.read_bytes() for path in tmp_path.glob("audit-*.jsonl")}
    for _ in range(200):
        path = chance.choice(sorted(whole))
        content = bytearray(whole[path])
        at = chance.randrange(len(content))
        match chance.randrange(4):
            case 0:
                content[at] ^= 1 << chance.randrange(8)
            case 1:
                del content[at : at + chance.randrange(1, 600)]
            case 2:
                content[at:at] = content[chance.randrange(len(content)) :][:400] or b"x"
            case _:
                lines = bytes(content).splitlines(keepends=True)
                chance.shuffle(lines)
                content = bytearray(b"".join(lines))
        path.write_bytes(content)
        assert verify(tmp_path).faults or bytes(content) == whole[path], bytes(content)
        path.write_bytes(whole[path])
    assert verify(tmp_path).faults == []


def test_the_command_tells_and_exits_with_1(tmp_path: Path, mailtrace: Callable[..., Done]) -> None:
    """`mailtrace audit verify`: whole and broken, with a head to keep, and one sentence for what cannot be meant."""
    folder = written(tmp_path / "data" / "access" / "audit")
    done = mailtrace("audit", "verify")
    assert done.returncode == 0
    assert "30 entries in 3 files: whole" in done.stdout
    head = done.stdout.split("Head: ")[1].strip()
    assert head.startswith("30:")
    assert mailtrace("audit", "verify", "--head", head, "--since", "2026-10").returncode == 0
    put(folder, "2026-11", lines_of(folder, "2026-11")[:-1])
    done = mailtrace("audit", "verify")
    assert (done.returncode, "audit-2026-11.jsonl:9: entry 30 is missing behind it" in done.stdout) == (1, True)
    for words in (("--since", "soon"), ("--head", "30"), ("--head", "x:y")):
        done = mailtrace("audit", "verify", *words)
        assert (done.returncode, words[0] in done.stderr) == (2, True)
    assert mailtrace("audit", "sing").returncode == 2


def test_without_a_log_nothing_is_wrong(tmp_path: Path, mailtrace: Callable[..., Done]) -> None:
    """A service that nobody has asked yet."""
    done = mailtrace("audit", "verify")
    assert (done.returncode, "0 entries in 0 files: whole" in done.stdout) == (0, True)
    assert read_head(tmp_path) is None
