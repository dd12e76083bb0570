# SPDX-License-Identifier: Apache-2.0
"""From the bytes of a mail to the product's own message. Pure: nothing is fetched, opened or written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_tz

from channels.email.addresses import Mailbox, read_addresses
from channels.email.authentication import failed_authentication
from channels.email.body import Layout, lay_out
from channels.email.contents import list_contents
from channels.email.flags import is_auto_reply, is_mailing_list, is_spam
from channels.email.forwarded import is_forward, original_sender
from channels.email.headers import Headers, message_ids
from channels.email.limits import MAX_ADDRESSES, MAX_REFERENCES, MAX_SUBJECT_CHARS
from channels.email.mime import Part, read_tree
from channels.email.ours import is_colleague, is_ours, others, written_for
from channels.email.reports import Reported, read_report
from channels.email.seals import Seals, open_seals
from channels.email.texts import Spare, Texts, read_texts
from channels.text import reply_text
from channels.text.phrases import REPLY_PREFIX
from router.errors import ParseError
from router.interfaces import ParseOptions
from router.schema import Attachment, Flags, InboundMessage, Party, RawMessage

__all__ = ["parse"]

_KEYED = r"(cr-[0-9a-z]{10,80})"
_REPLY_PREFIX = re.compile(rf"(?i)\s*(?:\[[^\]]{{1,40}}\]\s*)?(?:{REPLY_PREFIX})\.?\s?(?:\[\d+\]|\^\d+)?\s?[:：]")
_RECIPIENT_FIELDS = (
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-delivered-to",
    "x-forwarded-to",
)


def parse(raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """Read one mail.

    Returns:
        Exactly one message. What was repaired, cut or left out is said in its notes.

    Raises:
        ParseError: The mail is empty, or stayed in its mailbox for its size.
    """
    octets = raw.body
    if raw.transport.left_bytes is not None:
        raise ParseError(
            f"This mail is larger than the limit: {raw.transport.left_bytes} bytes. It was left in the mailbox "
            f"{raw.transport.mailbox}; only its header is here. Read it there."
        )
    if not octets.strip(b" \t\r\n\0"):
        raise ParseError("This mail is empty: it has no header and no text, only blank lines or nothing at all.")
    notes: list[str] = []
    if b"\n" not in octets and b"\r" in octets:
        octets = octets.replace(b"\r", b"\n")
        notes.append("bare carriage returns were read as line ends")
    root, repaired = read_tree(octets, options.limits)
    notes += repaired
    return [_Reading(raw, options, root, notes).message()]


class _Reading:
    """One mail while it is read; each method answers one question about it."""

    def __init__(self, raw: RawMessage, options: ParseOptions, root: Part, notes: list[str]) -> None:
        self.raw, self.options, self.root, self.notes = raw, options, root, notes
        self.headers: Headers = root.headers
        self.fallback = options.default_charset
        self.seals: Seals = open_seals(root, options.limits)
        notes += self.seals.notes
        self.layout: Layout = lay_out(root)

    def message(self) -> InboundMessage:
        headers, layout, options = self.headers, self.layout, self.options
        senders, ambiguous = self._senders()
        sender = senders[0] if senders else Mailbox()
        subject = headers.text("subject", fallback=self._header_charset())[:MAX_SUBJECT_CHARS]
        words, attachments = self._contents()
        text = words.text
        forward = is_forward(subject, text)
        report_type = self.root.params.get("report-type", "").lower()
        to, cc = self._parties("to"), self._parties("cc")
        reply_to = others(self._parties("reply-to"), options.own)
        reported = self._report(sender, to, report_type, subject, text)
        in_reply_to = message_ids(headers.all("in-reply-to"))
        references = message_ids(headers.all("references"))
        own = _is_one_of(sender.address, options.own)
        if own and (writer := self._writer(reply_to)) is not None:
            own, sender, ambiguous = False, writer, False
        answers = bool(in_reply_to or references) or _REPLY_PREFIX.match(subject) is not None
        if reported is not None:  # what threading needs is the message reported on
            self.notes += reported.notes
            references += [i for i in reported.references if i not in references]
        unverified = failed_authentication(headers, trusted=options.trusted_authserv)
        if unverified:
            self.notes.append(f"authentication failed ({unverified}): the sender may be somebody else")
        if len(references) > MAX_REFERENCES:
            references = references[:1] + references[1 - MAX_REFERENCES :]
        return InboundMessage(
            channel=self.raw.channel,
            account=self.raw.account,
            native_id=self.raw.native_id,
            message_id=next(iter(message_ids(headers.all("message-id"))), ""),
            in_reply_to=in_reply_to[0] if in_reply_to else "",
            references=tuple(references),
            reply_tokens=self._tokens((*to, *cc), (*in_reply_to, *references)),
            sender=Party(address=sender.address, name=sender.name),
            original_sender=self._original(original_sender(text, layout.attached, forward=forward), sender),
            to=to,
            cc=cc,
            reply_to=reply_to,
            subject=subject,
            text=text,
            reply_text=reply_text(words.new, forwarded=forward, answers=answers),
            hidden_text=words.hidden,
            html=words.html,
            attachments=attachments,
            language=_language(headers),
            sent_at=self._sent_at(),
            received_at=self.raw.received_at,
            report=reported.report if reported is not None else None,
            flags=Flags(
                auto_reply=is_auto_reply(headers, subject=subject, report_type=report_type),
                bounce=reported is not None and reported.bounce,
                receipt=reported is not None and reported.receipt,
                unverified=bool(unverified),
                spam=is_spam(headers, trusted=options.trusted_authserv),
                own=own,
                mailing_list=is_mailing_list(headers),
                sender_ambiguous=ambiguous,
                encrypted=self.seals.encrypted or words.encrypted,
                signed=self.seals.signed or words.signed,
                parts_differ=words.parts_differ,
            ),
            notes=tuple(dict.fromkeys(note for note in self.notes if note)),
        )

    # --- who ---------------------------------------------------------------------------------------------------------

    def _header_charset(self) -> str:
        """What raw 8-bit header text is read as: the body's charset, else that of the mailbox."""
        if self.fallback.lower() not in ("utf-8", "utf8", ""):
            return self.fallback
        parts = self.layout.text or self.layout.html
        return (parts[0].params.get("charset", "") if parts else "") or self.fallback

    def _senders(self) -> tuple[list[Mailbox], bool]:
        """The authors, and whether it is unclear who they are."""
        fields = self.headers.all("from")
        found, _ = read_addresses(fields, fallback=self._header_charset())
        ambiguous = len(fields) != 1 or len(found) != 1 or found[0].odd or "@" not in found[0].address
        if not any(mailbox.address for mailbox in found):
            instead, _ = read_addresses(self.headers.all("sender")[:1], fallback=self._header_charset())
            if instead and "@" in instead[0].address and not fields:
                self.notes.append("there is no From; Sender was taken")
                found = instead
        if ambiguous:
            self.notes.append("it is not certain who sent this")
        return found, ambiguous

    def _writer(self, reply_to: Sequence[Party]) -> Mailbox | None:
        """Who wrote in our name, unless it is a mail that we sent."""
        sent = any(_ID_TOKEN.match(i) for i in message_ids(self.headers.all("message-id")))
        writer = None if sent else written_for(self.headers, reply_to, self.options.own)
        if writer is not None:
            self.notes.append("sent in our name, as by a form: whom it is to be answered to was taken as the sender")
        return writer

    def _original(self, found: Party | None, sender: Mailbox) -> Party | None:
        """Whose words a colleague handed on. A customer who forwards a mail shows us what he got: the answer is his."""
        own = self.options.own
        if found is None or is_ours(found.address, own) or (own and not is_colleague(sender.address, own)):
            return None
        return found

    def _parties(self, name: str) -> tuple[Party, ...]:
        values = self.headers.all(name)
        if not values:
            return ()
        mailboxes, cut = read_addresses(values, fallback=self._header_charset())
        if cut:
            self.notes.append(f"{name}: only the first {MAX_ADDRESSES} addresses were read")
        return tuple(Party(address=m.address, name=m.name) for m in mailboxes if m.address or m.name)

    def _report(
        self, sender: Mailbox, to: Sequence[Party], report_type: str, subject: str, text: str
    ) -> Reported | None:
        """What the mail says became of another, if that is all it is."""
        return read_report(
            self.headers,
            self.layout,
            report_type=report_type,
            sender=sender.address,
            name=sender.name,
            subject=subject,
            text=text,
            not_failed=(*self.options.own, *(party.address for party in to)),
            token_domain=self.options.token_domain,
        )

    # --- what --------------------------------------------------------------------------------------------------------

    def _contents(self) -> tuple[Texts, tuple[Attachment, ...]]:
        """The words, and the list of what is attached: parts, what containers hold, files written into the text."""
        options, most = self.options, self.options.max_attachments
        held = list_contents(self.layout.attached, most=most, limits=options.limits, fallback=self.fallback)
        words = read_texts(
            self.layout,
            most=options.max_text_chars,
            limits=options.limits,
            fallback=self.fallback,
            spare=Spare(held.text, held.html),
        )
        if len(held.attachments) + len(words.files) > most and words.files:
            held.notes.append(f"only the first {most} attachments are listed")
        self.notes += (*words.notes, *held.notes)
        return words, (*held.attachments, *words.files)[:most]

    # --- when and where to -------------------------------------------------------------------------------------------

    def _sent_at(self) -> datetime | None:
        value = self.headers.ascii("date")[:200]
        if not value:
            self.notes.append("there is no Date")
            return None
        moment = _moment(value)
        if moment is None:
            self.notes.append("the Date cannot be read")
        return moment

    def _tokens(self, parties: Iterable[Party], ids: Sequence[str]) -> tuple[str, ...]:
        """Keyed reply tokens in recipients and references; whether they are genuine is checked elsewhere."""
        domain = self.options.token_domain.lower()
        if not domain:
            return ()
        places = [party.address for party in parties]
        for name in _RECIPIENT_FIELDS:
            places += [value.decode("ascii", "replace").strip("<> \t") for value in self.headers.all(name)]
        places += self.raw.transport.envelope_recipients
        found = [match[1] for place in places if (match := _ADDRESS_TOKEN.match(place)) and match[2].lower() == domain]
        found += [match[1] for i in ids if (match := _ID_TOKEN.match(i)) and match[2].lower() == domain]
        return tuple(dict.fromkeys(found))


_ADDRESS_TOKEN = re.compile(rf"[^@+\s]{{1,64}}\+{_KEYED}@([^@\s]+)\Z")
_ID_TOKEN = re.compile(rf"{_KEYED}\.[^@\s]{{1,200}}@([^@\s]+)\Z")


def _is_one_of(address: str, own: Sequence[str]) -> bool:
    folded = address.casefold()
    return bool(folded) and any(folded == other.casefold() for other in own)


def _language(headers: Headers) -> str:
    """The language the sender's program claims (RFC 3282), if it names one alone."""
    value = headers.ascii("content-language").lower()
    return value[:2] if re.fullmatch(r"[a-z]{2}(?:-[a-z0-9]{2,8})?", value) else ""


def _moment(value: str) -> datetime | None:
    """The time a Date field names, in UTC; None if it is no possible time. A missing zone counts as UTC."""
    try:
        parsed = parsedate_tz(value)
        if parsed is None:
            return None
        moment = datetime(*parsed[:6], tzinfo=UTC)
        return datetime.fromtimestamp(moment.timestamp() - (parsed[9] or 0), UTC)
    except (ValueError, OverflowError, TypeError, IndexError, OSError):
        return None
