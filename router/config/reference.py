# SPDX-License-Identifier: Apache-2.0
"""Every key that operators may write, as tables for ``docs/reference/configuration.md``; made from the models.

What a key means is the comment beside its field, else the comment in the annotated file that ships, else ``_MEANINGS``.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from io import StringIO
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo

from router import registry
from router.config.models import ChannelSettings, RouterSettings, Secret, SinkSettings, TeamSettings
from router.config.shipped import shipped_config
from router.deadlines.book import BUILT_IN
from router.deadlines.presets import PRESETS
from router.deadlines.settings import CalendarSettings, DeadlineSettings

__all__ = ["Row", "configuration", "meaning_of", "rows_of", "shipped_channels", "shipped_sinks", "table", "type_words"]


@dataclass(frozen=True)
class Row:
    """One key as a reader sees it; ``default`` is "required" where there is none."""

    key: str
    type: str
    default: str
    meaning: str


# By full key path where one is given, else by the last word of it.
_MEANINGS = {
    "router.store": "Where cases, messages and everything else that is known are kept.",
    "router.store.kind": "postgresql: a server of yours, for several processes",
    "router.bus.kind": "nats: through a NATS server of yours, at once; embedded: each looks every second or so",
    "router.web": "The web server: queue, API, webhooks, forms.",
    "router.web.host": "the address it listens on; 0.0.0.0 for all",
    "router.web.port": "0: any free one",
    "router.web.session_hours": "how long a log-in lasts",
    "router.limits.max_message_bytes": "larger messages are refused, and stay at their source where it can keep them",
    "router.limits.parse_seconds": "time to read one message; after it the reader is ended",
    "router.limits.parse_memory_bytes": "memory to read one message",
    "router.limits.attempts": "so many failures, and the message is in quarantine",
    "router.limits.max_text_chars": "of one message; what is longer is cut, with a note, and kept in the raw message",
    "router.limits.max_attachments": "that are listed of one message",
    "router.limits.read": "How much of one mail is read; what is cut is noted, and kept in the raw mail.",
    "router.limits.read.header_bytes": "of one header field",
    "router.limits.read.headers": "fields of one header",
    "router.limits.read.parts": "of one mail; the rest is not read",
    "router.limits.read.depth": "of parts inside each other; what is deeper is listed as one",
    "router.limits.read.line_chars": "of one line of text",
    "router.limits.read.html_chars": "of the HTML of one mail, before it is read",
    "router.limits.read.attachment_bytes": "larger ones are listed; containers such as winmail.dat are not looked into",
    "router.batches": "How much is done at a time.",
    "router.batches.max_messages": "messages in one batch, which is one transaction",
    "router.batches.parse_processes": "child processes that read messages",
    "router.threads": "When a message belongs to a case that exists.",
    "router.customers.file": "relative to the folder of the configuration",
    "router.logs": "What is written to standard error.",
    "router.logs.level": "the least important lines that are written",
    "router.logs.format": "console for people, json for machines",
    "router.learning": "The classifier learns from what people correct.",
    "router.learning.drift": "When a week's messages count as no longer like those the model was made for.",
    "router.languages": "customers write in these; the classifier chooses among them",
    "teams.title": "how the team is shown",
    "teams.name": "how rules, commands and the queue call it",
    "teams.languages": "that the team speaks; empty: all of router.yaml",
    "sinks.name": "how teams and rules call it",
    "sinks.kind": "one of those below, or of a package that is installed beside",
    "channels.kind": "one of those below, or of a package that is installed beside",
    "channels.account": "how rules and the queue call it; with the kind, it is the name of the channel",
    "channels.enabled": "false: checked, but not started",
    "email.smtp": "The server that takes our answers.",
    "email.listener.host": "the address it listens on",
    "telegram.mode": "polling: we ask; webhook: Telegram calls",
    "webform.company": "shown above the form; empty: as in router.yaml",
    "x.stream_rule": "which posts the stream brings; empty: those that name the account",
    "x.poll_seconds": "pause between polls; X counts requests in windows of 15 minutes",
    "access_token": "of the account, made with read, write and direct message rights",
    "access_token_secret": "belongs to the access token",
    "address": "what customers write to",
    "cert_file": "PEM, with the chain",
    "connections": "to the server at the same time",
    "consumer_key": "API key of the app",
    "consumer_secret": "API key secret of the app",
    "direct_messages": "take direct messages",
    "format": "auto: found out by looking",
    "from_name": "shown as the sender of answers",
    "host": "name of the server, as in its certificate",
    "key_file": "PEM",
    "mailboxes": "folders of the mailbox that are read",
    "max_bytes": "the largest body that is taken; larger ones are answered 413",
    "max_connections": "connections at the same time",
    "max_message_bytes": "larger mails are refused or left where they are",
    "max_recipients": "recipients of one mail",
    "max_text_chars": "of the customer's words; what is longer is cut, or refused by a form",
    "mentions": "take posts that mention the account",
    "messages_per_connection": "then a new connection is made",
    "password": "of that name",
    "path": "the file or folder",
    "per_minutes": "the time that `per_address` counts in",
    "poll_seconds": "pause between looks",
    "port": "of the server",
    "privacy_url": "link to your privacy notice, shown with the form",
    "protocol": "what the other server speaks to us",
    "reply_via": "`kind:account` that sends the answers; without it the form cannot be answered",
    "request_seconds": "patience with one request",
    "required": "true: mail without TLS is refused",
    "security": "none only for a server on this machine",
    "sender": "From of these mails",
    "session_seconds": "silence after which a session is ended",
    "timeout_seconds": "patience with the other side, for one request",
    "to": "the team's addresses",
    "url": "where it is posted to",
    "user": "name to log in with",
    "username": "name to log in with",
}


# --- what a field is --------------------------------------------------------------------------------------------


def type_words(annotation: Any, metadata: tuple[Any, ...] = ()) -> str:
    """An annotation in words: "whole number, 1 to 64", "list of secrets"."""
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return type_words(inner, (*metadata, *more))
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(type_words(part, metadata) for part in parts if part is not NoneType))
    if origin is Literal:
        return ", ".join(f"`{part}`" for part in parts)
    if origin is tuple:
        return f"list of {type_words(parts[0])}{_limits(metadata, 'entries')}"
    if origin is dict:
        return f"mapping of {type_words(parts[0])} to {type_words(parts[1])}"
    return _plain(annotation) + _limits(metadata, "characters" if annotation is str else "")


def _plain(annotation: Any) -> str:
    words = {
        str: "text", int: "whole number", float: "number", bool: "true or false", Path: "path", bytes: "bytes",
        Secret: "secret", Any: "anything",
    }  # fmt: skip
    if annotation in words:
        return words[annotation]
    if annotation is AwareDatetime or getattr(annotation, "__name__", "") == "datetime":
        return "time"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation.__name__
    name = str(getattr(annotation, "__name__", annotation))
    return {"IPvAnyNetwork": "network"}.get(name, name)


def _limits(metadata: tuple[Any, ...], of: str) -> str:
    found: dict[str, Any] = {}
    for part in metadata:
        for one in getattr(part, "metadata", None) or [part]:  # Field(...) inside Annotated carries its own
            for name in ("ge", "gt", "le", "lt", "min_length", "max_length"):
                if getattr(one, name, None) is not None:
                    found[name] = getattr(one, name)
    low = found.get("ge", found.get("min_length"))
    high = found.get("le", found.get("max_length"))
    unit = f" {of}" if of and ("min_length" in found or "max_length" in found) else ""
    if low == 1 and high is None and unit:
        return ", not empty"
    if low is not None and high is not None:
        return f", {low:,} to {high:,}{unit}"
    if high is not None:
        return f", {'above ' + str(found['gt']) + ', ' if 'gt' in found else ''}at most {high:,}{unit}"
    if low is not None:
        return f", at least {low:,}{unit}"
    return f", above {found['gt']:,}" if "gt" in found else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel) or value is None:
        return ""
    if isinstance(value, tuple):
        return f"`[{', '.join(map(str, value))}]`"
    if isinstance(value, float):
        value = int(value) if value.is_integer() else value
    return f"`{value}`" if isinstance(value, Path | str) and str(value) else f"`{json.dumps(value, default=str)}`"


# --- what a field means -----------------------------------------------------------------------------------------


@cache
def _comments(module: str) -> dict[tuple[str, str], str]:
    """(class, field) to the comment on its lines."""
    source = Path(inspect.getfile(importlib.import_module(module))).read_text(encoding="utf-8")
    by_line = {
        token.start[0]: token.string.lstrip("# ").strip()
        for token in tokenize.generate_tokens(StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            for part in node.body:
                if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                    lines = range(part.lineno, (part.end_lineno or part.lineno) + 1)
                    found[node.name, part.target.id] = " ".join(by_line[n] for n in lines if n in by_line)
    return found


def meaning_of(model: type[BaseModel], name: str) -> str:
    """The comment beside a field, in the model or in one that it builds on; "" without one."""
    for base in model.__mro__:
        if base.__module__.partition(".")[0] in ("router", "channels"):
            comment = _comments(base.__module__).get((base.__name__, name))
            if comment:
                return comment.replace("``", "`").replace("None: ", "left out: ")
    return ""


_KEY = re.compile(r"^(?P<lead>\s*(?:# )?\s*(?:- )?)(?P<key>[a-z_]+):(?P<rest>.*)$")


def _shipped_comments(file: str) -> dict[str, str]:
    """Key path to the comment behind it; in lists, the path begins with the entry's kind."""
    found: dict[str, str] = {}
    stack: list[tuple[int, str]] = []
    kind = ""
    for line in (shipped_config() / file).read_text(encoding="utf-8").splitlines():
        match = _KEY.match(line)
        if match is None:
            continue
        indent, key = len(match["lead"].replace("# ", "", 1)), match["key"]
        if "- " in match["lead"]:
            kind = ""
        if key == "kind":
            kind = match["rest"].split("#")[0].strip()
        while stack and stack[-1][0] >= indent:
            stack.pop()
        path = [name for _, name in stack if name not in ("channels", "teams", "sinks")]
        stack.append((indent, key))
        comment = match["rest"].partition(" # ")[2].strip()
        if comment and "..." not in comment:
            found.setdefault(".".join([*([kind] if kind else []), *path, key]), comment)
    return found


