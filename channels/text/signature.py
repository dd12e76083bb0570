# SPDX-License-Identifier: Apache-2.0
"""Signatures, closing phrases, "sent from my phone" and legal footers, found at the end of a text."""

from __future__ import annotations

import re

from channels.text import phrases

__all__ = ["strip_signature"]

_DASHES = re.compile(r"(?:--|__|—|–)\s*\Z")
_SENT_FROM = re.compile(rf"(?i)(?:{phrases.SENT_FROM})(?!\w)(?P<rest>.{{0,120}})\Z")
_CLOSING = re.compile(rf"(?i)(?:{phrases.CLOSINGS})(?!\w)(?P<rest>.{{0,60}})\Z")
_THANKS = re.compile(rf"(?i)(?:{phrases.THANKS})(?!\w)(?P<rest>.{{0,60}})\Z")
_INITIAL = re.compile(r"[-–—/~]\s?[A-ZÀ-Ž]\w+(?: [A-ZÀ-Ž]\w+){0,2}\Z")
_FOOTER = re.compile(rf"(?i)[*\s_]{{0,4}}(?:{phrases.FOOTER_STARTS})")
_CONFIDENTIAL = re.compile(rf"(?i){phrases.CONFIDENTIAL}")
_FOOTER_WORD = re.compile(rf"(?i){phrases.FOOTER_WORDS}")
_NUMBER = re.compile(r"\d{5}")  # of a parcel or an order; devices have shorter ones
_LIST_FOOTER = re.compile(r"(?i)mailing list|unsubscribe|abmelden|https?://\S*/listinfo/")
_RULE = re.compile(r"[_=*-]{10,}\s*\Z")
_POSTSCRIPT = re.compile(r"(?i)\bp\.?[\s-]{0,2}[sd]\b\.?|\?")  # in Spanish and Catalan PD
_VIRUS = re.compile(r"(?i)(?:virus[- ]?free|virenfrei|sans virus|libre de virus|privo di virus|virusvrij)\b")
_BULLETS = ("-", "*", "•", "–")
MOST_LINES = 10  # of a signature that a closing phrase opens
MOST_DASHED = 25  # of a signature that dashes open
LEAST_WORDS = 3  # left above a legal footer: a greeting alone is no message


def strip_signature(lines: list[str]) -> list[str]:
    """The lines without what is not said to the reader: signature, closing, phone note, legal footer.

    Never takes all: a text that is nothing but a closing stays.
    """
    kept = _trim(lines)
    for cut in (_footer_start, _list_footer_start, _dashed_start, _sent_from_start, _closing_start, _sent_from_start):
        start = cut(kept)
        least = LEAST_WORDS if cut is _footer_start else 1
        if start is not None and len(" ".join(kept[:start]).split()) >= least:
            kept = _trim(kept[:start])
    return kept


def _trim(lines: list[str]) -> list[str]:
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    return lines[:end]


def _footer_start(lines: list[str]) -> int | None:
    """The first line of the legal footers: paragraphs of the last part that begin and speak like one."""
    for at in range(max(1, len(lines) - 40), len(lines)):
        line = lines[at]
        if lines[at - 1].strip(" \t_-*=") or not _FOOTER.match(line):
            continue
        paragraph = " ".join(lines[at : at + 12])[:1_500]
        if len(paragraph) >= 80 and _speaks_of_itself(paragraph):
            return at - 1 if _RULE.match(lines[at - 1].strip()) else at
    return None


def _speaks_of_itself(paragraph: str) -> bool:
    """Whether a paragraph is about who may read the mail: by two words that differ, one of which only footers say."""
    sure = {word.lower() for word in _CONFIDENTIAL.findall(paragraph)}
    return len(sure) >= 2 or (len(sure) == 1 and _FOOTER_WORD.search(paragraph) is not None)


def _list_footer_start(lines: list[str]) -> int | None:
    for at in range(max(1, len(lines) - 8), len(lines)):
        line = lines[at].strip()
        if _RULE.match(line) and any(_LIST_FOOTER.search(rest[:200]) for rest in lines[at + 1 :]):
            return at
        if _VIRUS.match(line):
            return at
    return None


def _dashed_start(lines: list[str]) -> int | None:
    """The line of dashes (RFC 3676 section 4.3) above a signature."""
    for at in range(max(0, len(lines) - MOST_DASHED), len(lines)):
        line = lines[at]
        if line == "-- " or (_DASHES.match(line) and not _announces(lines, at)):
            rest = [r for r in lines[at + 1 :] if r.strip()]
            if line.startswith("--") or all(len(r) <= 100 for r in rest):
                return at
    return None


def _announces(lines: list[str], at: int) -> bool:
    """Whether what stands above a line says that something follows, or is itself one of a list."""
    above = next((line.strip() for line in reversed(lines[max(0, at - 3) : at]) if line.strip()), "")
    return above.endswith((":", "：")) or above[:1] in _BULLETS


def _sent_from_start(lines: list[str]) -> int | None:
    """A phone's or program's note about itself, alone on the last line or two."""
    seen = 0
    for at in range(len(lines) - 1, -1, -1):
        line = lines[at].strip().strip("*_<>[]()").strip()
        if not line:
            continue
        seen += 1
        match = _SENT_FROM.match(line)
        if match is not None and _is_device(match["rest"]):
            return at
        if seen >= 4:
            return None
    return None


def _is_device(rest: str) -> bool:
    """Whether what follows "sent from" names a thing: few words, no clause."""
    rest = re.sub(r"[<(\[]?https?://\S*", "", rest).strip(" .!")
    return "," not in rest and len(rest.split()) <= 8 and _NUMBER.search(rest) is None


def _closing_start(lines: list[str]) -> int | None:
    """The closing phrase above a name, with nothing below it that reads like a sentence."""
    found: int | None = None
    below = 0
    for at in range(len(lines) - 1, 0, -1):
        line = lines[at].strip()
        if not line:
            continue
        alone = not below and not lines[at - 1].strip()
        initial = alone and _INITIAL.match(line) is not None and not _announces(lines, at)
        if initial or _is_closing(line, named=below > 0):
            found = at
        elif len(line) > 90 or _POSTSCRIPT.search(line) or _is_sentence(line):
            break
        below += 1
        if below > MOST_LINES:
            break
    return found


def _is_sentence(line: str) -> bool:
    """Whether a line says something: it ends like a sentence, or most of its words begin small, as names do not."""
    words = line.split()
    if line[-1] in ".!":
        return len(words) > 6
    return len(words) > 4 and 3 * sum(word[0].islower() for word in words) > 2 * len(words)


def _is_closing(line: str, *, named: bool) -> bool:
    """Whether a line is a closing phrase; ``named`` if something stands below it."""
    match = (_CLOSING.match(line) or (_THANKS.match(line) if named else None)) if len(line) <= 90 else None
    return match is not None and _is_name(match["rest"])


def _is_name(rest: str) -> bool:
    """Whether what follows a closing phrase on its line can be a name: nothing, or a few words without a clause."""
    rest = rest.strip(" ,.!-–—;:)/")
    return not rest or (len(rest.split()) <= 3 and rest[0].isupper() and not any(c.isdigit() for c in rest))
