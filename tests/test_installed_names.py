"""A file of somebody else that stands in the way of a package of ours, in real folders and real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mailtrace.shadowed import PACKAGES

SCRIPT = Path(sys.executable).with_name("mailtrace")
#: What may lie in a folder.
KINDS = ("module", "package")


def lie(folder: Path, name: str, kind: str) -> Path:
    """Put somebody's own module or package into a folder; the result is what stands in the way."""
    if kind == "module":
        place = folder / f"{name}.py"
        place.write_text("ours = False\n")
        return place
    place = folder / name
    place.mkdir()
    (place / "__init__.py").touch()
    return place


def run(*program: str, cwd: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder, with another folder on Python's path where one is given."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    given = {"PYTHONPATH": str(path)} if path is not None else {}
    return subprocess.run(program, cwd=cwd, env={**environ, **given}, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", PACKAGES)
class TestInTheWay:
    """Each name, as a module and as a package."""

    def test_an_import_says_which_file_and_what_to_do(self, tmp_path: Path, name: str, kind: str) -> None:
        """`import mailtrace` raises an ImportError of one sentence, and not one about a module that nobody knows."""
        place = lie(tmp_path, name, kind)
        done = run(sys.executable, "-c", "import mailtrace", cwd=tmp_path)
        assert done.returncode == 1
        said = done.stderr.splitlines()[-1]
        assert said.startswith(f"ImportError: {place} stands in the way of '{name}', a package of Mail Trace: rename it")
        assert "During handling" not in done.stderr

    def test_the_program_says_it_without_a_stack(self, tmp_path: Path, name: str, kind: str) -> None:
        """`python -m mailtrace` takes the current folder too: one sentence, exit code 1."""
        place = lie(tmp_path, name, kind)
        done = run(sys.executable, "-m", "mailtrace", "--version", cwd=tmp_path)
        assert done.returncode == 1
        assert done.stderr.startswith(f"mailtrace: {place} stands in the way of '{name}'")
        assert done.stderr.count("\n") == 1
        assert run(sys.executable, "-P", "-m", "mailtrace", "--version", cwd=tmp_path).returncode == 0

    def test_the_console_script_says_it_too(self, tmp_path: Path, name: str, kind: str) -> None:
        """A folder on PYTHONPATH stands in its way; the current one does not."""
        place = lie(tmp_path, name, kind)
        done = run(str(SCRIPT), "--version", cwd=tmp_path, path=tmp_path)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert done.stderr.startswith(f"mailtrace: {place} stands in the way of '{name}'")
        assert run(str(SCRIPT), "--version", cwd=tmp_path).returncode == 0

    def test_what_a_notebook_has_imported_before_is_named(self, tmp_path: Path, name: str, kind: str) -> None:
        """A module of that name which is loaded already stands in the way as well."""
        place = lie(tmp_path, name, kind)
        done = run(
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import {name}; sys.path.pop(0)\nimport mailtrace",
            cwd=tmp_path.parent,
        )
        assert done.stderr.splitlines()[-1].startswith(f"ImportError: {place} stands in the way of '{name}'")


def test_a_folder_that_is_no_package_is_in_nobodys_way(tmp_path: Path) -> None:
    """A plain folder of such a name is passed over, and a module of a name like it; where Python takes the folder for ours, it is said."""
    (tmp_path / "searching.py").touch()
    (tmp_path / "search").mkdir()
    done = run(sys.executable, "-c", "import mailtrace; print(mailtrace.Query.__module__)", cwd=tmp_path)
    # An installation for development is looked for last: there even a plain folder comes first.
    assert done.stdout == "search.query\n" or done.stderr.splitlines()[-1].startswith(
        f"ImportError: {tmp_path / 'search'} stands in the way"
    )


def test_a_link_to_the_same_place_is_no_stranger(tmp_path: Path) -> None:
    """Packages that are found by another name of their folder are ours."""
    for name in ("mailtrace", *PACKAGES):
        (tmp_path / name).symlink_to(Path(__file__).resolve().parent.parent / name)
    done = run(sys.executable, "-c", "import mailtrace; print(mailtrace.Query.__module__)", cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("search.query\n", "")


@pytest.mark.parametrize("name", PACKAGES)
def test_what_the_program_starts_looks_where_the_program_looks(tmp_path: Path, name: str) -> None:
    """`mailtrace run` starts its service in a process of its own, which a file in the current folder does not stop either."""
    lie(tmp_path, name, "module")
    (tmp_path / "mail.log").touch()
    environ = {one: value for one, value in os.environ.items() if not one.startswith(("PYTHON", "MAILTRACE"))}
    program = [str(SCRIPT), "run", "--data", "data", "--port", "0", "mail.log"]
    with subprocess.Popen(program, cwd=tmp_path, env=environ, stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr is not None
        said: list[str] = []
        for line in child.stderr:
            said.append(line)
            if line.startswith("Mail Trace is at") or "stands in the way" in line:
                break
        child.terminate()
        said += child.stderr
        child.wait(60)
    assert any(line.startswith("Mail Trace is at") for line in said), said
    assert child.returncode == 0, said
