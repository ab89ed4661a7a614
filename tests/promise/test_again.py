"""Reading the same lines again, from whatever file and in whichever form, changes nothing."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from random import Random

import pytest
import zstandard
from canonical import Documents, documents, must_be_same
from captures import FORMS, Form, written
from reading import SHORTEST, USUAL, Place, Times, forget_positions, read

from promise.conftest import COARSE, FINE, IN_PIECES, MILTER, OWN_FILES, TWO_FILES, on_both, tries
from promise.pieces import cuts

Plain = Callable[[Form, Times], Documents]

_PACKED: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda content: zstandard.ZstdCompressor().compress(content),
}
_BOTH = next(form for form in FORMS if form.name == "both")


@pytest.mark.parametrize("times", [USUAL, SHORTEST], ids=str)
@pytest.mark.parametrize("form", [FINE, COARSE, TWO_FILES, OWN_FILES, IN_PIECES, MILTER], ids=str)
class TestTwice:
    """A second reading."""

    def test_from_the_start(self, form: Form, times: Times, place: Place, plain: Plain) -> None:
        """Reading from the start what was read before writes nothing anew and takes nothing away."""
        files = form.unpacked(place.logs)
        read(place, files, times, timezone=form.zone)
        again = read(place, files, times, rebuild=True, timezone=form.zone)
        must_be_same(plain(form, times), documents(place.store))
        assert again.summary.lines == sum(content.count(b"\n") for content in form.contents().values())
        assert again.summary.superseded == 0

    def test_where_it_ended(self, form: Form, times: Times, place: Place, plain: Plain) -> None:
        """A second run on the same files writes nothing."""
        files = form.unpacked(place.logs)
        read(place, files, times, timezone=form.zone)
        again = read(place, files, times, timezone=form.zone)
        must_be_same(plain(form, times), documents(place.store))
        assert again.summary.traces == 0

    def test_copies_in_the_same_run(self, form: Form, times: Times, place: Place, plain: Plain) -> None:
        """`mail.*` goes to `mail.log` and to `syslog`: each line is there twice in one run."""
        copies = {f"copy-of-{name}": content for name, content in form.contents().items()}
        read(place, [*form.unpacked(place.logs), *written(place.logs, copies)], times, timezone=form.zone)
        must_be_same(plain(form, times), documents(place.store))


@pytest.mark.parametrize("packing", sorted(_PACKED))
@tries(2, on_cluster=1)
def test_compressed_under_another_name(case: tuple[Form, Times, int], packing: str, place: Place, plain: Plain) -> None:
    """A rotated set is renamed and compressed after it was read."""
    form, times, _ = case
    read(place, form.unpacked(place.logs), times, timezone=form.zone)
    forget_positions(place.data)
    packed = {f"{name}.1{packing}": _PACKED[packing](content) for name, content in form.contents().items()}
    read(place, written(place.logs.with_name("packed"), packed), times, timezone=form.zone)
    must_be_same(plain(form, times), documents(place.store))


@pytest.mark.parametrize("times", [USUAL, SHORTEST], ids=str)
class TestBothForms:
    """The same run logged with fine stamps and with whole seconds: the finer stamp wins, whichever is read first."""

    def test_together(self, times: Times, place: Place, plain: Plain) -> None:
        """Both files in one run give what the one with fine stamps gives."""
        read(place, _BOTH.unpacked(place.logs), times)
        must_be_same(plain(FINE, times), documents(place.store))

    @on_both
    @pytest.mark.parametrize("first", [FINE, COARSE], ids=str)
    def test_one_after_the_other(self, first: Form, times: Times, place: Place, plain: Plain) -> None:
        """Both files in two runs, in either order."""
        second = COARSE if first is FINE else FINE
        read(place, first.unpacked(place.logs), times)
        read(place, second.unpacked(place.logs), times)
        must_be_same(plain(FINE, times), documents(place.store))


@tries(4, on_cluster=2)
def test_a_log_and_its_copy_read_in_turns(case: tuple[Form, Times, int], place: Place, plain: Plain) -> None:
    """A log and a copy of it that grows more slowly, read in many runs."""
    form, times, seed = case
    states = cuts(form.contents(), Random(seed), 3)
    for state, behind in zip(states, [states[0], *states], strict=False):
        copies = {f"copy-of-{name}": content for name, content in behind.items()}
        read(place, [*written(place.logs, state), *written(place.logs, copies)], times, timezone=form.zone)
    must_be_same(plain(form, times), documents(place.store))
