"""The files of the user's paths as they come, grow, are renamed, truncated and removed.

A sweep looks at everything and is the truth; changes that the system reports only make the next sweep come sooner.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

import msgspec

from ingest.handles import Handles
from ingest.tail.checkpoint import Checkpoint
from ingest.tail.faults import TailError, cannot_read
from ingest.tail.fingerprint import HEAD
from ingest.tail.hints import Hints, Waker
from ingest.tail.journal import JournalReader
from ingest.tail.marks import Mark, Told
from ingest.tail.names import JOURNAL, STDIN, is_file
from ingest.tail.paths import expand, folders_of, is_live, order, rotated_set
from ingest.tail.reader import FileReader
from ingest.tail.seek import Gone, Seeker, Seen

_Key = tuple[int, int]
_STDIN_KEY: _Key = (-1, 0)
#: No device has this number.
_JOURNALS = -2

#: A compressed file this young may still be being written.
_YOUNG_S = 10.0
#: So long a file that lost its name is kept open after its last line, for its writer may not have noticed.
_LINGER_S = 60.0
#: So many files that were let go of are known again.
_REMEMBERED = 1_000
#: How often the positions are told which files are still there.
_PRESENCE_S = 3600.0


class Follower:
    """Keeps a reader for each content. One thread calls it; any may call `wake`.

    With `once` it looks at what is there now: a missing file is a problem, and nothing is watched. `left` are marks of files that
    nobody named, whose content is read on.
    """

    def __init__(
        self,
        paths: Sequence[str],
        checkpoint: Checkpoint,
        *,
        once: bool = False,
        exclude: str | None = None,
        left: Sequence[Mark] = (),
        linger_s: float = _LINGER_S,
        watch: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._paths = list(paths)
        self._checkpoint = checkpoint
        self._once = once
        self._exclude = exclude
        self._linger_s = linger_s
        self._clock = clock
        self._readers: dict[_Key, FileReader] = {}
        #: Readers whose file has no name of ours any more, with the time since which nothing came.
        self._nameless: dict[FileReader, float] = {}
        #: Files that hold nothing more, by size and time of change.
        self._done: dict[_Key, tuple[int, int]] = {}
        #: Compressed files that may still be being written.
        self._young: dict[_Key, tuple[int, int]] = {}
        #: Files that were read to their ends and let go of, the last of them.
        self._over: dict[Seen, None] = {}
        #: Streams that were read to their end.
        self._spent: set[_Key] = set()
        self._watched: list[str] | None = None
        self._presence = float("-inf")
        self._handles = Handles()
        self._seeker = Seeker(paths, checkpoint, self._handles, left, clock, once=once)
        self._problems: dict[str, TailError] = {}
        #: The files of the last sweep.
        self.present: list[str] = []
        self._told: set[str] = set()
        self._waker = Waker()
        self._hints = Hints(self._waker.wake) if watch and not once else None

    @property
    def readers(self) -> list[FileReader]:
        """All readers, oldest files of each set first."""
        named = sorted(self._readers.values(), key=lambda reader: order(reader.path))
        return [*self._nameless, *named]

    def sweep(self) -> list[FileReader]:
        """Look at all files; the readers that have something to give, new ones among them, oldest files of each set first."""
        # What is said once is said again where it was well meanwhile.
        self._told &= self._problems.keys()
        self._problems.clear()
        files = expand(self._paths, once=self._once, exclude=self._exclude, problem=self._note_problem)
        named = set(files)
        found = [path for path in self._seeker.found if path not in named]
        present: dict[_Key, FileReader] = {}
        keys: set[_Key] = set()
        self._visit_all([*found, *files], present, keys)
        self._part(present, keys)
        new = self._seeker.look({*found, *named}, self._held(), self._note_problem, self._over)
        self._visit_all(new, self._readers, keys)
        for memory in (self._done, self._young):
            for key in memory.keys() - keys:
                del memory[key]
        self._let_go()
        self._seeker.awaited(time.time_ns())
        if self._clock() - self._presence >= _PRESENCE_S:
            self._presence = self._clock()
            self._checkpoint.present(keys)
        files = self.present = [*files, *(path for path in self._seeker.found if path not in named)]
        if self._hints is not None and files != self._watched:
            self._watched = files
            self._hints.watch(folders_of(self._paths, files), [os.path.realpath(path) for path in files if is_file(path)] + files)
        return [reader for reader in self.readers if reader.has_more()]

    def gone(self) -> list[Gone]:
        """What went before it was read and is nowhere, each told once; ask after the positions are noted."""
        return self._seeker.gone()

    def told_of(self, path: str) -> Told | None:
        """What was said, in the run that left it, about a file that nobody names now."""
        found = self._seeker.found.get(path)
        return None if found is None else found.told

    def unread(self) -> list[str]:
        """Sentences on what is there and was not read, in the last sweep or since."""
        return list(dict.fromkeys(map(str, self.troubles())))

    def troubles(self) -> list[TailError]:
        """What is there and was not read, in the last sweep or since."""
        return [*self._problems.values(), *(reader.fault for reader in self._held() if reader.fault is not None)]

    def _visit_all(self, files: Sequence[str], present: dict[_Key, FileReader], keys: set[_Key]) -> None:
        """Look at the files of this sweep."""
        for path in files:
            try:
                key = self._visit(path, present)
                keys.add(key)
                if path in self._seeker.found and (key in present or key in self._done):
                    self._seeker.found[path].met = True
            except TailError as error:
                self._note_problem(error)
            except FileNotFoundError:
                # Gone since it was listed; the next sweep sees what became of it.
                if path in self._seeker.found:
                    self._seeker.vanished(path)
            except OSError as error:
                self._note_problem(cannot_read(path, error))

    def _part(self, present: dict[_Key, FileReader], keys: set[_Key]) -> None:
        """Find out what became of files that were not met in this sweep."""
        for key, reader in self._readers.items():
            if key in present:
                continue
            if not reader.truncated and _hidden(reader):
                # Its folder may not be looked into for the moment.
                present[key] = reader
                keys.add(key)
            elif reader.truncated or (reader.closed and not reader.ahead):
                self._miss(reader)
            else:
                self._nameless[reader] = self._clock()
                reader.nameless = True
        self._readers = present

    def _miss(self, reader: FileReader) -> None:
        """The rest of this content is not at hand: a copy of it, or the file under another name, may have it."""
        reader.close()
        reader.nameless = reader.ended = reader.at_end = True
        if not reader.over:
            reader.truncated = True
            self._checkpoint.keep(reader)
            self._seeker.changed(rotated_set(reader.path))

    def _held(self) -> list[FileReader]:
        """All readers whose content is at hand."""
        return [*self._readers.values(), *self._nameless]

    @property
    def over(self) -> bool:
        """Whether nothing can come any more: all that was named are streams, and they were read to their end."""
        return set(self._paths) == {STDIN} and _STDIN_KEY in self._spent

    @property
    def standing(self) -> list[str]:
        """Sentences on files that could not be read in the last sweep, before `problems` is asked for them."""
        return list(self._problems)

    def problems(self) -> list[str]:
        """Sentences on files that cannot be read, each said once."""
        found = [problem for problem in self._problems if problem not in self._told]
        self._told.update(found)
        return found

    def wait(self, timeout_s: float) -> None:
        """Return when something may have happened, when `wake` is called, or after `timeout_s`."""
        streams = [reader.fileno() for reader in self._readers.values() if reader.stream and not reader.ended and not reader.closed]
        self._waker.wait(timeout_s, streams)

    def wake(self) -> None:
        """End the wait that is, or the next one."""
        self._waker.wake()

    def close(self) -> None:
        """Stop watching and let go of all files."""
        if self._hints is not None:
            self._hints.close()
        for reader in [*self._readers.values(), *self._nameless]:
            reader.close()
        self._readers.clear()
        self._nameless.clear()
        self._waker.close()

    def _note_problem(self, error: TailError) -> None:
        self._problems[str(error)] = error

    def _visit(self, path: str, present: dict[_Key, FileReader]) -> _Key:
        """Look at one file of this sweep: known, known under another name, or new."""
        if path.startswith(JOURNAL):
            return self._visit_journal(path, present)
        status = None if path == STDIN else os.stat(path)  # noqa: PTH116 - a name as it was listed
        key = _STDIN_KEY if status is None else (status.st_dev, status.st_ino)
        if key in self._spent:
            return key
        seen = (0, 0) if status is None else (status.st_size, status.st_mtime_ns)
        reader = self._readers.get(key) or self._reclaim(key)
        if reader is not None:
            reader.path = path
            present[key] = reader
            reader.look()
            if not reader.ended or not reader.at_end:
                return key
            del present[key]
            reader.close()
            if reader.stream:
                self._spent.add(key)
                return key
            if reader.truncated:
                self._miss(reader)
            else:
                self._done[key] = (reader.size, reader.mtime_ns)
        if self._done.get(key) == seen:
            return key
        self._done.pop(key, None)
        new = self._open(path, key, seen)
        if new is not None:
            present[key] = new
        return key

    def _visit_journal(self, path: str, present: dict[_Key, FileReader]) -> _Key:
        """A journal is read by one reader, which starts its command anew where that ends."""
        key = (_JOURNALS, self._paths.index(path))
        reader = self._readers.get(key)
        if reader is None and key not in self._spent:
            reader = JournalReader(path, self._checkpoint.cursor_of(path), once=self._once, handles=self._handles)
        if reader is None or (reader.ended and reader.at_end):
            self._spent.add(key)
        else:
            present[key] = reader
        if isinstance(reader, JournalReader) and reader.failure:
            self._note_problem(TailError(reader.failure, path))
        return key

    def _reclaim(self, key: _Key) -> FileReader | None:
        """A reader whose file got a name of ours again."""
        for reader in self._nameless:
            if (reader.device, reader.inode) == key and not reader.closed:
                del self._nameless[reader]
                reader.nameless = False
                return reader
        return None

    def _open(self, path: str, key: _Key, seen: tuple[int, int]) -> FileReader | None:
        """A reader at the place where this content is to be read on; None where there is nothing to read yet, or ever."""
        if path != STDIN and not seen[0]:
            # An empty file tells nothing, not even whether it will be compressed.
            return None
        reader = FileReader(path, handles=self._handles)
        if reader.stream:
            return reader
        if reader.compressed and not self._settled(reader, key, seen):
            reader.close()
            return None
        mark = self._checkpoint.find(reader)
        if mark is None:
            return reader
        self._checkpoint.seen(mark)
        if self._nothing_new(reader, mark):
            reader.close()
            self._done[key] = seen
            return None
        start = mark.offset if reader.compressed or mark.offset <= reader.size else 0
        reader.close()
        return FileReader(path, start, msgspec.structs.replace(mark) if start == mark.offset else None, self._handles)

    def _settled(self, reader: FileReader, key: _Key, seen: tuple[int, int]) -> bool:
        """Whether a compressed file is complete, as far as that can be told: old, or the same as in the last sweep."""
        if self._once or self._young.get(key) == seen or time.time() - reader.mtime_ns / 1e9 > _YOUNG_S:
            self._young.pop(key, None)
            return True
        self._young[key] = seen
        return False

    @staticmethod
    def _nothing_new(reader: FileReader, mark: Mark) -> bool:
        """Whether all of this file has been read under this mark."""
        if reader.compressed:
            return mark.finished and (mark.size, mark.mtime_ns) == (reader.size, reader.mtime_ns)
        # The beginning of a file that was read further: a copy, perhaps of a log that is just being copied and then truncated.
        # The same file, though, was truncated.
        same = (mark.device, mark.inode) == (reader.device, reader.inode)
        return not same and mark.identity.length == HEAD and reader.size <= mark.offset

    def _let_go(self) -> None:
        """Close what nobody will write to any more, and what rests."""
        now = self._clock()
        for reader, since in list(self._nameless.items()):
            if (reader.ahead or not reader.closed) and reader.has_more():
                self._nameless[reader] = now
            elif reader.ended or reader.closed or self._once or now - since >= self._linger_s:
                del self._nameless[reader]
                if reader.truncated or reader.closed:
                    self._miss(reader)
                else:
                    reader.over = not self._once
                    reader.ended = True
                    reader.close()
                    self._over[(reader.device, reader.inode), reader.size, reader.mtime_ns] = None
                    while len(self._over) > _REMEMBERED:
                        self._over.pop(next(iter(self._over)))
            elif not reader.links:
                # Nobody can find it any more, and it was read to its end.
                reader.over = True
        for reader in self._readers.values():
            # Of rotated files none need stay open, for their names are watched; of live ones as many as may be.
            resting = reader.at_end and not (reader.stream or is_live(reader.path))
            if resting and time.time() - reader.mtime_ns / 1e9 > self._linger_s:
                reader.over = True
                reader.rest()
                self._seeker.found.pop(reader.path, None)


def _hidden(reader: FileReader) -> bool:
    """Whether nobody may see if a file is still under its name."""
    try:
        os.stat(reader.path)  # noqa: PTH116
    except FileNotFoundError:
        return False
    except OSError:
        return not reader.stream
    return False
