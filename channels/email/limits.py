# SPDX-License-Identifier: Apache-2.0
"""Limits of what is read from one mail. They hold before any work is done on the bytes they bound."""

from __future__ import annotations

__all__ = [
    "MAX_ADDRESSES", "MAX_ADDRESS_CHARS", "MAX_ADDRESS_FIELD_CHARS", "MAX_DEPTH", "MAX_FILENAME_CHARS", "MAX_HEADERS",
    "MAX_HEADER_BYTES", "MAX_HTML_CHARS", "MAX_PARTS", "MAX_REFERENCES", "MAX_SUBJECT_CHARS",
]  # fmt: skip

MAX_HEADERS = 1_000  # header fields read in one block; the rest stays in the raw bytes
MAX_HEADER_BYTES = 16 * 1024  # of one field's value, before encoded words are looked for
MAX_DEPTH = 50  # multiparts inside each other; deeper ones are listed as one blob
MAX_PARTS = 200  # parts of one mail
MAX_ADDRESSES = 500  # of all fields of one name together
MAX_ADDRESS_FIELD_CHARS = 64 * 1024  # of all fields of one name together
MAX_ADDRESS_CHARS = 1_000  # RFC 5321 allows 254; more is kept so that a person sees what was there
MAX_REFERENCES = 100  # the first and the latest are what threading needs
MAX_SUBJECT_CHARS = 2_000
MAX_FILENAME_CHARS = 200
MAX_HTML_CHARS = 500_000  # of one mail, before it is parsed
