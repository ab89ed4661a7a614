"""Clients that openapi-generator makes of the API's description, in TypeScript (strict), Java and Go, are built and ask a real service.

The generator is a Java program that Maven brings, and so are the libraries of the client in Java; their versions are the generator's. Go's
are pinned with their hashes. They ask what the clients ask that each run of the tests makes, and print the same.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from servers.distribution import PLUGIN, alone

GENERATOR = "org.openapitools:openapi-generator-cli:7.23.0"
SHA256 = "cb087e40001e31eb08ef6140dd5de10938dbeb89016a1fe0481eaa25cd569026"
#: What each client is made of, and prints.
ASKED = Path(__file__).parents[1] / "http" / "clients"
#: Where `make venv` puts TypeScript.
MODULES = Path(sys.prefix) / "clients" / "node_modules"
_MAILTRACE = (sys.executable, "-c", "import sys; from mailtrace.cli import main; sys.exit(main())")
_PATIENCE_S = 60.0


class NoClientError(Exception):
    """A program did not do what it should; the text says what it printed."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service that listens, and a token for it."""

    address: str
    token: str

    def get(self, path: str) -> bytes:
        """What it answers."""
        return httpx.get(f"{self.address}{path}", headers={"Authorization": f"Bearer {self.token}"}).raise_for_status().content

    def expected(self) -> str:
        """What a client should print."""
        total = json.loads(self.get("/api/v1/traces?disposition=quarantined&disposition=delivered&limit=1"))["total"]["value"]
        return (ASKED / "answers.txt").read_text().format(total=total)


def run(*command: str | Path, cwd: Path) -> str:
    """Run a program to its end; gives what it printed."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise NoClientError(f"{' '.join(words)[:200]}\n{done.stdout}{done.stderr}"[-4_000:])
    return done.stdout


def generator() -> Path:
    """The generator, which is brought once and must be the one that is pinned."""
    group, name, version = GENERATOR.split(":")
    with alone() as kept:
        jar = kept / f"{name}-{version}.jar"
        if not jar.is_file():
            run("mvn", "-B", "-q", f"{PLUGIN}:copy", f"-Dartifact={group}:{name}:{version}", f"-DoutputDirectory={kept}", cwd=kept)
        if hashlib.sha256(jar.read_bytes()).hexdigest() != SHA256:
            jar.unlink()
            raise NoClientError(f"{GENERATOR} is not the one that is pinned")
        return jar


def generated(folder: Path, target: str, kind: str, *options: str, library: str | None = None) -> None:
    """Make a client of `openapi.json` in a folder below it."""
    words: list[str | Path] = ["java", "-jar", generator(), "generate", "--input-spec", "openapi.json", "--output", target]
    words += ["--generator-name", kind, "--additional-properties", ",".join(options)]
    words += ["--global-property", "apiTests=false,modelTests=false,apiDocs=false,modelDocs=false"]
    run(*words, *(["--library", library] if library else []), cwd=folder)


def in_typescript(folder: Path, service: Service) -> str:
    """Names stay those of the API: of names that it writes otherwise, this generator's checks are not strict."""
    generated(folder, "client", "typescript-fetch", "modelPropertyNaming=original", "paramNaming=original", "importFileExtension=.js")
    (folder / "package.json").write_text('{"type": "module"}\n')
    run("node", MODULES / "typescript" / "bin" / "tsc", cwd=folder)
    return run("node", "ask.js", service.address, service.token, cwd=folder)


def in_java(folder: Path, service: Service) -> str:
    """Java's own HTTP client, one object a call for its many parameters."""
    named = [
        f"{what}=mailtrace.client{part}" for what, part in (("invokerPackage", ""), ("apiPackage", ".api"), ("modelPackage", ".model"))
    ]
    generated(folder, "client", "java", "openApiNullable=false", "useSingleRequestParameter=true", *named, library="native")
    client = folder / "client"
    shutil.copy(folder / "Ask.java", client / "src" / "main" / "java")
    run("mvn", "-B", "-q", "-Dmaven.test.skip=true", "compile", f"{PLUGIN}:build-classpath", "-Dmdep.outputFile=libraries", cwd=client)
    libraries = (client / "libraries").read_text().strip()
    return run("java", "-cp", f"{client / 'target' / 'classes'}:{libraries}", "Ask", service.address, service.token, cwd=folder)


def in_go(folder: Path, service: Service) -> str:
    """Constants have their type's name before them: two types have a word in common."""
    generated(folder, "mailtrace", "go", "packageName=mailtrace", "enumClassPrefix=true", "withGoMod=false")
    run("go", "vet", "./...", cwd=folder)
    return run("go", "run", "-mod=readonly", ".", service.address, service.token, cwd=folder)


CLIENTS: dict[str, Callable[[Path, Service], str]] = {"TypeScript": in_typescript, "Java": in_java, "Go": in_go}


@contextmanager
def serving(folder: Path) -> Iterator[Service]:
    """A service over the mail of the bundled log."""
    mailtrace = (*_MAILTRACE, "--data", str(folder / "data"))
    run(*mailtrace, "demo", cwd=folder)
    token = run(*mailtrace, "token", "create", "asking", "--role", "admin", cwd=folder).split()[-1]
    said = folder / "said"
    with said.open("w") as out:
        process = subprocess.Popen([*mailtrace, "serve", "--port", "0"], stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        end = time.monotonic() + _PATIENCE_S
        while (found := re.search(r"Mail Trace is at (\S+?)/?\s", said.read_text())) is None:
            if time.monotonic() > end or process.poll() is not None:
                raise NoClientError(said.read_text())
            time.sleep(0.1)
        yield Service(found[1], token)
    finally:
        process.terminate()
        process.wait()


def main(argv: Sequence[str] | None = None) -> int:
    """Make each client, and let it ask."""
    parser = argparse.ArgumentParser(
        prog="python -m soak.clients", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("only", nargs="*", choices=[[], *CLIENTS], help="the languages; by default all")
    wrong, given = [], parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as service:
        for language in given.only or CLIENTS:
            folder = Path(name) / language
            shutil.copytree(ASKED / "generated", folder)
            (folder / "openapi.json").write_bytes(service.get("/api/v1/openapi.json"))
            began = time.monotonic()
            try:
                printed, expected = CLIENTS[language](folder, service), service.expected()
            except NoClientError as error:
                printed, expected = str(error), ""
            right = printed == expected
            wrong += [] if right else [language]
            print(f"{language}: {'ok' if right else printed}, {time.monotonic() - began:.0f} s", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
