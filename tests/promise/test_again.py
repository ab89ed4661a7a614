"""Reading the same lines again, from whatever file and in whichever form, changes nothing."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
import zstandard
from canonical import Documents, documents, must_be_same
from captures import FORMS, Form, written
from reading import SHORTEST, USUAL, Times, forget_positions, read, store_of

from promise.conftest import COARSE, FINE, TWO_FILES, tries

Plain = Callable[[Form, Times], Documents]

_PACKED: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda content: zstandard.ZstdCompressor().compress(content),
}
_BOTH = next(form for form in FORMS if form.name == "both")


@pytest.mark.parametrize("times", [USUAL, SHORTEST], ids=str)
@pytest.mark.parametrize("form", [FINE, COARSE, TWO_FILES], ids=str)
class TestTwice:
    """A second reading."""

    def test_from_the_start(self, form: Form, times: Times, data: Path, logs: Path, plain: Plain) -> None:
        """Reading from the start what was read before writes nothing anew and takes nothing away."""
        files = form.unpacked(logs)
        read(data, files, times)
        again = read(data, files, times, rebuild=True)
        must_be_same(plain(form, times), documents(store_of(data)))
        assert again.summary.lines > 2000
        assert again.summary.superseded == 0

    def test_where_it_ended(self, form: Form, times: Times, data: Path, logs: Path, plain: Plain) -> None:
        """A second run on the same files writes nothing."""
        files = form.unpacked(logs)
        read(data, files, times)
        again = read(data, files, times)
        must_be_same(plain(form, times), documents(store_of(data)))
        assert again.summary.traces == 0

    @pytest.mark.parametrize("packing", sorted(_PACKED))
    def test_compressed_under_another_name(self, form: Form, times: Times, packing: str, data: Path, logs: Path, plain: Plain) -> None:
        """A rotated set is renamed and compressed after it was read."""
        read(data, form.unpacked(logs), times)
        forget_positions(data)
        packed = {f"{name}.1{packing}": _PACKED[packing](content) for name, content in form.contents().items()}
        read(data, written(logs.with_name("packed"), packed), times)
        must_be_same(plain(form, times), documents(store_of(data)))

    def test_copies_in_the_same_run(self, form: Form, times: Times, data: Path, logs: Path, plain: Plain) -> None:
        """`mail.*` goes to `mail.log` and to `syslog`: each line is there twice in one run."""
        copies = {f"copy-of-{name}": content for name, content in form.contents().items()}
        read(data, [*form.unpacked(logs), *written(logs, copies)], times)
        must_be_same(plain(form, times), documents(store_of(data)))


@pytest.mark.parametrize("times", [USUAL, SHORTEST], ids=str)
class TestBothForms:
    """The same run logged with fine stamps and with whole seconds: the finer stamp wins, whichever is read first."""

    def test_together(self, times: Times, data: Path, logs: Path, plain: Plain) -> None:
        """Both files in one run give what the one with fine stamps gives."""
        read(data, _BOTH.unpacked(logs), times)
        must_be_same(plain(FINE, times), documents(store_of(data)))

    @pytest.mark.parametrize("first", [FINE, COARSE], ids=str)
    def test_one_after_the_other(self, first: Form, times: Times, data: Path, logs: Path, plain: Plain) -> None:
        """Both files in two runs, in either order."""
        second = COARSE if first is FINE else FINE
        read(data, first.unpacked(logs), times)
        read(data, second.unpacked(logs), times)
        must_be_same(plain(FINE, times), documents(store_of(data)))


@tries(6)
def test_a_log_and_its_copy_read_in_turns(case: tuple[Form, Times, int], data: Path, logs: Path, plain: Plain) -> None:
    """A log and a copy of it that grows more slowly, read in many runs."""
    from promise.pieces import cuts

    form, times, seed = case
    states = cuts(form.contents(), Random(seed), 3)
    for state, behind in zip(states, [states[0], *states], strict=False):
        copies = {f"copy-of-{name}": content for name, content in behind.items()}
        read(data, [*written(logs, state), *written(logs, copies)], times)
    must_be_same(plain(form, times), documents(store_of(data)))
