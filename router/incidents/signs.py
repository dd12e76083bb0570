# SPDX-License-Identifier: Apache-2.0
"""What a complaint is about, as a few short keys that other complaints about the same thing share. Pure.

Words are cut to their first letters, which levels most endings in every language; names, numbers and whatever is
written alike in several languages (wifi, app, a product) are shared across them.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from router.incidents.settings import IncidentSettings
from router.schema import InboundMessage

__all__ = ["is_counted", "keys_of", "surfaces", "word_of"]

_MOST_CHARS = 2_000  # of the words; what a complaint is about stands early
_MOST_WORDS = 40
_LEAST_LETTERS = 3
_STEM = 6
_WORD = re.compile(r"[^\W\d_]+(?:-\d+)?", re.UNICODE)
_LINK = re.compile(r"\S*(?:://|@|www\.)\S*")
_PERSONAL = frozenset({"amount", "date", "phone", "customer"})  # the same value means nothing, or one person


def is_counted(message: InboundMessage) -> bool:
    """Whether the message can speak for an incident: not what machines and lists send."""
    flags = message.flags
    machine = flags.auto_reply or flags.bounce or flags.receipt or flags.mailing_list or flags.own or flags.spam
    return not machine and message.event != "delete"


def keys_of(message: InboundMessage, settings: IncidentSettings) -> tuple[str, ...]:
    """Keys such as ``e:outage:NW-7`` (strong: one is enough), ``f:product:kettle`` and ``w:intern``; at most 64."""
    keys: dict[str, None] = {}
    if "entities" in settings.group_by:
        for entity in message.entities:
            if entity.kind not in _PERSONAL and entity.value:
                keys[f"e:{entity.kind}:{entity.value[:60].casefold()}"] = None
    if "fields" in settings.group_by:
        for name in settings.fields:
            if value := message.fields.get(name, "").strip():
                keys[f"f:{name}:{value[:60].casefold()}"] = None
    if "channel" in settings.group_by:
        keys[f"c:{message.channel}:{message.account}"] = None
    if "words" in settings.group_by:
        text = f"{message.subject} {message.words[:_MOST_CHARS]}"
        words = dict.fromkeys(filter(None, map(word_of, _WORD.findall(_LINK.sub(" ", text)))))
        keys |= dict.fromkeys(f"w:{word}" for word in list(words)[:_MOST_WORDS])
    return tuple(keys)[:64]


def word_of(word: str) -> str:
    """The beginning of a word by which its forms are alike; "" for one too short to tell anything."""
    plain = unicodedata.normalize("NFKC", word).casefold()
    return plain[:_STEM] if len(plain) >= _LEAST_LETTERS else ""


def surfaces(messages: Iterable[InboundMessage]) -> dict[str, str]:
    """Keys of words as most of these messages write them: ``w:intern`` to ``internet``."""
    forms: dict[str, Counter[str]] = {}
    for message in messages:
        text = f"{message.subject} {message.words[:_MOST_CHARS]}"
        for word in _WORD.findall(_LINK.sub(" ", text)):
            if stem := word_of(word):
                forms.setdefault(f"w:{stem}", Counter())[word.casefold()] += 1
    return {key: min(found, key=lambda form: (-found[form], form)) for key, found in forms.items()}
