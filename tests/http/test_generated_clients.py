"""Clients that are made of the API's description: they are typed, and what they ask a real service is answered."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from http_service import ADMIN, API, Running

pytest_plugins = ("http_fixtures",)

ASKED = Path(__file__).parent / "clients"
#: Where `make venv` puts what makes them.
TOOLS = Path(sys.prefix) / "clients"


def run(*command: str | Path, cwd: Path) -> str:
    """Run a program to its end; gives what it printed, and fails where it does."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def described(on_embedded: Running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the description of a real service."""
    assert TOOLS.is_dir(), "make venv installs what makes clients"
    folder = tmp_path_factory.mktemp("clients")
    (folder / "openapi.json").write_bytes(on_embedded.client(None).get(f"{API}/openapi.json").content)
    return folder


def expected(served: Running) -> str:
    """What a client should print."""
    found = served.get("/traces", [("disposition", "quarantined"), ("disposition", "delivered"), ("limit", "1")]).json()
    return (ASKED / "answers.txt").read_text().format(total=found["total"]["value"])


def test_a_client_in_typescript(described: Path, on_embedded: Running) -> None:
    """Types made by openapi-typescript, checked as strictly as the compiler can, and asked with openapi-fetch."""
    for name in ("ask.ts", "tsconfig.json", "package.json"):
        shutil.copy(ASKED / name, described)
    modules = TOOLS / "node_modules"
    (described / "node_modules").symlink_to(modules)
    run("node", modules / "openapi-typescript" / "bin" / "cli.js", "openapi.json", "-o", "schema.ts", cwd=described)
    run("node", modules / "typescript" / "bin" / "tsc", cwd=described)
    assert run("node", "ask.js", on_embedded.address, on_embedded.secrets[ADMIN.name], cwd=described) == expected(on_embedded)


def test_a_client_in_python(described: Path, on_embedded: Running) -> None:
    """A package made by openapi-python-client without a warning, checked by mypy, and asked."""
    shutil.copy(ASKED / "ask_in_python.py", described)
    options: list[str | Path] = ["--path", "openapi.json", "--config", ASKED / "config.yml", "--meta", "none", "--fail-on-warning"]
    run(TOOLS / "bin" / "openapi-python-client", "generate", *options, "--output-path", "mail_trace_client", cwd=described)
    checked: list[str | Path] = [
        "--strict",
        "--python-executable",
        TOOLS / "bin" / "python",
        "--follow-imports",
        "silent",
        "ask_in_python.py",
    ]
    run(sys.executable, "-m", "mypy", *checked, cwd=described)
    printed = run(TOOLS / "bin" / "python", "ask_in_python.py", on_embedded.address, on_embedded.secrets[ADMIN.name], cwd=described)
    assert printed.lower() == expected(on_embedded).lower()
