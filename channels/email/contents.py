# SPDX-License-Identifier: Apache-2.0
"""The list of what a mail carries: its attached parts, and what Outlook's containers and old uuencoding hold."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass, field

from channels.email.attachments import clean_name, describe
from channels.email.charset import decode_text
from channels.email.mime import Part
from channels.email.tnef import Container, Item, read_tnef
from channels.email.uuencoded import UuFile
from router.content import Attachment, ReadLimits

__all__ = ["Contents", "list_contents", "uuencoded"]

_TYPES = mimetypes.MimeTypes(filenames=())  # the built-in table: the same answer on every machine
_CONTAINERS = ("application/ms-tnef", "application/vnd.ms-tnef")


@dataclass(slots=True)
class Contents:
    """``text`` and ``html`` are the words of containers, for a mail that has none of its own."""

    attachments: list[Attachment] = field(default_factory=list)
    text: str = ""
    html: str = ""
    notes: list[str] = field(default_factory=list)


def list_contents(parts: list[Part], *, most: int, limits: ReadLimits, fallback: str) -> Contents:
    """List attached parts in the order of the mail, at most so many; containers are replaced by what they hold."""
    contents = Contents()
    for part in parts:
        if len(contents.attachments) > most:
            break
        entry = describe(part, fallback=fallback)
        too_large = entry.size > limits.attachment_bytes
        if too_large:
            note = f"larger than {limits.attachment_bytes} bytes; not looked into"
            contents.notes.append(f"an attachment is {note}")
            entry = entry.model_copy(update={"note": note})
        container = None if too_large else _container(part, entry, most)
        if container is None:
            contents.attachments.append(entry)
            continue
        contents.notes.append("Outlook's winmail.dat was unpacked")
        contents.attachments += [_inside(item, f"{part.path}#{n}") for n, item in enumerate(container.items, 1)]
        contents.text = contents.text or container.text
        contents.html = contents.html or container.html
    if len(contents.attachments) > most:
        del contents.attachments[most:]
        contents.notes.append(f"only the first {most} attachments are listed")
    return contents


def uuencoded(file: UuFile, native_id: str, *, fallback: str) -> Attachment:
    """The list entry of a file that was written into the text."""
    name = clean_name(decode_text(file.name, "", fallback=fallback)[0])
    return Attachment(
        filename=name, content_type=_type_of(name), size=file.size, native_id=native_id, note="uuencoded in the text"
    )


def _container(part: Part, entry: Attachment, most: int) -> Container | None:
    """What an Outlook container holds; None if the part is none or nothing in it can be read."""
    named = entry.filename.lower() == "winmail.dat" and part.main == "application"
    if part.content_type not in _CONTAINERS and not named:
        return None
    container = read_tnef(part.decoded(), most=most)
    if container is None or not (container.items or container.text or container.html or container.subject):
        return None
    return container


def _inside(item: Item, native_id: str) -> Attachment:
    name = clean_name(item.name)
    kind = "message/rfc822" if item.is_message else item.content_type
    return Attachment(
        filename=name,
        content_type=kind if "/" in kind else _type_of(name),
        size=item.size,
        inline=bool(item.content_id),
        content_id=item.content_id[:200],
        native_id=native_id,
        note="an attached message" if item.is_message else "from winmail.dat",
    )


def _type_of(name: str) -> str:
    return _TYPES.guess_type(name)[0] or "application/octet-stream"
