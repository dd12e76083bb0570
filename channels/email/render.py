# SPDX-License-Identifier: Apache-2.0
"""From a Reply to the bytes of one mail: pure, and impossible to put a second header or recipient into.

The text is plain UTF-8, encoded so that every line is short ASCII: it survives any relay word for word.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

import idna

from channels.email.config import Config
from channels.email.envelope import domain_of, is_address, is_message_id
from router.errors import PermanentError
from router.schema import Frozen, Reply

__all__ = ["Envelope", "message_id_of", "render"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_MAX_REFERENCES = 20
_TOKEN = re.compile(r"cr-[0-9a-z]{10,80}(?=[.@])")
_ID_HEADERS = frozenset({"in-reply-to", "references", "message-id"})


class Envelope(Frozen):
    """What the SMTP server is told, and the message itself with CR LF line ends."""

    sender: str
    recipient: str
    envid: str
    message: bytes
    smtputf8: bool = False  # an address or header needs a server that speaks RFC 6531


class _Policy(policy.EmailPolicy):
    """The SMTP policy, but identification fields are folded between identifiers only.

    The standard library turns a long identifier into encoded words, by which no mail reader finds a thread again.
    """

    def fold(self, name: str, value: str) -> str:
        if name.lower() not in _ID_HEADERS:
            return str(super().fold(name, value))
        return f"{name}: " + f"{self.linesep} ".join(str(value).split()) + self.linesep

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() not in _ID_HEADERS:
            return super().fold_binary(name, value)
        return self.fold(name, value).encode("ascii")


_POLICY = _Policy(linesep="\r\n", max_line_length=78, cte_type="7bit", utf8=False)


def render(reply: Reply, config: Config, *, now: datetime) -> Envelope:
    """Build the mail for one reply.

    Raises:
        PermanentError: The recipient or the reply address is not one plain address.
    """
    recipient = _checked(reply.to.address, "the recipient")
    answers_to = _checked(reply.reply_address, "the reply address") if reply.reply_address else ""
    sender = _return_path(reply, config, answers_to)
    international = not (recipient + answers_to + sender + config.address.rpartition("@")[0]).isascii()
    message = EmailMessage(policy=_POLICY.clone(utf8=True) if international else _POLICY)
    message["From"] = _mailbox(config.from_name, _checked(config.address, "our address"))
    # A name chosen by the writer is not put into mail that no person looks at: forged requests would spread adverts.
    message["To"] = _mailbox("" if reply.automatic else reply.to.name, recipient)
    if answers_to:
        message["Reply-To"] = _mailbox("", answers_to)
    message["Subject"] = _one_line(reply.subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{message_id_of(reply, config)}>"
    _thread(message, reply)
    if reply.automatic:  # RFC 3834 section 5.2; the others are for desks that do not know it
        message["Auto-Submitted"] = "auto-replied"
        message["Precedence"] = "bulk"
        message["X-Auto-Response-Suppress"] = "All"
    _body(message, reply.text)  # forgets every Content- field that was set before
    if reply.language != "und" and _LANGUAGE.fullmatch(reply.language):
        message["Content-Language"] = reply.language
    return Envelope(
        sender=sender,
        recipient=recipient,
        envid=message_id_of(reply, config).rpartition("@")[0],  # so that a delivery report names the mail as we know it
        message=message.as_bytes(),
        smtputf8=international,
    )


def message_id_of(reply: Reply, config: Config) -> str:
    """The Message-ID without brackets: the one fixed before the first try, else always the same for the same reply."""
    given = reply.message_id.strip().removeprefix("<").removesuffix(">")
    if given and is_message_id(given):
        return given
    return f"{hashlib.sha256(reply.id.encode()).hexdigest()[:32]}@{_ascii_domain(domain_of(config.address))}"


def _thread(message: EmailMessage, reply: Reply) -> None:
    """RFC 5322 section 3.6.4; what could not stand there unharmed is left out."""
    answered = reply.in_reply_to.strip().removeprefix("<").removesuffix(">")
    chain = [item.strip().removeprefix("<").removesuffix(">") for item in reply.references]
    chain = [item for item in dict.fromkeys(chain) if is_message_id(item) and item != answered]
    if is_message_id(answered):
        message["In-Reply-To"] = f"<{answered}>"
        chain.append(answered)
    if len(chain) > _MAX_REFERENCES:  # the first names the thread, the last are what readers look for
        chain = [chain[0], *chain[-(_MAX_REFERENCES - 1) :]]
    if chain:
        message["References"] = " ".join(f"<{item}>" for item in chain)


def _body(message: EmailMessage, text: str) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n") + "\n"
    message.set_content(lines, subtype="plain", charset="utf-8", cte=_shortest(lines))


def _shortest(text: str) -> str:
    encoded = text.encode()
    escaped = sum(byte > 126 or byte == 61 for byte in encoded)
    return "quoted-printable" if escaped * 2 <= len(encoded) / 3 else "base64"


def _return_path(reply: Reply, config: Config, answers_to: str) -> str:
    """Where bounces go, so that they find the case (a variable envelope return path)."""
    token = _TOKEN.search(reply.reply_address) or _TOKEN.match(reply.message_id)
    if config.return_path is None or token is None:
        return answers_to or config.address
    return _checked(config.return_path.replace("{token}", token[0]), "the return path")


def _checked(address: str, what: str) -> str:
    address = address.strip()
    if not is_address(address):
        raise PermanentError(f"{what} is not one plain mail address: nothing was sent")
    local, _, domain = address.rpartition("@")
    return f"{local}@{_ascii_domain(domain)}"


def _ascii_domain(domain: str) -> str:
    """As IDNA 2008 has it: to Python's own codec, of 2003, straße.de is strasse.de, which is somebody else's."""
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except UnicodeError as error:  # IDNAError is one
        raise PermanentError("the domain of an address cannot be written for the mail system") from error


def _mailbox(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(display_name=_one_line(name)[:200], username=local, domain=domain)


def _one_line(text: str) -> str:
    return _CONTROL.sub(" ", text).strip()
