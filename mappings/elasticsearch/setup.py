"""Putting the store's own things in place on a server: index template, meta index, lifecycle policy. It says what it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from mappings.elasticsearch import template as made
from mappings.elasticsearch.connection import Connection, path
from mappings.elasticsearch.faults import StoreRefused, of_answer
from mappings.elasticsearch.names import IndexNames
from mappings.elasticsearch.template import Shape
from mappings.faults import StoreTooNew


@dataclass(frozen=True, slots=True)
class InstalledTemplate:
    """What a server has of the index template: its version and digest, None where there is none."""

    version: int | None
    digest: str | None


class Setup:
    """Looks at what is there, and puts in place what is missing or older."""

    def __init__(self, connection: Connection, names: IndexNames, shape: Shape, *, keep_seconds: int | None = None) -> None:
        self._connection = connection
        self._names = names
        self._shape = shape
        self._keep_seconds = keep_seconds

    def put_in_place(self) -> list[str]:
        """Bring everything up to date; the result says in sentences what was done, and is empty where nothing was to do."""
        done: list[str] = []
        done += self._lifecycle()
        done += self._template()
        done += self._meta()
        return done

    def look(self) -> list[str]:
        """Say what is there, and change nothing."""
        found, wanted = self.found(), made.template(self._names, self._shape)["_meta"]
        name = self._names.template
        if found.version is None:
            return [f"Index template {name} is not there yet."]
        if found.version > made.VERSION:
            return [f"Index template {name} has version {found.version}, of a newer release; this one has {made.VERSION}."]
        if found.version < made.VERSION:
            return [f"Index template {name} has version {found.version}; version {made.VERSION} would replace it."]
        if found.digest != wanted["digest"]:
            return [f"Index template {name} has version {made.VERSION} with other settings; ours would replace them."]
        return [f"Index template {name} is up to date (version {found.version})."]

    def found(self) -> InstalledTemplate:
        """The index template on the server."""
        answer = self._connection.ask("read the index template", "GET", path("_index_template", self._names.template), missing=True)
        if answer is None:
            return InstalledTemplate(None, None)
        listed: Any = msgspec.json.decode(answer)
        meta = listed["index_templates"][0]["index_template"].get("_meta", {})
        return InstalledTemplate(int(meta.get("version", 0)), meta.get("digest"))

    def _template(self) -> list[str]:
        """The index template, and the mapping of the indices that an older one made."""
        name, body = self._names.template, made.template(self._names, self._shape)
        found = self.found()
        if found.version is not None and found.version > made.VERSION:
            raise StoreTooNew(
                f"The index template {name} has version {found.version}, and this release knows {made.VERSION}: a newer release"
                " writes to this store. Update this one."
            )
        if found == InstalledTemplate(made.VERSION, body["_meta"]["digest"]):
            return []
        if found.version is not None and found.version < made.VERSION:
            # Before the template, whose version says that this was done.
            self._add_fields(body["template"]["mappings"])
        try:
            self._connection.ask("put the index template in place", "PUT", path("_index_template", name), body)
        except StoreRefused as error:
            if error.status == 403 and found.version == made.VERSION:
                return [f"The index template {name} has other settings than ours, and our role may not change it."]
            raise self._not_ours(error, f"index template {name}") from error
        if found.version is None:
            return [f"Put the index template {name} in place (version {made.VERSION})."]
        if found.version == made.VERSION:
            return [f"Changed the settings in the index template {name}; new indices follow them."]
        return [f"Brought the index template {name} from version {found.version} to {made.VERSION}."]

    def _add_fields(self, mappings: made.Json) -> None:
        """Add the fields of this release to the indices that are there, each what it lacks."""
        target = f"{path(self._names.every, '_mapping')}?ignore_unavailable=true&allow_no_indices=true"
        answer = self._connection.ask("read the fields of the indices that are there", "GET", target, missing=True)
        there: dict[str, Any] = msgspec.json.decode(answer) if answer is not None else {}
        lacking: dict[bytes, list[str]] = {}
        for index, body in sorted(there.items()):
            added = made.additions(body["mappings"].get("properties", {}), mappings["properties"])
            if added:
                lacking.setdefault(msgspec.json.encode(added), []).append(index)
        for properties, indices in lacking.items():
            body = {"properties": msgspec.json.decode(properties)}
            for index in indices:
                try:
                    self._connection.ask("add fields to the indices that are there", "PUT", path(index, "_mapping"), body, missing=True)
                except StoreRefused as error:
                    raise self._not_ours(error, f"index template {self._names.template}") from error

    @staticmethod
    def _not_ours(error: StoreRefused, what: str) -> StoreRefused:
        """The fault in other words, where it is our role that forbids it."""
        if error.status != 403:
            return error
        sentence = f"The {what} is missing or older, and our role may not put it in place: run `mailtrace doctor` as somebody who may."
        return StoreRefused(error.status, error.kind, error.reason, sentence)

    def _meta(self) -> list[str]:
        """The meta index, and the template that gives it its mapping whoever makes it."""
        self._meta_template()
        if (
            self._connection.ask("look for the meta index", "GET", f"{path(self._names.meta)}?filter_path=*.aliases", missing=True)
            is not None
        ):
            return []
        try:
            self._connection.ask("create the meta index", "PUT", path(self._names.meta), made.meta_index())
        except StoreRefused as error:
            if error.kind != "resource_already_exists_exception":
                raise self._not_ours(error, f"index {self._names.meta}") from error
            return []
        return [f"Created the index {self._names.meta}."]

    def _meta_template(self) -> None:
        """Put that template in place, where it is not and we may: without it only a lost index would be made otherwise."""
        target = path("_index_template", self._names.meta)
        if self._connection.ask("look for the template of the meta index", "GET", target, missing=True) is None:
            body = made.meta_template(self._names)
            status, answer = self._connection.send("put the template of the meta index in place", "PUT", target, body)
            if status not in (200, 403):
                raise of_answer(status, answer, "put the template of the meta index in place")

    def _lifecycle(self) -> list[str]:
        """The lifecycle policy, where it is wanted and the server can have one."""
        if not self._shape.lifecycle:
            return []
        if not self.knows_lifecycles():
            raise StoreRefused(
                400, "", "", "The setting lifecycle is on, and this Elasticsearch has no lifecycle policies; use `mailtrace retention`."
            )
        if self._keep_seconds is None:
            raise StoreRefused(400, "", "", "The setting lifecycle needs `keep` as a time, such as 90d.")
        body = made.lifecycle(self._keep_seconds)
        target = path("_ilm", "policy", self._names.policy)
        there = self._connection.ask("read the lifecycle policy", "GET", target, missing=True)
        if there is not None:
            policy: Any = msgspec.json.decode(there)[self._names.policy]["policy"]
            if policy.get("phases", {}).get("delete", {}).get("min_age") == body["policy"]["phases"]["delete"]["min_age"]:
                return []
        self._connection.ask("put the lifecycle policy in place", "PUT", target, body)
        days = self._keep_seconds // 86_400
        return [f"Put the lifecycle policy {self._names.policy} in place: an index is deleted {days} days after the end of its range."]

    def knows_lifecycles(self) -> bool:
        """Whether the server has lifecycle policies at all."""
        status, _ = self._connection.send("look for lifecycle policies", "GET", "/_ilm/status")
        return status == 200
