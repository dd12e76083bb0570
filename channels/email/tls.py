# SPDX-License-Identifier: Apache-2.0
"""TLS towards servers: always verifying, and with words that say what is wrong with a certificate."""

from __future__ import annotations

import ssl
from pathlib import Path

__all__ = ["client_context", "explain_tls"]


def client_context(ca_file: Path | None) -> ssl.SSLContext:
    """A context that checks chain, host name and validity, TLS 1.2 or newer.

    Raises:
        OSError: ``ca_file`` cannot be read or holds no certificate.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context


def explain_tls(error: ssl.SSLError, server: str) -> str:
    """One sentence on why no safe connection came about and what to do; ``server`` is host and port."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return f"{server}: no TLS connection ({error.reason or 'handshake failed'}): check port and the 'tls' setting"
    why = error.verify_message.rstrip(".") or "verification failed"
    if error.verify_code in (62, 64):  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
        return f"{server}: certificate refused ({why}): set 'host' to a name the certificate carries"
    if error.verify_code == 10:  # X509_V_ERR_CERT_HAS_EXPIRED
        return f"{server}: certificate refused ({why}): renew it on the server"
    return f"{server}: certificate refused ({why}): give the issuing authority as 'ca_file' or fix the server"
