"""The API does what its own description says, on both stores: no failure of ours, no answer that is not described."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
from http_service import ADMIN, API, PEOPLE, Running, json_of
from http_world import World

from mappings.vocabulary import Direction, Disposition, Reason, Verdict
from search.http import audit
from search.sorting import Sort

pytest_plugins = ("http_fixtures",)

OPERATIONS = {
    "/traces",
    "/traces/live",
    "/traces/{trace_id}",
    "/counts",
    "/errors",
    "/errors/{code}",
    "/vocabulary",
    "/differs",
    "/complete",
    "/domains",
    "/freshness",
    "/health",
    "/audit",
}


def test_generated_calls_are_answered_as_described(served: Running, tmp_path: Path) -> None:
    """Examples, borders and generated calls, right and wrong, are answered with what is described, never with a failure.

    One check is left out: not every text that the schema of a parameter allows is a time, a code or a cursor.
    """
    report = tmp_path / "report.json"
    done = subprocess.run(
        [
            *(sys.executable, "-c", "import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())", "run"),
            f"{served.address}{API}/openapi.json",
            *("--header", f"Authorization: Bearer {served.secrets[ADMIN.name]}"),
            *("--phases", "examples,coverage,fuzzing", "--max-examples", "40", "--generation-deterministic"),
            # It does not end.
            *("--exclude-path", f"{API}/traces/live"),
            *("--exclude-checks", "positive_data_acceptance", "--continue-on-failure", "--no-color"),
            *("--report", "json", "--report-json-path", str(report)),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(report.read_text(encoding="utf-8"))
    assert told["complete"]
    assert (told["operations"]["total"], told["operations"]["tested"], told["operations"]["errored"]) == (
        len(OPERATIONS),
        len(OPERATIONS) - 1,
        0,
    )
    assert told["test_cases"]["generated"] > 400
    assert (told["test_cases"]["with_failures"], told["failures"], told["errors"]) == (0, [], [])


@pytest.fixture(scope="session")
def description(on_embedded: Running) -> Any:
    """Give the description that the service gives to anybody."""
    answer = on_embedded.client(None).get(f"{API}/openapi.json")
    assert answer.headers["content-type"].startswith("application/vnd.oai.openapi+json")
    return json_of(answer)


def test_the_description_is_openapi_and_names_every_call(description: Any) -> None:
    """It says what it is, and each call has words, problems and the scheme of its tokens."""
    assert description["openapi"].startswith("3.1")
    assert {path.removeprefix(API) for path in description["paths"]} == OPERATIONS
    assert description["components"]["securitySchemes"] == {"token": {"type": "http", "scheme": "bearer"}}
    assert description["security"] == [{"token": []}]
    for path, calls in description["paths"].items():
        assert set(calls) == {"get"}, path
        told = calls["get"]
        assert told["summary"]
        assert told["operationId"].isalpha()
        assert len(told["tags"]) == 1
        assert all("X-Request-Id" in answer["headers"] for answer in told["responses"].values()), path
        assert "Retry-After" in told["responses"]["429"]["headers"]
        assert ("304" in told["responses"]) == ("ETag" in told["responses"]["200"]["headers"])
        for status in ("400", "401", "405", "406", "429"):
            assert list(told["responses"][status]["content"]) == ["application/problem+json"], (path, status)
        for parameter in told.get("parameters", []):
            assert '"null"' not in json.dumps(parameter["schema"]), parameter


def test_times_and_words_are_typed(description: Any) -> None:
    """A client makes dates of times, and knows the words that there are, in parameters and in answers."""
    schemas = description["components"]["schemas"]
    for name, field in (("TraceAnswer", "time"), ("Step", "time"), ("Hop", "begin"), ("Entry", "time")):
        assert schemas[name]["properties"][field]["format"] == "date-time"
    assert {"type": "string", "format": "date-time"} in schemas["TraceAnswer"]["properties"]["first_try"]["oneOf"]
    assert schemas["TracesAnswer"]["properties"]["as_of"]["additionalProperties"]["format"] == "date-time"
    asked = {one["name"]: one["schema"] for one in description["paths"][f"{API}/traces"]["get"]["parameters"]}
    for name, kind in (("disposition", Disposition), ("verdict", Verdict), ("reason", Reason), ("direction", Direction)):
        listed = schemas[asked[name]["items"]["$ref"].rpartition("/")[2]]
        assert sorted(listed["enum"]) == sorted(one.value for one in kind)
    assert schemas["Sort"]["enum"] == [one.value for one in Sort]
    names = [call["get"]["operationId"] for call in description["paths"].values()]
    assert len(set(names)) == len(OPERATIONS)


def test_a_reader_can_tell_what_it_has(description: Any) -> None:
    """Milliseconds do not fit 32 bits, no value is of two kinds at once, and two answers of one call say which of them each is."""

    def schemas(value: Any) -> Iterator[dict[str, Any]]:
        for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from schemas(one)
        if isinstance(value, dict):
            yield value

    found = list(schemas(description["components"]["schemas"]))
    whole = [one for one in found if one.get("type") == "integer"]
    assert len(whole) > 20
    assert {one.get("format") for one in whole} == {"int64"}
    assert not [one for one in found if {"number", "integer"} <= {kind.get("type") for kind in one.get("oneOf", ())}]
    counts = description["paths"][f"{API}/counts"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    told = counts["discriminator"]["mapping"]
    assert sorted(told.values()) == sorted(one["$ref"] for one in counts["oneOf"])
    for kind, ref in told.items():
        schema = description["components"]["schemas"][ref.rpartition("/")[2]]
        assert schema["properties"]["kind"]["const"] == kind
        assert "kind" in schema["required"]


def test_the_audit_log_s_words_are_all_listed() -> None:
    """Whatever a handler notes is one of the words that can be asked for."""
    folder = Path(audit.__file__).parent
    noted = {word for file in folder.rglob("*.py") for word in re.findall(r'note\("([a-z -]+)"', file.read_text(encoding="utf-8"))}
    assert len(noted) > 8
    assert noted <= set(audit.WHATS)


def test_every_example_fits_its_own_schema(description: Any) -> None:
    """What is shown as an answer is one, with every field that is required."""
    tried = 0
    for path, calls in description["paths"].items():
        for form, content in calls["get"]["responses"]["200"]["content"].items():
            for example in content.get("examples", {}).values():
                validator(description, content["schema"]).validate(example["value"])
                assert form == "application/json"
                tried += 1
        assert tried or path.endswith("vocabulary")
    assert tried >= 8


def test_answers_to_every_caller_fit_their_schema(served: Running, world: World, description: Any) -> None:
    """Real answers with rows, reports and counts, whole and sparse, hold what is described and nothing that is not."""
    tried = 0
    for person in PEOPLE:
        own = [trace.id for trace in world.mail(person).walk()][:12]
        for path, operation, params in (
            ("/traces", "/traces", [("limit", "100")]),
            ("/traces", "/traces", [("limit", "20"), ("fields", "id,return_code,error")]),
            ("/errors", "/errors", [("seen", "true")]),
            ("/errors/5.7.1", "/errors/{code}", []),
            ("/domains", "/domains", []),
            ("/freshness", "/freshness", []),
            ("/vocabulary", "/vocabulary", []),
            *((f"/traces/{one}", "/traces/{trace_id}", []) for one in own),
        ):
            answer = json_of(served.get(path, params, person))
            schema = description["paths"][API + operation]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            validator(description, schema).validate(answer)
            tried += 1
    assert tried > 80


def test_what_goes_wrong_fits_its_schema(served: Running) -> None:
    """Problems are described once, for all calls."""
    answers: list[httpx.Response] = [
        served.get("/traces", [("limit", "0")]),
        served.get("/traces", [("nonsense", "1")]),
        served.get("/traces/none"),
        served.get("/errors/nonsense"),
        served.get("/audit", who=PEOPLE[1]),
        served.get("/traces", who=None),
    ]
    description = json_of(served.get("/openapi.json"))
    for answer in answers:
        assert answer.status_code in (400, 401, 403, 404)
        validator(description, {"$ref": "#/components/schemas/Problem"}).validate(answer.json())


def validator(description: Any, schema: Any) -> Any:
    """What checks an answer against a schema of the description."""
    return jsonschema_rs.validator_for({**schema, "components": description["components"]})
