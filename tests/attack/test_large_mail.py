# SPDX-License-Identifier: Apache-2.0
"""A mail of 100 MB: read with little memory, exactly, and kept whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from router.config.models import Limits, StoreSettings
from router.store.sql import open_store
from router.testing.store import make_raw
from tests.attack.catalogue import mail
from tests.attack.measure import MIB, Gauge

SIZE = 100_000_000
MAX_BYTES = 512 * MIB
MIXED = 'Content-Type: multipart/mixed; boundary="b"'


def attached(encoding: bytes, line: bytes) -> bytes:
    head = b"--b\r\n\r\nSee the file.\r\n--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: " + encoding
    return mail(MIXED, body=head + b"\r\n\r\n" + line * (SIZE // len(line)) + b"--b--\r\n")


SHAPES: dict[str, tuple[Callable[[], bytes], int | None]] = {  # and the exact size of what is attached
    "base64": (lambda: attached(b"base64", b"QUJD" * 19 + b"\r\n"), SIZE // 78 * 57),
    "quoted-printable": (lambda: attached(b"quoted-printable", b"=C3=A4" * 12 + b"=\r\n"), SIZE // 75 * 24),
    "uuencode": (lambda: attached(b"x-uuencode", b"M" + b"_" * 60 + b"\r\n"), SIZE // 63 * 45),
    "text": (lambda: mail(body=b"The parcel never came.\r\n" * (SIZE // 24)), None),
    "html": (
        lambda: mail("Content-Type: text/html", body=b"<p>The parcel never came.</p>\r\n" * (SIZE // 31)),
        None,
    ),
    "sealed": (
        lambda: mail(
            "Content-Type: application/pkcs7-mime; smime-type=signed-data",
            "Content-Transfer-Encoding: base64",
            body=(b"MIAG" * 19 + b"\r\n") * (SIZE // 78),
        ),
        SIZE // 78 * 57,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
async def test_large_mail_is_read_in_little_memory(shape: str) -> None:
    """Where the installation takes 128 MiB, reading 100 MB stays under 512 MiB, and sizes are exact."""
    make, size = SHAPES[shape]
    gauge = Gauge(limits=Limits(max_message_bytes=128 * MIB))
    try:
        cost = await gauge.read(make())
    finally:
        await gauge.close()
    [message] = cost.answer.messages
    assert cost.peak_bytes < MAX_BYTES, str(cost)
    assert size is None or abs(message.attachments[0].size - size) <= 3
    assert size is not None or "never came" in message.text
    assert message.notes  # what was not looked into is said


@pytest.mark.slow
async def test_large_mail_is_kept_whole(tmp_path: Path) -> None:
    """The store gives back every byte of 100 MB."""
    body = attached(b"base64", b"QUJD" * 19 + b"\r\n")
    store = await open_store(StoreSettings(), data_dir=tmp_path, reference=str)
    try:
        [receipt] = await store.put_raw([make_raw(body)])
        kept = (await store.raw(receipt.raw_id)).body
    finally:
        await store.close()
    assert (len(kept), hashlib.sha256(kept).digest()) == (len(body), hashlib.sha256(body).digest())