# --- tables -----------------------------------------------------------------------------------------------------


def _section(annotation: Any) -> type[BaseModel] | None:
    """The model whose keys stand below this one."""
    for part in (annotation, *get_args(annotation)):
        if isinstance(part, type) and issubclass(part, BaseModel) and part is not Secret:
            return part
    return None


def rows_of(
    model: type[BaseModel], *, file: str, shipped: Mapping[str, str], start: str = "", kind: str = ""
) -> Iterator[Row]:
    """A row for each key, sections before their keys. ``file`` is the first word of the full key path."""
    for name, field in model.model_fields.items():
        if name == "settings":
            continue
        key, inner = f"{start}{field.alias or name}", _section(field.annotation)
        doc = _plain_doc(inner).split(". ")[0] if inner else ""
        said = (
            _MEANINGS.get(f"{file}.{key}", "")
            or meaning_of(model, name)
            or shipped.get(f"{kind}.{key}".lstrip("."), "")
            or doc
            or _MEANINGS.get(name, "")
        )
        words = "section" if inner else type_words(field.annotation, tuple(field.metadata))
        yield Row(key, words, _default(field), said)
        if inner is not None:
            yield from rows_of(inner, file=file, shipped=shipped, start=f"{key}.", kind=kind)


def table(rows: Iterable[Row], *, first: str = "key") -> list[str]:
    """The rows as a Markdown table."""
    lines = [f"| {first} | type | default | meaning |", "|---|---|---|---|"]
    for row in rows:
        cells = (f"`{row.key}`", row.type, row.default, row.meaning.replace("<", "&lt;"))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return lines


