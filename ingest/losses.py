"""From what a follower found nowhere to the loss that the store keeps."""

from __future__ import annotations

from collections.abc import Collection

from ingest.sinks import Sink
from ingest.source import SourceFile
from ingest.tail.follow import Follower
from ingest.tail.paths import rotated_set
from ingest.tail.seek import Gone
from mappings.losses import Loss, loss_id


def note_losses(follower: Follower, sources: Collection[SourceFile], sink: Sink, now_ms: int) -> list[str]:
    """Keep what a follower lost, in the store before the positions forget it, and give the sentences that say so."""
    losses = [loss_of(gone, sources, now_ms) for gone in follower.gone()]
    for loss in losses:
        sink.note_loss(loss)
    return [loss.in_words() for loss in losses]


def loss_of(gone: Gone, sources: Collection[SourceFile], now_ms: int) -> Loss:
    """The loss, in log time from the last line that was read to the first of the same set that was read after it."""
    mark = gone.mark
    since_us = gone.since_us
    live = rotated_set(mark.path)
    # Of files that were written to after it: what was rotated before it may be read only now.
    younger = [s for s in sources if rotated_set(s.reader.path) == live and s.reader.mtime_ns >= mark.mtime_ns]
    later = [s.heard.first_us for s in younger if s.heard.first_us >= max(since_us or 0, 1)]
    return Loss(
        id=loss_id(mark.path, mark.identity.digest, gone.begin),
        file=mark.path,
        begin=gone.begin,
        end=gone.end,
        since_ms=None if since_us is None else since_us // 1000,
        until_ms=min(later) // 1000 if later else now_ms,
        noticed_ms=now_ms,
    )
