# SPDX-License-Identifier: Apache-2.0
"""Signed and encrypted mail by its parts: what is sealed how is said; what is only signed is opened in place."""

from __future__ import annotations

from dataclasses import dataclass, field

from channels.email.mime import Part, read_tree
from channels.email.smime import open_smime
from router.content import ReadLimits

__all__ = ["Seals", "open_seals"]

_CONTAINERS = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_SIGNATURES = {
    "application/pgp-signature": "PGP",
    "application/pkcs7-signature": "S/MIME",
    "application/x-pkcs7-signature": "S/MIME",
}
_SIGNED_NOTE = "signed with {}; the signature was not checked"
_ENCRYPTED_NOTE = "encrypted with {}; only the recipient's key opens it"
_MOST_INSIDE = 3  # containers inside each other


@dataclass(slots=True)
class Seals:
    """Whether anything in the mail is signed or encrypted, and the sentences that say so."""

    signed: bool = False
    encrypted: bool = False
    notes: list[str] = field(default_factory=list)

    def sign(self, by: str) -> None:
        self.signed = True
        self.notes.append(_SIGNED_NOTE.format(by))

    def encrypt(self, by: str) -> None:
        self.encrypted = True
        self.notes.append(_ENCRYPTED_NOTE.format(by))


def open_seals(root: Part, limits: ReadLimits) -> Seals:
    """Look at every part; the content of S/MIME that is signed as a whole becomes the child of its container."""
    seals = Seals()
    if root.main != "text":
        _open(root, limits, seals, inside=0)
    return seals


def _open(root: Part, limits: ReadLimits, seals: Seals, *, inside: int) -> None:
    for part in root.walk():
        if part.content_type == "multipart/encrypted":
            seals.encrypt("PGP" if "pgp" in part.params.get("protocol", "pgp").lower() else "S/MIME")
        elif part.content_type in _SIGNATURES:
            seals.sign(_SIGNATURES[part.content_type])
        elif part.content_type in _CONTAINERS or _is_named_container(part):
            _open_container(part, limits, seals, inside=inside)


def _is_named_container(part: Part) -> bool:
    """Whether a part of no type in particular has the name that RFC 8551 section 3.2.1 gives to containers."""
    if part.content_type != "application/octet-stream":
        return False
    name = part.disposition_params.get("filename") or part.params.get("name", "")
    return name.lower().endswith(".p7m")


def _open_container(part: Part, limits: ReadLimits, seals: Seals, *, inside: int) -> None:
    kind, content = open_smime(part.decoded(limits.attachment_bytes * 4 // 3))
    said = part.params.get("smime-type", "").lower()
    if kind == "encrypted" or (not kind and said in ("enveloped-data", "authenveloped-data")):
        seals.encrypt("S/MIME")
    elif kind == "signed" and content and inside < _MOST_INSIDE:
        seals.sign("S/MIME")
        inner, notes = read_tree(content, limits, f"{part.path}.1")
        part.children = [inner]
        part.content_type = "multipart/signed"
        seals.notes += notes
        _open(inner, limits, seals, inside=inside + 1)
    elif kind == "signed" or said == "signed-data":
        seals.sign("S/MIME")
        seals.notes.append("what was signed with S/MIME could not be taken out of its container")
