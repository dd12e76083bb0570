# SPDX-License-Identifier: Apache-2.0
"""Passwords: argon2id hashes, checked away from the event loop and in the same time for names that do not exist."""

from __future__ import annotations

import asyncio
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

__all__ = ["check_password", "hash_password", "needs_rehash"]

_hasher = PasswordHasher()  # RFC 9106, second recommended option: 64 MiB, three passes
_turns = asyncio.Semaphore(2)  # each check takes 64 MiB; a flood of log-ins must not take all memory


def hash_password(password: str) -> str:
    """The argon2id hash to keep in ``User.password_hash``. Takes some 50 ms of processor time."""
    return _hasher.hash(password)


@cache
def _nobody() -> str:
    return _hasher.hash("nobody has this password")


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash or _nobody(), password) and bool(password_hash)
    except (VerificationError, InvalidHashError):
        return False


async def check_password(password_hash: str, password: str) -> bool:
    """Whether the password fits the hash. An empty hash (no such user) costs the same time and never fits."""
    async with _turns:
        return await asyncio.to_thread(_verify, password_hash, password)


def needs_rehash(password_hash: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)
