"""The dictionaries by which the embedded store compresses: trained on documents of the test captures and of generated traffic.

`--heads FILE` and `--journeys FILE` train on all of them and write one. Figures are of messages that a dictionary was not trained on.
"""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC
from pathlib import Path
from random import Random

import zstandard
from msgspec.structs import replace

from bench import documents
from bench.measure import keep, parser, show, table
from ingest.options import IngestOptions
from ingest.pipeline import Ingest
from ingest.sinks.embedded_blocks import FULL
from mappings.embedded import packing
from mappings.trace import Trace

_CAPTURES = Path(__file__).parent.parent / "tests" / "data" / "captures"
#: Bytes of a dictionary, and the level at which the store compresses.
_SIZE, _LEVEL = 16_384, 1


def main(argv: list[str] | None = None) -> int:
    """Train, measure, print."""
    given_by = parser("dictionary", __doc__)
    given_by.add_argument("--lines", type=int, default=20_000, help="lines of generated traffic")
    given_by.add_argument("--heads", type=Path, help="where the dictionary for heads is written")
    given_by.add_argument("--journeys", type=Path, help="where the dictionary for journeys is written")
    given = given_by.parse_args(argv)
    captured, generated = (list(map(_as_on_a_server, traces)) for traces in (_captured(), documents.made(given.lines)))
    half = [t for t in (*captured, *generated) if not _is_measured(t)]
    shipped = packing.shipped_dictionary(packing.HEADS), packing.shipped_dictionary(packing.DICTIONARY)
    trained = _trained(half, packing.encode_head), _trained(half, packing.encode_journey)
    rows = []
    for name, (heads, journeys) in (("shipped", shipped), ("trained here", trained)):
        for source, traces in (("captures", captured), ("traffic", generated)):
            measured = [t for t in traces if _is_measured(t)]
            sizes = _size(measured, heads, packing.encode_head, 1), _size(measured, journeys, packing.encode_journey, FULL)
            rows.append([name, source, f"{len(measured):,}", *(f"{size:.0f}" for size in sizes)])
    show(table("bytes a trace", ["dictionary", "documents of", "traces", "head", f"journey, in blocks of {FULL}"], rows))
    keep(given.json, "dictionary", {"rows": rows})
    for path, encode in ((given.heads, packing.encode_head), (given.journeys, packing.encode_journey)):
        if path:
            path.write_bytes(_trained([*captured, *generated], encode))
    return 0


def _captured() -> Iterator[Trace]:
    """The documents of each capture."""
    for folder in sorted(_CAPTURES.iterdir()):
        # `mail-traditional.log` has the lines of `mail.log` under other stamps.
        files = sorted(str(one) for one in folder.glob("*log*") if "traditional" not in one.name) if folder.is_dir() else []
        kept = documents.Kept()
        with tempfile.TemporaryDirectory(prefix="bench-dictionary-") as data:
            Ingest(IngestOptions(paths=tuple(files), timezone=UTC, year=2026), kept, Path(data)).run_once()
        yield from (trace for trace in kept.traces.values() if not trace.superseded_by)


def _as_on_a_server(trace: Trace) -> Trace:
    """A trace whose lines lie where logs lie, and not in a folder of this machine."""
    events = [replace(event, file=f"/var/log/{Path(event.file).name.removesuffix('.gz')}") for event in trace.events]
    return replace(trace, events=events)


def _is_measured(trace: Trace) -> bool:
    """Whether its message is one of the half on which dictionaries are measured."""
    return zlib.crc32(trace.keys[0].encode()) % 2 == 0


def _trained(traces: Sequence[Trace], encode: Callable[[Trace], bytes]) -> bytes:
    """A dictionary for a part of these traces."""
    samples: list[bytes | bytearray | memoryview[int]] = [encode(trace) for trace in traces]
    Random(1).shuffle(samples)
    return zstandard.train_dictionary(_SIZE, samples, level=_LEVEL).as_bytes()


def _size(traces: Sequence[Trace], dictionary: bytes, encode: Callable[[Trace], bytes], together: int) -> float:
    """Bytes that a part of a trace takes on average, where so many are compressed together."""
    made = zstandard.ZstdCompressor(_LEVEL, dict_data=zstandard.ZstdCompressionDict(dictionary), write_checksum=False, write_dict_id=False)
    parts = [b"".join(map(encode, traces[start : start + together])) for start in range(0, len(traces), together)]
    return sum(len(made.compress(part)) for part in parts) / len(traces)


if __name__ == "__main__":
    raise SystemExit(main())
