# SPDX-License-Identifier: Apache-2.0
"""The new words of a message: without quoted history, signature and legal footer.

Works line by line with bounded look-around, so its cost is linear in the text whatever stands in it.
"""

from __future__ import annotations

import re

from channels.text import phrases
from channels.text.history import (
    attribution_start,
    header_fields,
    header_lines,
    is_forward_mark,
    is_header_block,
    is_original_mark,
    is_quoted,
)
from channels.text.signature import strip_signature

__all__ = ["reply_text"]

MAX_CHARS = 64 * 1024  # a longer text is no answer to anything and is kept as it is
MAX_LINE = 500  # characters of a line that patterns are tried on

_ABOVE = re.compile(rf"(?i)\b(?:{phrases.ABOVE_THIS_LINE})")
_MAYBE = re.compile(r"[>:：]|--|__|==|##|\*\*")
_UNQUOTE = re.compile(r"^\s?(?:>|&gt;) ?")
_SENDER_LINE = re.compile(r"<?[^\s<>@]{1,64}@[^\s<>@]{1,200}>?.{0,60}\Z")
_ADDRESS = re.compile(r"[^\s<>@]@[^\s<>@]")
# Mail programs name an address or the time of day when they say who wrote.
_BY_PROGRAM = re.compile(r"[^\s<>@]@[^\s<>@]|(?<![\d.])\d{1,2}[:.h]\d\d(?![\d.])")
_DATED = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}:\d{2}")


def reply_text(text: str, *, forwarded: bool = False, answers: bool = True) -> str:
    """The new words of a text.

    Args:
        text: Plain text with ``\\n`` line ends.
        forwarded: The message hands on another one, whose words then count as well.
        answers: It may answer another one. Where it does not, half a header is a form that was filled in, and
            "on 5 June your agent wrote:" tells a story.

    Returns:
        The new words; "" where all is history. Of a message that is handed on, the header lines are taken off.
    """
    if len(text) > MAX_CHARS:
        return text
    lines = text.split("\n")
    if _MAYBE.search(text):
        lines = _Scan(lines, forwarded=forwarded, answers=answers or forwarded).run()
    return "\n".join(strip_signature(lines)).strip()


class _Scan:
    """One pass over the lines, from the top, that keeps those which are no history."""

    def __init__(self, lines: list[str], *, forwarded: bool, answers: bool = True) -> None:
        self.lines, self.forwarded, self.answers = lines, forwarded, answers
        self.heads = [line[:MAX_LINE].strip() for line in lines]
        self.kept: list[int] = []
        self.said = False  # whether a kept line says something

    def run(self) -> list[str]:
        """The lines that are new; those of a message that is handed on come last."""
        heads = self.heads
        at = 0
        while at < len(heads):
            head = heads[at]
            if not head:
                self.kept.append(at)
            elif is_quoted(head):
                self._drop_attribution()
                at = self._after_quote(at)
                continue
            elif head[-1] in ":：" and (start := self._attribution(at)) is not None:
                self._drop_from(start)
                if self.said and not self._is_quote_next(at):
                    break
            elif len(head) < 200 and _ABOVE.search(head):
                if self.said:
                    break
            elif skip := self._divider(at):
                if self.said and not self.forwarded:
                    break
                return [*self._result(), *_handed_on(self.lines[at + skip :])]
            else:
                self.kept.append(at)
                self.said = True
            at += 1
        return self._result()

    def _divider(self, at: int) -> int:
        """How many lines a divider or quoted header takes here; 0 if there is none."""
        head = self.heads[at]
        if is_forward_mark(head) or is_original_mark(head):
            return 1
        if not is_header_block(self.heads, at):
            return 0
        fields = header_fields(self.heads, at).keys()
        whole = {"sender", "to", "subject"} <= fields and not fields.isdisjoint(("sent", "date"))
        return header_lines(self.heads, at) if self.answers or whole else 0

    def _attribution(self, at: int) -> int | None:
        """Where an attribution begins that ends in a line, if what follows is history beyond doubt."""
        start = attribution_start(self.heads, at)
        if start is None or self._is_quote_next(at):
            return start
        by_program = _BY_PROGRAM if self.answers else _ADDRESS
        return start if by_program.search(" ".join(self.heads[start : at + 1])) else None

    def _result(self) -> list[str]:
        """The kept lines without the rule that mail programs draw above history."""
        while self.kept and not self.heads[self.kept[-1]].strip("_-–—=*# "):
            self.kept.pop()
        return [self.lines[n] for n in self.kept]

    def _drop_from(self, start: int) -> None:
        while self.kept and self.kept[-1] >= start:
            self.kept.pop()
        self.said = any(self.heads[n] for n in self.kept)

    def _is_quote_next(self, at: int) -> bool:
        """Whether the next line that is not empty, of a few, is quoted."""
        return next((is_quoted(head) for head in self.heads[at + 1 : at + 4] if head), False)

    def _after_quote(self, at: int) -> int:
        """The first line after a quoted block; a piece that the sender's program broke off a quoted line is in it."""
        heads = self.heads
        while at < len(heads):
            if is_quoted(heads[at]):
                at += 1
            elif self._is_broken_off(at):
                at += 2
            else:
                break
        return at

    def _is_broken_off(self, at: int) -> bool:
        heads = self.heads
        if not heads[at] or at + 1 >= len(heads) or not is_quoted(heads[at + 1]) or len(heads[at - 1]) < 60:
            return False
        return len(heads[at]) <= 30 or (heads[at][0].islower() and heads[at - 1][-1] not in ".!?:")

    def _drop_attribution(self) -> None:
        """Take off the line above a quoted block that says who wrote it, whether it has a known verb or none."""
        kept, heads = self.kept, self.heads
        place = len(kept)
        while place and not heads[kept[place - 1]] and len(kept) - place < 2:
            place -= 1
        if not place:
            return
        head = heads[kept[place - 1]]
        start = attribution_start(heads, kept[place - 1])
        if start is not None:
            self._drop_from(start)
        elif len(head) <= 200 and (
            (head[-1:] in (":", ">", ")") and _SENDER_LINE.search(head)) or (head[-1:] == ":" and _DATED.search(head))
        ):
            self._drop_from(kept[place - 1])


def _handed_on(lines: list[str]) -> list[str]:
    """The words of a message that is handed on: unquoted, its header lines and its own history taken off."""
    filled = [line for line in lines if line.strip()]
    if filled and 2 * sum(is_quoted(line.lstrip()[:5]) for line in filled) > len(filled):
        lines = [_UNQUOTE.sub("", line) for line in lines]
    at = next((n for n, line in enumerate(lines) if line.strip()), len(lines))
    heads = [line[:MAX_LINE].strip() for line in lines[: at + 20]]
    if at < len(heads) and is_header_block(heads, at):
        at += header_lines(heads, at)
    # Further dividers in it are its history: they end it, however it came here.
    return ["", *_Scan(lines[at:], forwarded=False).run()]
