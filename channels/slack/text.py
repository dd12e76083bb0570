# SPDX-License-Identifier: Apache-2.0
"""The words of a Slack message as a person reads them, from its markup or its blocks."""

from __future__ import annotations

import re

from channels.payload import JsonObject, objects, strings, text_at, values

__all__ = ["blocks_text", "message_text", "new_words", "plain"]

_TOKEN = re.compile(r"<([^<>]+)>")
_ESCAPED = re.compile(r"&(amp|lt|gt);")
_CHARACTER = {"amp": "&", "lt": "<", "gt": ">"}
_LEADING_MENTIONS = re.compile(r"\A(?:\s*<@[A-Z0-9]{1,50}(?:\|[^<>]{0,200})?>[\s,:]*)+")
_MAX_BLOCKS = 500
# Elements of rich text that name something: where the name is, and the markup for it.
_NAMED = {
    "user": ("user_id", "<@{}>"),
    "channel": ("channel_id", "<#{}>"),
    "usergroup": ("usergroup_id", "<!subteam^{}>"),
    "broadcast": ("range", "<!{}>"),
    "emoji": ("name", ":{}:"),
}


def plain(text: str) -> str:
    """Undo the markup of names, channels and links, and the three HTML escapes, once. Emphasis marks stay."""
    if "<" in text:
        text = _TOKEN.sub(_shown, text)
    return _ESCAPED.sub(lambda hit: _CHARACTER[hit[1]], text) if "&" in text else text


def new_words(text: str) -> str:
    """Marked-up ``text`` without the names that it begins with, as plain text; "" when there is nothing to remove."""
    names = _LEADING_MENTIONS.match(text)
    return plain(text[names.end() :]).strip() if names else ""


def message_text(message: JsonObject) -> str:
    """The marked-up text; where there is none, what the blocks or the quoted messages show, marked up the same way."""
    if text := text_at(message, "text"):
        return text
    if text := blocks_text(objects(message, "blocks")):
        return text
    shown = []
    for quoted in objects(message, "attachments")[:100]:
        text = "\n".join(filter(None, (text_at(quoted, key) for key in ("pretext", "title", "text"))))
        shown.append(text or blocks_text(objects(quoted, "blocks")) or text_at(quoted, "fallback"))
    return "\n".join(filter(None, shown))


def blocks_text(blocks: list[JsonObject]) -> str:
    """What blocks show, one a line, with their markup."""
    lines = []
    for block in blocks[:_MAX_BLOCKS]:
        kind = text_at(block, "type")
        if kind == "rich_text":
            lines += [_rich_line(part) for part in objects(block, "elements")[:_MAX_BLOCKS]]
        elif kind in {"section", "header", "input"}:
            lines.append(text_at(values(block, "text"), "text"))
            lines += [text_at(field, "text") for field in objects(block, "fields")[:50]]
        elif kind in {"markdown", "context"}:
            lines.append(text_at(block, "text"))
            lines += [text_at(element, "text") for element in objects(block, "elements")[:50]]
    return "\n".join(filter(None, lines))


def _rich_line(part: JsonObject) -> str:
    elements = objects(part, "elements")[:_MAX_BLOCKS]
    if text_at(part, "type") == "rich_text_list":
        mark = "{}. " if text_at(part, "style") == "ordered" else "• "
        items = (_pieces(objects(item, "elements")[:_MAX_BLOCKS]) for item in elements)
        return "\n".join(mark.format(number) + item for number, item in enumerate(items, 1))
    mark = "&gt; " if text_at(part, "type") == "rich_text_quote" else ""
    return mark + _pieces(elements)


def _pieces(elements: list[JsonObject]) -> str:
    return "".join(_piece(element) for element in elements)


def _piece(element: JsonObject) -> str:
    kind = text_at(element, "type")
    if kind in _NAMED:
        key, form = _NAMED[kind]
        return form.format(text_at(element, key))
    if kind == "link":
        url, words = _escape(text_at(element, "url")), _escape(text_at(element, "text"))
        return f"<{url}|{words}>" if words else f"<{url}>"
    return _escape(text_at(element, "text") or text_at(element, "fallback"))


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _shown(hit: re.Match[str]) -> str:
    """One token in angle brackets, as Slack's own clients show it; a link always with its address."""
    target, _, label = hit[1].partition("|")
    if target.startswith(("@", "#")):
        return target[0] + label.lstrip("@#") if label else target
    if target.startswith("!"):
        return _special(target[1:], label)
    address = target.removeprefix("mailto:").removeprefix("tel:")
    if not address:
        return label
    if not label or label in {target, address, target.partition("://")[2], address.removesuffix("/")}:
        return address
    return f"{label} ({address})"


def _special(name: str, label: str) -> str:
    """Calls to many and dates: ``!here``, ``!subteam^S1|@team``, ``!date^1392734382^{date}|fallback``."""
    if label:
        return label
    parts = name.split("^")
    return "@" + (parts[1] if parts[0] == "subteam" and len(parts) > 1 else parts[0])


def labels(parent: JsonObject) -> str:
    """The words of options chosen in a form."""
    chosen = [values(parent, "selected_option"), *objects(parent, "selected_options")]
    return ", ".join(filter(None, (text_at(values(option, "text"), "text") for option in chosen)))


def chosen(action: JsonObject) -> str:
    """What a person put into one element of a form, or the words of the button pressed."""
    found = text_at(action, "value") if text_at(action, "type") != "button" else ""
    if words := found or labels(action) or blocks_text([values(action, "rich_text_value")]):
        return words
    for key in ("selected_date", "selected_time", "selected_date_time", "selected_user", "selected_channel",
                "selected_conversation"):  # fmt: skip
        if words := text_at(action, key):
            return words
    several = [*strings(action, "selected_users"), *strings(action, "selected_conversations")]
    return ", ".join(several[:50]) or text_at(values(action, "text"), "text") or text_at(action, "value")
