"""The program's own log, on standard error: JSON lines, an event each; on a terminal, lines for people.

No subject and no whole address stands in it at `info` or above, whatever an event brings along: they are masked here, at one place.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
from types import TracebackType
from typing import Any, Literal

import structlog
from structlog.typing import EventDict, Processor

Level = Literal["debug", "info", "warning", "error"]

#: Somebody's address: all before the `@` is left out. What stands in quotes may hold anything.
_LOCAL_PART = re.compile(r'(?:"(?:[^"\\]|\\.){0,64}"|[^\s<>()\[\]:;,"\'@=]{1,256})@(?=[\w\[-])')
#: Elasticsearch quotes what it does not take.
_PREVIEW = re.compile(r"(Preview of field's value: ).*", re.DOTALL)
_log = structlog.get_logger(__name__)


def set_up_log(level: Level) -> None:
    """Send events of this level and above to standard error."""
    least = logging.getLevelNamesMapping()[level.upper()]
    terminal = sys.stderr.isatty()
    ours: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([_without_trace] if terminal else [structlog.processors.format_exc_info]),
        masked,
    ]
    shown: Processor = (
        structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(sort_keys=False, ensure_ascii=False)
    )
    structlog.configure(
        processors=[*ours, shown],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # What libraries say goes the same way, from warnings on: at `info` they tell of each request.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=ours[:-2], processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ours[-2:], shown]
        )
    )
    logging.basicConfig(handlers=[handler], level=max(least, logging.WARNING), force=True)
    threading.excepthook = _fault_of_thread


def log_fault(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Keep where a fault of ours happened, for those who mend it; people are told in a sentence."""
    if structlog.is_configured():
        _log.critical("fault", exc_info=(kind, error, trace))


def masked(_logger: Any, method: str, event: EventDict) -> EventDict:
    """Leave out what is personal, but for `debug`."""
    if method == "debug":
        return event
    return {key: _masked(value) for key, value in event.items()}


def _masked(value: Any) -> Any:
    """A value without whole addresses and quoted contents."""
    if isinstance(value, str):
        return _PREVIEW.sub(r"\1...", _LOCAL_PART.sub("***@", value))
    if isinstance(value, list | tuple):
        return [_masked(one) for one in value]
    if isinstance(value, dict):
        return {_masked(key): _masked(one) for key, one in value.items()}
    return value


def _without_trace(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """People are shown no stack."""
    event.pop("exc_info", None)
    return event


def _fault_of_thread(told: threading.ExceptHookArgs) -> None:
    """A thread that a fault has ended."""
    if told.exc_value is not None and told.exc_type is not SystemExit:
        _log.critical(
            "thread_failed", thread=told.thread.name if told.thread else "", exc_info=(told.exc_type, told.exc_value, told.exc_traceback)
        )