def _plain_doc(model: type[BaseModel]) -> str:
    own = vars(model).get("__doc__") or ""  # not the docstring of a base
    return " ".join(own.replace("``", "`").split())


def shipped_channels() -> list[str]:
    """The kinds of channel that ship, without what third parties registered."""
    return [
        kind for kind in registry.channel_kinds() if registry.channel_config(kind).__module__.startswith("channels.")
    ]


def shipped_sinks() -> list[str]:
    return [kind for kind in registry.sink_kinds() if registry.sink_config(kind).__module__.startswith("router.sinks.")]


def configuration() -> str:
    """The generated part of ``docs/reference/configuration.md``."""
    router, teams, channels = (_shipped_comments(f"{name}.yaml") for name in ("router", "teams", "channels"))
    lines = ["## router.yaml", "", *table(rows_of(RouterSettings, file="router", shipped=router))]
    lines += ["", "## teams.yaml", "", "A list under `teams`, at least one. Each entry:", ""]
    lines += table(rows_of(TeamSettings, file="teams", shipped=teams))
    lines += ["", "A list under `sinks`, which may be empty. Each entry has these keys and those of its kind:", ""]
    lines += table(rows_of(SinkSettings, file="sinks", shipped={}))
    for kind in shipped_sinks():
        lines += _kind("sink", kind, registry.sink_config(kind), teams)
    lines += _deadlines()
    lines += [
        "",
        "## channels.yaml",
        "",
        "A list under `channels`. Each entry has these keys and those of its kind:",
        "",
    ]
    lines += table(rows_of(ChannelSettings, file="channels", shipped={}))
    for kind in shipped_channels():
        lines += _kind("channel", kind, registry.channel_config(kind), channels)
    return "\n".join(lines) + "\n"


def _deadlines() -> list[str]:
    lines = ["", "### Calendars and deadlines", "", "A mapping under `calendars`, of names to calendars:", ""]
    lines += table(rows_of(CalendarSettings, file="calendars", shipped={}))
    built_in = ", ".join(f"`{name}`" for name in BUILT_IN)
    lines += ["", f"Built in are {built_in}. A list under `deadlines`; each entry:", ""]
    lines += table(rows_of(DeadlineSettings, file="deadlines", shipped={}))
    lines += ["", "Statutory presets; whether one binds you is for your lawyers to say:", ""]
    lines += ["| preset | clock | within | warnings | source | what it asks for |", "|---|---|---|---|---|---|"]
    for name, preset in PRESETS.items():
        warnings = ", ".join(preset.warn_before)
        cells = (f"`{name}`", preset.clock, preset.within, warnings, preset.source, preset.note)
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _kind(what: str, kind: str, model: type[BaseModel], shipped: Mapping[str, str]) -> list[str]:
    doc = [_plain_doc(model), ""] if _plain_doc(model) else []
    return ["", f"### {what}: {kind}", "", *doc, *table(rows_of(model, file=kind, shipped=shipped, kind=kind))]
