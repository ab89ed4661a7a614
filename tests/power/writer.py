"""A writer whose calls are recorded: it follows files while they grow, with small files in the store and positions kept often.

`python -m power.writer DATA LOGS SEED [careless]`; `careless` says that all is durable without syncing anything.
"""

from __future__ import annotations

import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from captures import FORMS, YEAR
from promise.pieces import cuts
from reading import NOW_S

from ingest.options import IngestOptions
from ingest.pipeline import Ingest
from ingest.sinks.embedded import EmbeddedSink
from ingest.sinks.embedded_sync import Syncer

PIECES = 12
FORM = next(form for form in FORMS if str(form) == "postfix_amavis-rfc3339")
_FILE_SPAN_MS = 20_000
_PAUSE_S = 0.15


def main(data: Path, logs: Path, seed: int, *, careless: bool) -> None:
    """Follow the logs of the capture while they are written in pieces."""
    contents = FORM.contents()
    logs.mkdir()
    stop = threading.Event()
    if careless:
        for name in ("_sync", "_copy_back"):
            setattr(Syncer, name, lambda *_: None)

    def write() -> None:
        done = dict.fromkeys(contents, 0)
        for state in cuts(contents, Random(seed), PIECES):
            for name, content in state.items():
                with (logs / name).open("ab") as file:
                    file.write(content[done[name] :])
                done[name] = len(content)
            time.sleep(_PAUSE_S)
        time.sleep(2 * _PAUSE_S)
        stop.set()

    paths = tuple(str(logs / name) for name in contents)
    options = IngestOptions(paths, ZoneInfo("UTC"), year=YEAR)
    with closing(EmbeddedSink(data / "store", span_ms=_FILE_SPAN_MS, traces_per_file=40)) as sink:
        writing = threading.Thread(target=write)
        writing.start()
        Ingest(options, sink, data, clock=lambda: NOW_S).follow(stop, interval_s=0.02)
        writing.join()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), careless=sys.argv[4:] == ["careless"])
