# SPDX-License-Identifier: Apache-2.0
"""What people do in Slack besides writing messages: slash commands, buttons, forms, shortcuts on a message."""

from __future__ import annotations

from urllib.parse import parse_qsl

from channels.payload import JsonObject, cut_text, ident_at, is_own, objects, stand_in_id, text_at, values
from channels.slack.text import chosen, message_text, plain
from router.errors import ParseError
from router.interfaces import ParseOptions
from router.schema import Flags, InboundMessage, Party, RawMessage, clean_text

__all__ = ["INTERACTIONS", "form_fields", "parse_command", "parse_interaction"]

_MAX_FIELDS = 100
_MAX_BYTES = 1024 * 1024  # of a form; the longest holds one message
_NOTES = {
    "message_action": ("handed over from a message",),
    "block_actions": ("answered with a button",),
    "interactive_message": ("answered with a button",),
}


def form_fields(body: bytes) -> dict[str, str]:
    """Decode a form-encoded body. Raises ParseError when it is none."""
    if len(body) > _MAX_BYTES:
        raise ParseError("not a form of Slack: too long")
    try:
        return dict(parse_qsl(body.decode("utf-8-sig", "replace"), max_num_fields=_MAX_FIELDS))
    except ValueError as error:
        raise ParseError("not a form of Slack: too many fields") from error


def parse_command(form: JsonObject, raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """A slash command: its words are what follows the command. Raises ParseError when the form is none."""
    command, user = text_at(form, "command"), text_at(form, "user_id")
    if not command or not user:
        raise ParseError("not a slash command: there is no command or no user_id")
    trigger = ident_at(form, "trigger_id") or stand_in_id(user, command, text_at(form, "text"))
    name = text_at(form, "user_name")
    sender = Party(id=user, name=name, address=f"@{name}" if name else "")
    text = plain(text_at(form, "text"))
    return [
        _made(raw, options, native=trigger, text=text, sender=sender, place=_place(form), fields={"command": command})
    ]


def parse_interaction(payload: JsonObject, raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """A press on a button, an answered form, a message handed over by shortcut; none for forms opened and closed."""
    kind = text_at(payload, "type")
    read = INTERACTIONS.get(kind)
    if read is None:
        if not kind:
            raise ParseError("not a Slack payload: there is no type")
        return []
    text, fields = read(payload)
    if not text and not fields:
        return []
    user = values(payload, "user")
    handle = text_at(user, "username") or text_at(user, "name")
    sender = Party(id=text_at(user, "id"), name=text_at(user, "name"), address=f"@{handle}" if handle else "")
    trigger = ident_at(payload, "trigger_id") or ident_at(payload, "action_ts")
    native = trigger or stand_in_id(kind, sender.id, text_at(values(payload, "view"), "id"), text)
    about = values(payload, "message")
    author = text_at(about, "user") if kind == "message_action" else ""
    return [
        _made(
            raw,
            options,
            native=native,
            text=text,
            sender=sender,
            place=_place(payload),
            fields=fields,
            in_reply_to=text_at(about, "ts") or text_at(payload, "message_ts"),
            original_sender=Party(id=author) if author else None,
            notes=_NOTES.get(kind, ()),
        )
    ]


def _made(
    raw: RawMessage,
    options: ParseOptions,
    *,
    native: str,
    text: str,
    sender: Party,
    place: str,
    fields: dict[str, str],
    in_reply_to: str = "",
    original_sender: Party | None = None,
    notes: tuple[str, ...] = (),
) -> InboundMessage:
    text, cut = cut_text(text, options)
    return InboundMessage(
        channel=raw.channel,
        account=raw.account,
        native_id=native,
        message_id=native,
        in_reply_to=in_reply_to,
        conversation=place,
        sender=sender,
        original_sender=original_sender,
        text=text,
        received_at=raw.received_at,
        visibility="private",  # only the app sees these
        fields=fields,
        flags=Flags(own=is_own(options, sender.id)),
        notes=(*notes, *cut),
    )


def _place(payload: JsonObject) -> str:
    team = text_at(payload, "team_id") or text_at(values(payload, "team"), "id")
    place = text_at(payload, "channel_id") or text_at(values(payload, "channel"), "id")
    thread = text_at(values(payload, "message"), "thread_ts") or text_at(values(payload, "container"), "thread_ts")
    return "/".join(filter(None, (team, place, thread)))


def _pressed(payload: JsonObject) -> tuple[str, dict[str, str]]:
    lines, fields = [], {}
    for action in objects(payload, "actions")[:_MAX_FIELDS]:
        words = plain(chosen(action))
        if not words:
            continue
        lines.append(words)
        fields[clean_text(text_at(action, "action_id") or text_at(action, "name") or "action")[:200]] = words
    return "\n".join(lines), fields


def _form(payload: JsonObject) -> tuple[str, dict[str, str]]:
    """The answers of a form, by the name of their element; the text is all of them, in the form's order."""
    fields: dict[str, str] = {}
    blocks = values(values(values(payload, "view"), "state"), "values")
    for block in list(blocks)[:_MAX_FIELDS]:
        for action in list(values(blocks, block))[:_MAX_FIELDS]:
            if words := plain(chosen(values(values(blocks, block), action))):
                fields[clean_text(action)[:200]] = words
    submission = values(payload, "submission")
    for name in list(submission)[:_MAX_FIELDS]:
        if words := text_at(submission, name):
            fields[clean_text(name)[:200]] = words
    return "\n".join(fields.values()), fields


def _handed_over(payload: JsonObject) -> tuple[str, dict[str, str]]:
    return plain(message_text(values(payload, "message"))), {}


INTERACTIONS = {
    "block_actions": _pressed,
    "interactive_message": _pressed,
    "view_submission": _form,
    "dialog_submission": _form,
    "message_action": _handed_over,
}
