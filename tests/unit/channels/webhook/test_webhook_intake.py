# SPDX-License-Identifier: Apache-2.0
"""What the webhook takes, and how it refuses the rest."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from standardwebhooks import Webhook

from router.testing.clock import ManualClock

OLD = "whsec_" + base64.b64encode(b"o" * 32).decode()
STRANGER = "whsec_" + base64.b64encode(b"s" * 32).decode()


async def test_webhook_answers_with_the_reference_once_committed(shop: Any) -> None:
    """A good event is kept byte for byte and answered with its id and reference."""
    body = b'{"id": "A-1",  "text": "Broken."}\n'
    assert await shop.post(body) == (200, {"id": "A-1", "reference": "7K2M9-QXA4B", "duplicate": False})
    assert shop.kept["A-1"].body == body


async def test_webhook_repeat_with_new_stamp_is_a_duplicate(shop: Any) -> None:
    """The same event retried for days, each time with a fresh stamp, is one message and always answered 2xx."""
    answers = []
    for _ in range(4):
        answers.append(await shop.post({"id": "A-1", "text": "x"}, id_="event-9"))
        shop.clock.advance(86_400)
    assert [(status, told["duplicate"]) for status, told in answers] == [(200, False)] + [(200, True)] * 3
    assert len(shop.kept) == 1


async def test_webhook_without_payload_id_uses_the_header(shop: Any) -> None:
    """An event without an id of its own is told apart by webhook-id."""
    assert (await shop.post({"text": "x"}, id_="event-77"))[1]["id"] == "event-77"


async def test_webhook_takes_the_old_secret_during_rotation(shop: Any) -> None:
    """Any of the configured secrets opens."""
    assert (await shop.post({"text": "x"}, secret=OLD))[0] == 200


@pytest.mark.parametrize("age", [-299, 299])
async def test_webhook_tolerates_five_minutes(shop: Any, age: float) -> None:
    """Clocks may differ by up to five minutes."""
    assert (await shop.post({"text": "x"}, age=age))[0] == 200


@pytest.mark.parametrize(
    "how", [{"secret": STRANGER}, {"age": 302}, {"age": -302}], ids=["stranger", "stale", "future"]
)
async def test_webhook_refuses_what_it_cannot_trust(shop: Any, how: dict[str, Any]) -> None:
    """A foreign secret and a stamp far from now are answered 401, and nothing is kept."""
    assert (await shop.post({"text": "x"}, **how))[0] == 401
    assert not shop.kept


@pytest.mark.parametrize("stamp", ["", "nan", "1e9", "1_000", "-1", "٣", "9" * 400, "0x10", "1772442000.0", "inf", "²"])
async def test_webhook_refuses_odd_stamps(shop: Any, stamp: str) -> None:
    """A stamp in any other notation is a 4xx, even when correctly signed for the same second."""
    headers = {**shop.headers(b'{"text": "x"}'), "webhook-timestamp": stamp}
    assert (await shop.post(b'{"text": "x"}', headers))[0] in {400, 401}


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
async def test_webhook_refuses_missing_and_doubled_headers(shop: Any, name: str) -> None:
    """Each of the three headers stands exactly once: none is 401, two are 400."""
    good = shop.headers(b'{"text": "x"}')
    without = {key: value for key, value in good.items() if key != name}
    assert (await shop.post(b'{"text": "x"}', without))[0] == 401
    assert (await shop.post(b'{"text": "x"}', [*good.items(), (name, good[name])]))[0] == 400


def _mutations(good: str) -> dict[str, str]:
    version, _, mac = good.partition(",")
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    spare = last[last.index(mac[-2]) ^ 1]  # same bytes for a lenient base64 reader
    return {
        "truncated": good[:-4], "junk": f"{version},{mac[:9]}!{mac[9:]}", "no version": mac, "downgrade": f"v0,{mac}",
        "spare bits": f"{version},{mac[:-2]}{spare}=", "empty mac": "v1,", "commas": ",,,", "non-ASCII": "v1,ä\udcff",
        "padding": good + "=", "spaces": " ",
    }  # fmt: skip


@pytest.mark.parametrize("name", _mutations("v1," + "A" * 43 + "="))
async def test_webhook_refuses_changed_signatures(shop: Any, name: str) -> None:
    """No notation but the exact one is accepted."""
    headers = shop.headers(b'{"text": "x"}')
    headers["webhook-signature"] = _mutations(headers["webhook-signature"])[name].encode("utf-8", "replace").decode()
    assert (await shop.post(b'{"text": "x"}', headers))[0] == 401


async def test_webhook_takes_one_good_signature_among_others(shop: Any) -> None:
    """A sender in rotation sends several signatures; unknown versions are passed over."""
    headers = shop.headers(b'{"text": "x"}')
    headers["webhook-signature"] = f"v1a,zzz v1,AAAA {headers['webhook-signature']}"
    assert (await shop.post(b'{"text": "x"}', headers))[0] == 200


async def test_webhook_refuses_a_body_changed_in_white_space(shop: Any) -> None:
    """The signature covers the bytes, not their meaning."""
    assert (await shop.post(b'{"text":  "x"}', shop.headers(b'{"text": "x"}')))[0] == 401


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b'{"text": "x"} {}', b'{"text": "x", "text": "y"}', b'{"text": "x", "rating": NaN}',
        b'{"text": "x", "rating": -Infinity}', b"[" * 100_000, b'{"a":' * 30_000, b'{"text": ' + b"9" * 5000 + b"}",
        b"\xff\xfe{\x00", b'{"text": "\xff"}', '{"text": "x"}'.encode("utf-16"), b"\x00",
    ],
    ids=["empty", "cut", "trailing", "doubled", "nan", "infinity", "deep list", "deep object", "digits", "bom16",
         "not utf-8", "utf-16", "nul"],
)  # fmt: skip
async def test_webhook_refuses_what_is_not_json(shop: Any, body: bytes) -> None:
    """Bytes that two readers could understand differently, or one not at all, are a 400 although well signed."""
    status, _ = await shop.post(body)
    assert status == 400
    assert not shop.kept


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        ({}, "text"), ({"text": 5}, "text"), ({"text": "x", "sender": "s3cr3t"}, "sender"),
        ({"text": "x", "rating": "s3cr3t"}, "rating"), ({"text": "x", "rating": True}, "rating"),
        ({"text": "x", "rating": 9}, "rating"), ({"text": "x", "visibility": "s3cr3t"}, "visibility"),
        ({"text": "x", "sent_at": "s3cr3t"}, "sent_at"), ({"text": "x", "fields": {"a": []}}, "fields.a"),
        ({"text": "x", "attachments": [{"size": "s3cr3t"}]}, "attachments.0.size"), (["s3cr3t"], ""),
        ({"text": "x", "id": "s3cr3t" * 200}, "id"), ({"text": "x", "id": True}, "id"), ("s3cr3t", ""), (None, ""),
        ({"text": "x", "fields": {str(n): "" for n in range(101)}}, "fields"),
    ],
)  # fmt: skip
async def test_webhook_names_the_field_of_the_wrong_shape(shop: Any, payload: Any, path: str) -> None:
    """A wrong type is a 422 with the path of the field, and no value comes back."""
    status, told = await shop.post(payload)
    assert (status, path in told["fields"]) == (422, True)
    assert "s3cr3t" not in json.dumps(told)


async def test_webhook_limits_size_and_refuses_compression(shop: Any) -> None:
    """Over the limit is 413; a compressed body is 415 and never unpacked."""
    assert (await shop.post({"text": "x" * 200_001}))[0] == 413
    headers = {**shop.headers(b"\x1f\x8b"), "Content-Encoding": "gzip"}
    assert (await shop.post(b"\x1f\x8b", headers))[0] == 415


@pytest.mark.parametrize("text", ["\\ud83d", "a\\u0000b", "\\u0007\\u202e", "", "﻿x"])
async def test_webhook_keeps_odd_text(shop: Any, text: str) -> None:
    """Half surrogate pairs, NUL and control characters are a message, not an error."""
    assert (await shop.post(f'{{"text": "{text}"}}'.encode()))[0] == 200


@pytest.mark.parametrize("written", ["9007199254740993", "-7", '"007"'])
async def test_webhook_keeps_ids_exactly(shop: Any, written: str) -> None:
    """Ids above 2**53, negative ids and leading zeros come back as they were written."""
    _, told = await shop.post(f'{{"id": {written}, "text": "x"}}'.encode())
    assert told["id"] == written.strip('"')


async def test_webhook_answers_503_when_the_store_refuses(shop: Any) -> None:
    """What was not kept is not acknowledged, and is taken at the next try."""
    shop.refuse = True
    assert (await shop.post({"text": "x"}))[0] == 503
    shop.refuse = False
    assert (await shop.post({"text": "x"}))[1]["duplicate"] is False


async def test_webhook_answers_503_when_nobody_commits_in_time(make_channel: Any, served: Any) -> None:
    """A stalled store costs the sender a bounded wait and no message."""
    clock = ManualClock()
    async with served(make_channel(timeout_seconds=0.05, clock=clock), clock) as shop:
        assert (await shop.post({"text": "x"}))[0] == 503


def test_webhook_signs_as_the_standard_says() -> None:
    """Our tests sign with the reference library, so its own form is what we pin."""
    from datetime import UTC, datetime

    signature = Webhook(OLD).sign("id", datetime(2026, 1, 1, tzinfo=UTC), "{}")
    assert re.fullmatch(r"v1,[A-Za-z0-9+/]{43}=", signature)
