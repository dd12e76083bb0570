# SPDX-License-Identifier: Apache-2.0
"""How fast each reader is, on one core: plain mails, and the payloads of each channel."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from router.errors import ParseError
from router.interfaces import ParseOptions
from router.parsing.enrich import enriched
from router.registry import channel_parse, reader_kinds
from router.schema import RawMessage

__all__ = ["plain_mails", "reading"]

FIXTURES = Path(__file__).parents[1] / "fixtures"
_ENOUGH_SECONDS = 0.02  # of one measurement; a payload takes some microseconds


def plain_mails(raws: Sequence[RawMessage]) -> list[RawMessage]:
    """Those without other parts."""
    return [raw for raw in raws if raw.body.strip(b"\0 \r\n") and b"multipart/" not in raw.body.lower()]


def reading(raws: Sequence[RawMessage], *, runs: int) -> dict[str, float]:
    """Messages a second: of plain mails without and with what is found in them, and of each channel's payloads.

    A channel's figure is the median over its payloads that are messages, each the median of so many runs.
    """
    parse, options = channel_parse("email"), ParseOptions()
    plain = plain_mails(raws)
    found = {
        "plain mail": _rate(lambda: [parse(raw, options) for raw in plain], runs=runs) * len(plain),
        "plain mail, with entities": _rate(
            lambda: [enriched(message, options) for raw in plain for message in parse(raw, options)], runs=runs
        )
        * len(plain),
    }
    for kind in reader_kinds():
        if rates := [_rate_of(raw, runs=runs) for raw in _payloads(kind)]:
            found[kind] = statistics.median(rates)
    return found


def _payloads(kind: str) -> list[RawMessage]:
    """The fixtures of a kind that hold a message."""
    now, found = datetime.now(UTC), []
    parse = channel_parse(kind)
    for path in sorted((FIXTURES / kind).rglob("*")) if kind != "email" else []:
        if not path.is_file() or path.name == "expected.json":
            continue
        for body in _bodies(path):
            raw = RawMessage(channel=kind, account="bench", native_id=path.name, body=body, received_at=now)
            with suppress(ParseError):
                if parse(raw, ParseOptions()):
                    found.append(raw)
    return found


def _bodies(path: Path) -> list[bytes]:
    """A payload, or those that stand in one file beside what is expected of them."""
    body = path.read_bytes()
    with suppress(ValueError):
        value = json.loads(body)
        if isinstance(value, dict) and "expect" in value:
            return [json.dumps(part).encode() for key, part in value.items() if key != "expect"]
    return [body]


def _rate_of(raw: RawMessage, *, runs: int) -> float:
    """Messages a second of one payload, which may hold several."""
    parse, options = channel_parse(raw.channel), ParseOptions()
    return _rate(lambda: parse(raw, options), runs=runs) * len(parse(raw, options))


def _rate(work: Callable[[], object], *, runs: int) -> float:
    """How often a second the work is done, median."""
    rates = []
    for _ in range(runs):
        began, times = time.perf_counter(), 0
        while (spent := time.perf_counter() - began) < _ENOUGH_SECONDS or not times:
            work()
            times += 1
        rates.append(times / spent)
    return statistics.median(rates)
