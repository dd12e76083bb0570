# SPDX-License-Identifier: Apache-2.0
"""Names that look like others, and characters that hide how a text reads. Nothing is removed; it is only said.

A word whose letters come from Latin and from Cyrillic or Greek is no word of any language. A word wholly of letters
that look Latin is suspicious only where it spells one of our own names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache

from router.schema import InboundMessage

__all__ = ["suspicions"]

_LOOKED_AT = 20_000  # characters of the text
# Letters of other scripts (their small forms) that are read as Latin ones.
_LATIN = dict(zip(
    "аеорсухіјѕԁһӏԛԝьвкмнтгԍпօոսҽⅼοανικρτυχεηωμϲѡɑɡıł",
    "aeopcyxijsdhlqwbbkmhtrgnonuelovvikptuxenwucwagil",
    strict=False,
))  # fmt: skip
_FOLD = str.maketrans(_LATIN | {"0": "o", "1": "l", "3": "e", "5": "s", "|": "l"})
_FOREIGN = re.compile(r"[\u0370-\u03ff\u1f00-\u1fff\u0400-\u052f\u0531-\u058f\u13a0-\u13ff]")
_LATIN_LETTER = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
# Any of those above or below; accents, currencies, quotation marks and most emoji are not among them.
_WORTH_A_LOOK = re.compile(
    r"[\u0370-\u058f\u115f\u1160\u13a0-\u13ff\u180e\u1f00-\u1fff\u200b-\u200d\u202a-\u202e\u2060-\u2069\u3164\ufeff"
    r"\U000e0000-\U000e007f]"
)
_MIXED_WORD = re.compile(r"[^\W\d_]{2,64}")
# Marks that turn or stop the direction of reading (UAX 9), and characters without width.
_DIRECTION = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_INVISIBLE = re.compile(r"[\u200b\u2060-\u2064\ufeff\u00ad\u180e\u115f\u1160\u3164\U000e0000-\U000e007f]")
# Invisible between two Latin letters, where no script needs it: soft hyphens are for line ends and common in HTML.
_INSIDE_WORD = re.compile(
    r"[A-Za-z][\u200b-\u200d\u2060-\u2064\ufeff\u180e\u115f\u1160\u3164\U000e0000-\U000e007f]{1,20}[A-Za-z]"
)
_OTHER_ADDRESS = re.compile(r"[^\s<>\"'()\[\],;:@]{1,64}@(?:[^\W_](?:[\w-]{0,62})\.){1,8}[^\W\d_]{2,24}")
_MAX_NAMES = 40


def suspicions(message: InboundMessage, own: Sequence[str] = ()) -> tuple[bool, list[str]]:
    """What about the sender or the words may deceive.

    Args:
        own: Our own addresses or handles, whose imitations are told.

    Returns:
        Whether the message deserves the flag ``lookalike``, and notes for people; no notes, no flag.
    """
    notes: list[str] = []
    parties = (message.sender, *message.reply_to[:5])
    if message.original_sender is not None:
        parties = (*parties, message.original_sender)
    for number, party in enumerate(parties[:_MAX_NAMES]):
        who = (
            "the sender" if number == 0 else "a reply address" if number <= len(message.reply_to[:5]) else "the author"
        )
        notes += _of_name(party.name, party.address, who)
        notes += _of_domain(party.address, own, who)
    if own:
        notes += _of_handle(message, own)
    for place, words in (("subject", message.subject), ("text", message.text[:_LOOKED_AT])):
        if not words.isascii():
            notes += _of_words(words, place)
    notes = list(dict.fromkeys(notes))
    return any(not note.startswith(_ONLY_TOLD) for note in notes), notes


_ONLY_TOLD = "the name of "


def _of_name(name: str, address: str, who: str) -> list[str]:
    if not name:
        return []
    notes = []
    if "@" in name and (other := _OTHER_ADDRESS.search(name)) and other[0].casefold() != address.casefold():
        notes.append(f"{_ONLY_TOLD}{who} shows another address ({other[0]}) than the real one")
    if name.isascii():
        return notes
    if _DIRECTION.search(name):
        notes.append(f"{who}'s name holds marks that turn the direction of reading")
    if _INVISIBLE.search(name):
        notes.append(f"{who}'s name holds invisible characters")
    if _is_mixed(name):
        notes.append(f"{who}'s name mixes letters of several scripts")
    return notes


def _of_domain(address: str, own: Sequence[str], who: str) -> list[str]:
    local, at, domain = address.rpartition("@")
    if not at:
        return []
    shown = domain
    if "xn--" in domain.lower():
        shown = _decoded(domain)
    elif address.isascii() and not own:
        return []
    notes = []
    if shown != domain:
        notes.append(f"{_ONLY_TOLD}{who}'s domain is written {shown}")
    if not shown.isascii():
        if _is_mixed(shown.replace("-", "")):
            notes.append(f"{who}'s domain mixes letters of several scripts")
        if _DIRECTION.search(shown) or _INVISIBLE.search(shown):
            notes.append(f"{who}'s domain holds invisible characters")
    if not local.isascii() and (_DIRECTION.search(local) or _INVISIBLE.search(local) or _is_mixed(local)):
        notes.append(f"{who}'s address holds letters of several scripts or invisible characters")
    notes += [f"{who}'s domain looks like our own {ours}" for ours in _imitated(shown, tuple(own))]
    return notes


def _decoded(domain: str) -> str:
    """The domain as people see it; labels that cannot be decoded stay."""
    labels = []
    for label in domain[:253].split("."):
        if label.lower().startswith("xn--"):
            with suppress(UnicodeError):
                labels.append(label[4:].encode("ascii").decode("punycode"))
                continue
        labels.append(label)
    return ".".join(labels)


@lru_cache(maxsize=1024)
def _imitated(domain: str, own: tuple[str, ...]) -> tuple[str, ...]:
    """Our domains that this one is not but looks like."""
    folded = domain.casefold()
    ours = {one.rpartition("@")[2].casefold() for one in own if "@" in one[1:]}
    if not ours or folded in ours:
        return ()
    skeleton = _skeleton(folded)
    return tuple(one for one in sorted(ours) if _skeleton(one) == skeleton)


def _of_handle(message: InboundMessage, own: Sequence[str]) -> list[str]:
    """Somebody who goes by our handle or name without being us, as in chats and on public networks."""
    sender = message.sender
    theirs = sender.address.lstrip("@").casefold()
    if "@" in theirs:
        return []
    handles = {one.lstrip("@").casefold() for one in own if "@" not in one[1:] and len(one) > 3 and not one.isdigit()}
    if not handles or theirs in handles:
        return []
    skeletons = {_skeleton(one): one for one in handles}
    for worn in (theirs, sender.name.casefold().replace(" ", "")):
        if worn and (ours := skeletons.get(_skeleton(worn))):
            return [f"the sender goes by a name that looks like our own {ours}"]
    return []


def _of_words(words: str, place: str) -> list[str]:
    if not _WORTH_A_LOOK.search(words):
        return []
    notes = []
    if _DIRECTION.search(words):
        notes.append(f"the {place} holds marks that turn the direction of reading")
    if _INSIDE_WORD.search(words):
        notes.append(f"the {place} holds invisible characters inside words")
    if _is_mixed(words):
        notes.append(f"the {place} has words that mix letters of several scripts")
    return notes


def _is_mixed(text: str) -> bool:
    """Whether a word has Latin letters beside Cyrillic, Greek, Armenian or Cherokee ones."""
    if not _FOREIGN.search(text):
        return False
    for word in _MIXED_WORD.findall(text):
        foreign = _FOREIGN.findall(word)
        # µ and Ω stand for units; a Greek or Cyrillic word with a Latin ending at a hyphen is two words.
        if foreign and _LATIN_LETTER.search(word) and not set(foreign) <= _UNITS:
            return True
    return False


_UNITS = {"µ", "μ", "Ω", "Δ", "π"}


def _skeleton(text: str) -> str:
    """What the eye sees: look-alike letters and pairs of letters as the one they are taken for."""
    folded = text.casefold().translate(_FOLD)
    return folded.replace("rn", "m").replace("vv", "w").replace("cl", "d").replace("i", "l").replace("-", "")
