# SPDX-License-Identifier: Apache-2.0
"""Certificates of a private authority, made for one test run (needs the ``trustme`` package)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Certificates", "make_certificates"]


@dataclass(frozen=True)
class Certificates:
    """PEM files: the authority to trust, and the server's chain and key."""

    ca: Path
    cert: Path
    key: Path


def make_certificates(directory: Path, *names: str) -> Certificates:
    """An authority and a server certificate for ``names`` (host names or addresses) below ``directory``."""
    import trustme

    directory.mkdir(parents=True, exist_ok=True)
    made = Certificates(ca=directory / "ca.pem", cert=directory / "server.pem", key=directory / "server.key")
    authority = trustme.CA()
    server = authority.issue_cert(*(names or ("localhost", "127.0.0.1")))
    authority.cert_pem.write_to_path(made.ca)
    made.cert.write_bytes(b"".join(blob.bytes() for blob in server.cert_chain_pems))
    server.private_key_pem.write_to_path(made.key)
    return made
