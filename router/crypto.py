# SPDX-License-Identifier: Apache-2.0
"""References that customers see and tokens that bring their answers home; both keyed, neither guessable."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path

__all__ = ["check_token", "load_key", "reference_for", "reply_token", "token_case"]

_ALPHABET = (
    "23456789ABCDEFGHJKMNPQRSTVWXYZ23"  # 32 places; no 0/O, 1/I/L, U; two letters stand twice, which is harmless
)
_MAC_CHARS = 26  # 130 bits in base 32


def _mac(key: bytes, purpose: str, *parts: str) -> bytes:
    return hmac.new(key, "\0".join((purpose, *parts)).encode("utf-8", "surrogatepass"), hashlib.sha256).digest()


def _letters(mac: bytes, count: int) -> str:
    bits = int.from_bytes(mac, "big")
    return "".join(_ALPHABET[(bits >> (5 * i)) & 31] for i in range(count))


def reference_for(key: bytes, source_key: str) -> str:
    """The case reference a message would open, known before it is parsed: ten letters, as ``7K2M9-QXA4B``."""
    letters = _letters(_mac(key, "reference", source_key), 10)
    return f"{letters[:5]}-{letters[5:]}"


def reply_token(key: bytes, case_id: str, correspondent: str) -> str:
    """A mail-safe token bound to a case and the one person it was given to: ``cr-<case>-<mac>``, lower case.

    Args:
        correspondent: the ``Party.key`` of the person.
    """
    mac = _letters(_mac(key, "reply", case_id, correspondent.casefold()), _MAC_CHARS)
    return f"cr-{case_id.replace('-', '')}{mac}".lower()


def token_case(token: str) -> str | None:
    """The case a token claims to belong to, or None if it is not of the form. Proves nothing."""
    if not token.startswith("cr-") or len(token) != 3 + 10 + _MAC_CHARS:
        return None
    letters = token[3:13].upper()
    return f"{letters[:5]}-{letters[5:]}"


def check_token(key: bytes, token: str, correspondent: str) -> str | None:
    """The case id if this very token was made for this correspondent, else None. Compares in constant time."""
    case_id = token_case(token)
    if case_id is None or not hmac.compare_digest(token.encode(), reply_token(key, case_id, correspondent).encode()):
        return None
    return case_id


def load_key(path: Path) -> bytes:
    """Read the installation's key, making it on first use, readable by the owner alone.

    Raises:
        ValueError: The file holds fewer than 32 bytes.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{secrets.token_hex(4)}")
        draft.touch(mode=0o600)
        draft.write_bytes(secrets.token_bytes(48).hex().encode())
        try:
            path.hardlink_to(draft)  # loses against a process that was first, and takes its key
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    key = path.read_bytes().strip()
    if len(key) < 32:
        raise ValueError(f"{path}: the key is shorter than 32 bytes; delete the file to have one made")
    return key
