# SPDX-License-Identifier: Apache-2.0
"""The one table of everything a condition can ask about.

The check of names and values, the CEL variables, the JSON Schema and ``docs/reference/rules.md`` all come from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from router.rules.facts import MAX_CONTACTS, Facts
from router.schema import KINDS, URGENCIES, Flags

__all__ = [
    "FIELDS",
    "KNOWN_VALUES",
    "LABELS",
    "Field",
    "FieldType",
    "View",
    "find_field",
    "nested",
    "path_names",
    "static_names",
]

FieldType: TypeAlias = Literal["text", "list", "number", "yes/no", "urgency"]
Value: TypeAlias = str | bool | int | float | tuple[str, ...] | None


@dataclass(frozen=True)
class Field:
    """One thing to ask about. A name that ends in ``.*`` stands for any name in that place.

    ``names`` says which list of known values the loader checks against: "types", "kinds" ...; "" for free text.
    ``get`` gives None where the fact is absent; for ``.*`` names it is given the words in place of the star.
    """

    name: str
    type: FieldType
    doc: str
    get: Callable[..., Value]
    names: str = ""

    @property
    def stem(self) -> str:
        return self.name.removesuffix("*")


def _labels(facts: Facts, name: str) -> Any:
    return None if name in facts.hidden else getattr(facts.classification, name, None)


def _suggested(name: str) -> Callable[[Facts], Value]:
    return lambda f: getattr(f.classification, name, None)


def _language(facts: Facts) -> str | None:
    found = _labels(facts, "language") or ""
    return found if found not in ("", "und") else facts.message.language or found or None


def _domain(address: str) -> str | None:
    return address.rpartition("@")[2].casefold() if "@" in address[1:] else None  # "@anna" is a handle


def _confidence(label: str) -> Callable[[Facts], Value]:
    return lambda f: f.classification.confidence(label) if f.classification else None


def _score(facts: Facts, rest: str) -> Value:
    label, _, value = rest.partition(".")
    return facts.classification.scores.get(label, {}).get(value) if facts.classification else None


def _flag(name: str) -> Callable[[Facts], Value]:
    return lambda f: bool(getattr(f.message.flags, name))


def _messages(facts: Facts) -> int | None:
    return facts.messages if facts.messages is not None else 1 if facts.is_new else None


def _contacts(facts: Facts, days: str) -> Value:
    """Messages of the sender in so many days, this one included."""
    if facts.now is None:
        return None
    since = facts.now - timedelta(days=int(days))
    return 1 + sum(since <= at <= facts.now for at in facts.contacts[:MAX_CONTACTS])


def _hours_since_contact(facts: Facts) -> Value:
    if facts.now is None or not facts.contacts:
        return None
    return max(0.0, (facts.now - facts.contacts[0]).total_seconds() / 3600)


def _unanswered(facts: Facts) -> Value:
    return facts.unanswered if facts.unanswered is not None else 1 if facts.is_new else None


def _of_case(name: str) -> Callable[[Facts], Value]:
    return lambda f: getattr(f.case, name, None)


def _of_alarm(name: str) -> Callable[[Facts], Value]:
    return lambda f: getattr(f.alarm, name, None) or None


_FLAG_DOCS = {
    "auto_reply": "An automatic answer, such as an out-of-office note.",
    "bounce": "A report that a mail could not be delivered.",
    "spam": "The channel says it is spam.",
    "own": "We sent it ourselves.",
    "mailing_list": "It came through a mailing list.",
    "sender_ambiguous": "Who sent it cannot be said for sure.",
    "unverified": "Our own mail server says that the sender is not who the mail claims.",
    "receipt": "A read receipt or a feedback report of a mail provider.",
    "encrypted": "Its words are encrypted; only the recipient's key opens them.",
    "signed": "It carries a signature (S/MIME or PGP), which is not checked.",
    "parts_differ": "Its plain text and its HTML say different things.",
    "lookalike": "A name or domain mixes letters of several scripts, or hides its reading order.",
}

_LABELS: tuple[tuple[str, FieldType, str], ...] = (
    ("kind", "text", "kinds"), ("type", "text", "types"), ("urgency", "urgency", "urgencies"),
    ("language", "text", "languages"),
)  # fmt: skip
LABELS = tuple(name for name, _, _ in _LABELS)
DAYS = ("1", "7", "14", "30", "60", "90", "180", "365")  # what expressions find in history.contacts

FIELDS: tuple[Field, ...] = (
    # what the classifier says
    Field("kind", "text", "What it is: complaint, request, praise or other.", lambda f: _labels(f, "kind"), "kinds"),
    Field("type", "text", "What it is about; absent for praise and other.", lambda f: _labels(f, "type"), "types"),
    Field("also", "list", "Further types it touches.", lambda f: _labels(f, "also") or (), "types"),
    Field("urgency", "urgency", "How soon a person must look.", lambda f: _labels(f, "urgency"), "urgencies"),
    Field("language", "text", "Language of the text; else what the channel claims.", _language, "languages"),
    Field("unsure", "yes/no", "The classifier does not trust its own labels.", lambda f: bool(_labels(f, "unsure"))),
    Field("confidence.kind", "number", "Probability of the kind, 0 to 1.", _confidence("kind")),
    Field("confidence.type", "number", "Probability of the type, 0 to 1.", _confidence("type")),
    Field("confidence.urgency", "number", "Probability of the urgency, 0 to 1.", _confidence("urgency")),
    Field("confidence.language", "number", "Probability of the language, 0 to 1.", _confidence("language")),
    Field("scores.*", "number", "Probability of one value, such as `scores.type.billing`.", _score, "scores"),
    *(
        Field(f"suggested.{name}", kind, f"The {name} even where it is under its threshold and not acted on.", _suggested(name), names)  # noqa: E501 - one row of the table
        for name, kind, names in _LABELS
    ),
    # the message
    Field("channel", "text", "Kind of channel it came by, such as email.", lambda f: f.message.channel, "channels"),
    Field("account", "text", "Account of that channel, as named in channels.yaml.", lambda f: f.message.account),
    Field(
        "visibility", "text", "Who can read it: public, private or direct.", lambda f: f.message.visibility,
        "visibilities",
    ),
    Field("event", "text", "message, edit or delete.", lambda f: f.message.event, "events"),
    Field("subject", "text", "Subject line.", lambda f: f.message.subject),
    Field("text", "text", "The new words, without quoted history and signature.", lambda f: f.message.words),
    Field("full_text", "text", "All words, quoted history included.", lambda f: f.message.text),
    Field("length", "number", "Characters in `text`.", lambda f: len(f.message.words)),
    Field("sender.address", "text", "Mail address, handle or number.", lambda f: f.message.sender.address or None),
    Field("sender.domain", "text", "What stands after the @.", lambda f: _domain(f.message.sender.address)),
    Field("sender.name", "text", "Name the sender goes by.", lambda f: f.message.sender.name or None),
    Field("sender.id", "text", "The platform's own id of the sender.", lambda f: f.message.sender.id or None),
    Field(
        "original_sender.address", "text", "Who wrote it first, where somebody forwarded it.",
        lambda f: f.message.original_sender.address if f.message.original_sender else None,
    ),
    Field("to.address", "list", "Recipients; holds if any fits.", lambda f: tuple(p.address for p in f.message.to)),
    Field("cc.address", "list", "Recipients of copies.", lambda f: tuple(p.address for p in f.message.cc)),
    Field("reply_to.address", "list", "Where answers are asked to go.", lambda f: tuple(p.address for p in f.message.reply_to)),  # noqa: E501 - one row of the table
    Field("conversation", "text", "The platform's thread or chat id.", lambda f: f.message.conversation or None),
    Field("attachments.count", "number", "How many attachments.", lambda f: len(f.message.attachments)),
    Field("attachments.names", "list", "Their file names.", lambda f: tuple(a.filename for a in f.message.attachments)),
    Field(
        "attachments.types", "list", "Their content types, such as image/jpeg.",
        lambda f: tuple(a.content_type for a in f.message.attachments),
    ),
    Field("has_attachments", "yes/no", "At least one attachment.", lambda f: bool(f.message.attachments)),
    Field("rating", "number", "Stars of a review, 1 to 5.", lambda f: f.message.rating),
    Field(
        "claimed_language", "text", "Language the channel claims.", lambda f: f.message.language or None, "languages",
    ),
    Field("notes", "list", "What was repaired or cut while reading.", lambda f: f.message.notes),
    Field("fields.*", "text", "A value a form or webhook sent, such as `fields.order`.", lambda f, n: f.message.fields.get(n)),  # noqa: E501 - one row of the table
    Field(
        "entities.*", "list", "What is named in subject or text, in one form, such as `entities.order`.",
        lambda f, n: tuple(dict.fromkeys(e.value for e in f.message.entities if e.kind == n)),
    ),
    *(Field(f"flags.{name}", "yes/no", _FLAG_DOCS[name], _flag(name)) for name in Flags.model_fields),
    # the customer record
    Field("customer.known", "yes/no", "There is a customer record.", lambda f: f.customer is not None),
    Field("customer.id", "text", "Number of the customer.", lambda f: f.customer.id if f.customer else None),
    Field("customer.tier", "text", "Tier, such as gold.", lambda f: (f.customer and f.customer.tier) or None),
    Field("customer.tags", "list", "Tags of the customer.", lambda f: f.customer.tags if f.customer else ()),
    Field(
        "customer.language", "text", "Language the customer chose.",
        lambda f: (f.customer and f.customer.language) or None, "languages",
    ),
    Field(
        "customer.fields.*", "text", "Any other column of the customer file, such as `customer.fields.region`.",
        lambda f, n: f.customer.fields.get(n) if f.customer else None,
    ),
    # the case so far
    Field("history.is_new", "yes/no", "The message opens a new case.", lambda f: f.is_new),
    Field("history.messages", "number", "Messages in the case, this one included.", _messages),
    Field("history.reopened", "yes/no", "The message takes a resolved case up again.", lambda f: f.reopened),
    Field("history.unanswered", "number", "Messages in the case since we last answered, this one included.", _unanswered),  # noqa: E501 - one row of the table
    Field("history.hours_since_contact", "number", "Hours since the sender last wrote, in any case.", _hours_since_contact),  # noqa: E501 - one row of the table
    Field(
        "history.contacts.*", "number",
        "Messages of the sender in so many days, in any case, this one included, at most 51: `history.contacts.30`.",
        _contacts, "days",
    ),
    Field("case.team", "text", "Team of the case before this message; absent where it opens one.", _of_case("team"), "teams"),  # noqa: E501 - one row of the table
    Field("case.queue", "text", "Queue of the case.", _of_case("queue"), "queues"),
    Field("case.state", "text", "open, waiting (for the customer) or resolved.", _of_case("state"), "case_states"),
    Field("case.urgency", "urgency", "Urgency of the case, as people may have changed it.", _of_case("urgency"), "urgencies"),  # noqa: E501 - one row of the table
    Field("case.tags", "list", "Tags of the case.", lambda f: f.case.tags if f.case else ()),
    Field("case.assigned", "yes/no", "Somebody has the case.", lambda f: bool(f.case and f.case.assigned_to)),
    Field(
        "case.fields.*", "text", "A value that routes or people set on the case, such as `case.fields.stage`.",
        lambda f, n: f.case.fields.get(n) if f.case else None,
    ),
    # the deadline that warns or is missed
    Field("deadline.name", "text", "Its name; `deadline` goes only with routes of `on_deadline`.", _of_alarm("name"), "deadlines"),  # noqa: E501 - one row of the table
    Field("deadline.clock", "text", "What must have happened in time.", _of_alarm("clock"), "clocks"),
    Field("deadline.state", "text", "warning or breached.", _of_alarm("state"), "alarm_states"),
    Field("deadline.before", "text", "Of a warning: how long before it is due, as in teams.yaml.", _of_alarm("before")),
    Field("deadline.round", "number", "1; of a next response, which answer it is about.", _of_alarm("round")),
    Field("deadline.statutory", "yes/no", "It is a preset of a law.", lambda f: bool(f.alarm and f.alarm.statutory)),
    # time
    Field("time.in_calendar", "list", "Calendars of teams.yaml that are open now.", lambda f: f.open_calendars(), "calendars"),  # noqa: E501 - one row of the table
    Field(
        "deadlines.*", "text", "How a clock of the case stands, such as `deadlines.first-response`.",
        lambda f, n: f.deadlines.get(n, "none"), "states",
    ),
)  # fmt: skip

_STATIC = {field.name: field for field in FIELDS if not field.name.endswith("*")}
_UNDER = {
    root: tuple((name.partition(".")[2], field) for name, field in _STATIC.items() if name.startswith(f"{root}."))
    for root in {name.partition(".")[0] for name in _STATIC if "." in name}
}
_OPEN = tuple(field for field in FIELDS if field.name.endswith("*"))

KNOWN_VALUES: dict[str, tuple[str, ...]] = {
    "kinds": KINDS,
    "urgencies": URGENCIES,
    "visibilities": ("public", "private", "direct"),
    "events": ("message", "edit", "delete"),
    "states": ("none", "running", "warning", "breached"),
    "case_states": ("open", "waiting", "resolved"),
    "alarm_states": ("warning", "breached"),
    "clocks": ("acknowledgement", "first_response", "next_response", "resolution"),
}


@lru_cache(maxsize=4096)
def find_field(name: str) -> Field | None:
    """The field of that name; for ``fields.order`` and the like a field bound to the words after the dot."""
    if name in _STATIC:
        return _STATIC[name]
    for field in _OPEN:
        rest = name.removeprefix(field.stem)
        if rest and rest != name and len(name) <= 200 and _fits(field, rest):
            get = field.get
            return Field(name, field.type, field.doc, lambda f, get=get, rest=rest: get(f, rest), field.names)
    return None


def _fits(field: Field, rest: str) -> bool:
    """Whether these words can stand in place of the star."""
    if field.names == "days":
        return rest.isascii() and rest.isdigit() and 1 <= int(rest[:4]) <= 366
    return field.names != "scores" or rest.count(".") == 1


def static_names() -> tuple[str, ...]:
    """Every field name that can be written as it is."""
    return tuple(_STATIC)


def path_names() -> Iterable[str]:
    """Every field name as documented, the open ones with their star."""
    return tuple(field.name for field in FIELDS)


_WHOLE: dict[str, Callable[[Facts], dict[str, Any]]] = {
    "fields": lambda f: dict(f.message.fields),
    "customer.fields": lambda f: dict(f.customer.fields) if f.customer else {},
    "case.fields": lambda f: dict(f.case.fields) if f.case else {},
    "entities": lambda f: {
        kind: list(dict.fromkeys(e.value for e in f.message.entities if e.kind == kind))
        for kind in dict.fromkeys(e.kind for e in f.message.entities)
    },
    "deadlines": lambda f: dict(f.deadlines),
    "history.contacts": lambda f: {days: _contacts(f, days) for days in DAYS if f.now is not None},
    "scores": lambda f: {k: dict(v) for k, v in f.classification.scores.items()} if f.classification else {},
}


def nested(facts: Facts, root: str) -> Any:
    """The fields under one first word, as an expression sees them: ``sender`` is a map, ``type`` is a value.

    Absent text is empty; an absent number is null, and missing from its map.
    """
    if root in _STATIC:
        value = _STATIC[root].get(facts)
        if isinstance(value, tuple):
            return list(value)
        return "" if value is None and _STATIC[root].type != "number" else value
    if root in _WHOLE:
        return _WHOLE[root](facts)
    found: dict[str, Any] = {}
    for rest, field in _UNDER.get(root, ()):
        value = field.get(facts)
        if value is not None or field.type != "number":
            found[rest] = list(value) if isinstance(value, tuple) else "" if value is None else value
    for name, whole in _WHOLE.items():
        if name.startswith(f"{root}."):
            found[name.partition(".")[2]] = whole(facts)
    return found


class View(dict[str, Any]):
    """Facts read at most once each. ``"name"`` is the value, ``"~name"`` the same without case for comparing,
    ``"#name"`` as UTF-8 for searching, ``"@root"`` as a map for expressions; lists become tuples of those."""

    __slots__ = ("facts",)

    def __init__(self, facts: Facts) -> None:
        super().__init__()
        self.facts = facts

    def __missing__(self, key: str) -> Any:
        value: Any
        if key[0] == "~":
            value = self[key[1:]]
            if isinstance(value, str):
                value = value.casefold()
            elif isinstance(value, tuple):
                value = tuple(item.casefold() for item in value)
        elif key[0] == "#":
            value = self[key[1:]]
            if isinstance(value, tuple):
                value = tuple(item.encode() for item in value)
            else:
                value = () if value is None else (str(value).encode(),)
        elif key[0] == "@":
            value = nested(self.facts, key[1:])
        else:
            field = find_field(key)
            value = field.get(self.facts) if field is not None else None
        self[key] = value
        return value
