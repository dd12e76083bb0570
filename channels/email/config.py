# SPDX-License-Identifier: Apache-2.0
"""The settings of one e-mail account: where mail comes from, how answers leave, and under which addresses."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from channels.email.envelope import domain_of, is_address
from router.config.models import Secret
from router.schema import Frozen

__all__ = [
    "Config", "FolderSettings", "ImapSettings", "ListenerSettings", "ListenerTls", "ServerSettings", "SmtpSettings",
    "Tls", "is_loopback",
]  # fmt: skip

Tls = Literal["implicit", "starttls", "none"]

MAX_MESSAGE_BYTES = 25 * 1024 * 1024
_FLAG = re.compile(r"\\(Seen|Flagged|Answered)|[A-Za-z$][A-Za-z0-9$._-]{0,63}")


def _address(value: str) -> str:
    if not is_address(value):
        raise ValueError("this is not one plain mail address such as support@example.org")
    return value


def _recipient(value: str) -> str:
    if not is_address(value) and not (value.startswith("@") and is_address(f"x{value}")):
        raise ValueError("give an address (support@example.org) or a whole domain (@example.org)")
    return value.casefold()


def _one_line(value: str) -> str:
    if any(ord(char) < 32 or ord(char) == 127 for char in value):
        raise ValueError("control characters and line breaks are not allowed here")
    return value


Address = Annotated[str, AfterValidator(_address)]
Recipient = Annotated[str, AfterValidator(_recipient)]
Line = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_one_line)]


def is_loopback(host: str) -> bool:
    """Whether ``host`` can only mean this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.casefold() in {"localhost", "localhost."}


class ServerSettings(Frozen):
    """A server we connect to. Its certificate and host name are always verified; there is no switch for it."""

    host: Line
    port: int | None = Field(default=None, ge=1, le=65535)  # None: the usual port for ``tls``
    tls: Tls = "implicit"  # none: only for a server on this machine
    ca_file: Path | None = None  # PEM of a private authority, trusted besides the system's
    user: Line | None = None
    password: Secret | None = None
    timeout_seconds: float = Field(default=30.0, gt=0, le=600)

    @model_validator(mode="after")
    def _safe(self) -> ServerSettings:
        if self.tls == "none" and not is_loopback(self.host):
            raise ValueError("tls 'none' is allowed only for a host on this machine; use 'implicit' or 'starttls'")
        if (self.user is None) != (self.password is None):
            raise ValueError("'user' and 'password' belong together: give both or neither")
        return self


class ImapSettings(ServerSettings):
    """A mailbox that is read over IMAP. What was read is known by UID, so people may read it in parallel."""

    user: Line
    password: Secret
    mailboxes: tuple[Line, ...] = Field(default=("INBOX",), min_length=1, max_length=20)
    after: Literal["flag", "move", "leave"] = "flag"  # what happens to a message once it is safely stored
    flag: str = r"\Seen"  # for ``after: flag``: \Seen, \Flagged, \Answered or a keyword
    move_to: Line = "Processed"  # for ``after: move``: made if it does not exist
    start: Literal["all", "new"] = "all"  # new: the first time, only what arrives from now on
    max_message_bytes: int = Field(default=MAX_MESSAGE_BYTES, ge=1024)
    idle_seconds: float = Field(default=290.0, gt=0, le=1740)  # how long one IDLE lasts; servers may end it at 1,800
    poll_seconds: float = Field(default=30.0, gt=0)  # where the server has no IDLE

    @property
    def usual_port(self) -> int:
        return self.port or (993 if self.tls == "implicit" else 143)

    @model_validator(mode="after")
    def _usable(self) -> ImapSettings:
        if not _FLAG.fullmatch(self.flag):
            raise ValueError(r"'flag' must be \Seen, \Flagged, \Answered or a keyword of letters and digits")
        if len(set(self.mailboxes)) != len(self.mailboxes):
            raise ValueError("a mailbox is named twice")
        if self.after == "move" and self.move_to in self.mailboxes:
            raise ValueError("'move_to' is one of the mailboxes that are read: mail would go round in circles")
        return self


