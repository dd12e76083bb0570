# SPDX-License-Identifier: Apache-2.0
"""Limits of what is read from one mail that no installation needs to set; the others are ``router.content.ReadLimits``.

They hold before any work is done on the bytes they bound.
"""

from __future__ import annotations

from router.content import ReadLimits

__all__ = [
    "DEFAULT", "MAX_ADDRESSES", "MAX_ADDRESS_CHARS", "MAX_ADDRESS_FIELD_CHARS", "MAX_FILENAME_CHARS",
    "MAX_REFERENCES", "MAX_SUBJECT_CHARS",
]  # fmt: skip

DEFAULT = ReadLimits()
MAX_ADDRESSES = 500  # of all fields of one name together
MAX_ADDRESS_FIELD_CHARS = 64 * 1024  # of all fields of one name together
MAX_ADDRESS_CHARS = 1_000  # RFC 5321 allows 254; more is kept so that a person sees what was there
MAX_REFERENCES = 100  # the first and the latest are what threading needs
MAX_SUBJECT_CHARS = 2_000
MAX_FILENAME_CHARS = 200
