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
    since_us = mark.last_us if gone.begin == mark.offset else mark.read_us
    live = rotated_set(mark.path)
    firsts = [s.first_us for s in sources if s.first_us is not None and rotated_set(s.reader.path) == live]
    later = [first_us for first_us in firsts if since_us is None or first_us >= since_us]
    return Loss(
        id=loss_id(mark.path, mark.identity.digest, gone.begin),
        file=mark.path,
        begin=gone.begin,
        end=gone.end,
        since_ms=None if since_us is None else since_us // 1000,
        until_ms=min(later) // 1000 if later else now_ms,
        noticed_ms=now_ms,
    )
