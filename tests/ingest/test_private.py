"""What we make is for its owner alone, from the first moment and whatever the umask says."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from captures import SHORT, Form
from conftest import Done
from embedded_samples import T0, mail, writing

from mappings import private

LOG = Form(SHORT, "rfc3339", ("mail.log",))
Run = Callable[..., Done]


@pytest.fixture
def open_umask() -> Iterator[None]:
    """Nothing is withheld by the umask."""
    before = os.umask(0)
    yield
    os.umask(before)


def open_below(folder: Path) -> list[str]:
    """Everything at and below a folder that others have a right on."""
    found = [folder, *folder.rglob("*")]
    return [str(path) for path in found if stat.S_IMODE(path.lstat().st_mode) & 0o077]


@contextmanager
def watched(folder: Path) -> Iterator[set[str]]:
    """Look again and again, while something runs, for what is open if only for a moment."""
    seen: set[str] = set()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            try:
                seen.update(open_below(folder) if folder.exists() else [])
            except FileNotFoundError:
                # Gone between two steps of the look.
                continue

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield seen
    finally:
        over.set()
        looking.join()


@pytest.mark.usefixtures("open_umask")
def test_all_that_is_made_is_private_from_the_first_moment(tmp_path: Path, mailtrace: Run) -> None:
    """Ingest, tokens, dead letters, copies, retention and doctor make nothing that others may read, not even for a moment."""
    logs = LOG.unpacked(tmp_path / "logs")
    data, copied = tmp_path / "new" / "data", tmp_path / "copies" / "one"
    home = ("--data", str(data))
    with watched(tmp_path / "new") as seen, watched(tmp_path / "copies") as seen_copied:
        for command in (
            ("ingest", "--once", *map(str, logs)),
            ("token", "create", "Admin", "--role", "admin"),
            ("deadletters", "retry"),
            ("retention", "--keep", "1d"),
            ("ingest", "--once", "--rebuild", *map(str, logs)),
            ("copy", str(copied)),
            ("doctor",),
        ):
            done = mailtrace(*command, *home)
            assert done.returncode == 0, (command, done)
    assert "Nobody but their owner" in done.stdout
    assert (seen, seen_copied) == (set(), set())
    assert open_below(tmp_path / "new") == open_below(tmp_path / "copies") == []
    assert len(list(data.rglob("*"))) > 5


@pytest.mark.usefixtures("open_umask")
def test_what_an_earlier_release_left_open_is_closed_and_told(tmp_path: Path, mailtrace: Run) -> None:
    """Open folders and files of ours are told by `doctor` and closed by the next writer."""
    logs = LOG.unpacked(tmp_path / "logs")
    data = tmp_path / "data"
    mailtrace("ingest", "--once", *map(str, logs))
    mailtrace("token", "create", "Admin", "--role", "admin")
    for path in [data, *data.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    told = mailtrace("doctor").stdout
    assert "Others can read or enter" in told
    assert str(data) in told
    mailtrace("ingest", "--once", *map(str, logs))
    assert open_below(data) == []
    assert "Others can read" not in mailtrace("doctor").stdout


@pytest.mark.usefixtures("open_umask")
def test_a_folder_that_is_not_ours_alone_keeps_its_rights(tmp_path: Path, mailtrace: Run) -> None:
    """Where other things lie in the data folder it stays as it is, and so do they; what is ours in it is closed, and `doctor` tells."""
    shared = tmp_path / "shared"
    shared.mkdir(0o755)
    other = shared / "homepage.html"
    other.write_text("hello")
    other.chmod(0o644)
    logs = LOG.unpacked(tmp_path / "logs")
    done = mailtrace("ingest", "--once", "--data", str(shared), *map(str, logs))
    assert done.returncode == 0
    assert sorted(open_below(shared)) == [str(shared), str(other)]
    told = mailtrace("doctor", "--data", str(shared)).stdout
    assert f"enter {shared};" in told


def test_secrets_that_others_can_read_are_told(tmp_path: Path, mailtrace: Run) -> None:
    """A settings file with a password, and a file of one secret, that others may read; the same without secrets is nobody's business."""
    data = tmp_path / "data"
    data.mkdir(0o700)
    settings, secret = data / "mailtrace.toml", tmp_path / "password"
    secret.write_text("secret")
    settings.write_text('[elasticsearch]\nusername = "a"\npassword = "b"\n')
    for path in (settings, secret):
        path.chmod(0o644)
    told = mailtrace("doctor")
    assert f"{settings} holds a secret" in told.stdout
    assert told.returncode == 1
    settings.write_text(f'[elasticsearch]\nusername = "a"\npassword_file = "{secret}"\n')
    told = mailtrace("doctor")
    assert f"{secret} holds a secret" in told.stdout
    assert f"{settings} holds" not in told.stdout
    secret.chmod(0o600)
    assert mailtrace("doctor").returncode == 0


def test_rights_that_cannot_be_changed_are_told(tmp_path: Path) -> None:
    """Where the folder is another user's, the writer says what stays open."""
    folder = tmp_path / "store"
    with writing(folder) as sink:
        sink.submit([mail(1, T0)])
    script = "import os, pathlib, sys; from mappings import private; os.setuid(65534); print(private.close_up(pathlib.Path(sys.argv[1])))"
    for path in [*list(tmp_path.parents)[:-1], tmp_path]:
        path.chmod(stat.S_IMODE(path.stat().st_mode) | 0o055)
    for path in [folder, *folder.iterdir()]:
        path.chmod(0o777)
    if os.geteuid() == 0:
        done = subprocess.run([sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=True)
        assert "catalog.sqlite can be read by others" in done.stdout
    # Whose they are can.
    assert private.close_up(folder) == []
    assert open_below(folder) == []


def test_a_file_is_never_made_over_another(tmp_path: Path) -> None:
    """`create` makes a file once, and leaves what is there."""
    path = tmp_path / "one"
    assert private.create(path)
    path.write_text("kept")
    assert not private.create(path)
    assert path.read_text() == "kept"