class SmtpSettings(ServerSettings):
    """The server that takes our answers."""

    tls: Tls = "starttls"
    connections: int = Field(default=2, ge=1, le=10)
    messages_per_connection: int = Field(default=50, ge=1)
    data_seconds: float = Field(default=120.0, gt=0, le=600)  # how long the answer to a whole message may take
    local_hostname: Line | None = None  # how we greet; None: the name of this machine

    @property
    def usual_port(self) -> int:
        return self.port or {"implicit": 465, "starttls": 587, "none": 25}[self.tls]


class ListenerTls(Frozen):
    """Certificate of our own listener, offered by STARTTLS."""

    cert_file: Path
    key_file: Path
    required: bool = False


class ListenerSettings(Frozen):
    """A small server of our own that takes mail from the company's mail server. Not for the open internet."""

    protocol: Literal["smtp", "lmtp"] = "smtp"
    host: Line = "127.0.0.1"
    port: int = Field(default=8025, ge=0, le=65535)  # 0: any free one
    hostname: Line = "localhost"  # how we greet
    recipients: tuple[Recipient, ...] = ()  # empty: ``address`` and ``reply_address``; user+anything counts as user
    max_message_bytes: int = Field(default=MAX_MESSAGE_BYTES, ge=1024)
    max_connections: int = Field(default=50, ge=1, le=1000)
    max_recipients: int = Field(default=100, ge=1, le=1000)
    session_seconds: float = Field(default=300.0, gt=0)
    commit_seconds: float = Field(default=60.0, gt=0)  # longer than this to store a message: 451, try again
    tls: ListenerTls | None = None


class FolderSettings(Frozen):
    """A maildir, an mbox file or a folder of .eml files that is looked at again and again."""

    path: Path
    format: Literal["auto", "maildir", "mbox", "eml"] = "auto"
    after: Literal["move", "leave"] = "move"  # maildir: to cur/; .eml: to done/; mbox is always left as it is
    poll_seconds: float = Field(default=5.0, gt=0)
    max_message_bytes: int = Field(default=MAX_MESSAGE_BYTES, ge=1024)


class Config(Frozen):
    """One e-mail account. Any of the three sources may be used, also together; ``smtp`` is needed to answer."""

    address: Address
    from_name: Annotated[str, Field(max_length=200), AfterValidator(_one_line)] = ""
    reply_address: Line | None = None  # such as support+{token}@example.org: answers find their case by it
    return_path: Line | None = None  # such as bounces+{token}@example.org; None: the reply address
    aliases: tuple[Address, ...] = ()  # further addresses that are ours
    trusted_authserv: tuple[Line, ...] = ()  # our mail servers as Authentication-Results names them; others are ignored
    imap: ImapSettings | None = None
    listener: ListenerSettings | None = None
    folder: FolderSettings | None = None
    smtp: SmtpSettings | None = None

    @model_validator(mode="after")
    def _patterns(self) -> Config:
        for key, pattern, word in (
            ("reply_address", self.reply_address, "{token}"),
            ("return_path", self.return_path, "{token}"),
        ):
            if pattern is None:
                continue
            local = pattern.rpartition("@")[0]
            if pattern.count(word) != 1 or word not in local or not is_address(pattern.replace(word, "x")):
                raise ValueError(f"'{key}' must be one address with {word} before the @")
        if self.return_path is not None and domain_of(self.return_path) != self.token_domain:
            raise ValueError(f"'return_path' must be in the domain {self.token_domain}, where tokens are looked for")
        return self

    @property
    def own(self) -> tuple[str, ...]:
        """Our own addresses, for the parser to flag what we sent ourselves."""
        return (self.address, *self.aliases)

    @property
    def token_domain(self) -> str:
        """The domain of our reply addresses."""
        return domain_of(self.reply_address or self.address)

    @property
    def accepted(self) -> tuple[str, ...]:
        """Recipients the listener takes mail for, without case; ``@domain`` stands for a whole domain."""
        if self.listener is not None and self.listener.recipients:
            return self.listener.recipients
        patterns = ((self.reply_address, "{token}"), (self.return_path, "{token}"))
        known = [*self.own, *(p.replace(word, "").replace("+@", "@") for p, word in patterns if p is not None)]
        return tuple(dict.fromkeys(item.casefold() for item in known))
