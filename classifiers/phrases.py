# SPDX-License-Identifier: Apache-2.0
"""Finding rows of words in a whole batch at once, however many phrases there are.

Words and beginnings of words are compared by 64-bit hashes, which differences of one running sum give for any stretch
of the text. Every word, alone and with the next, asks one table for all phrases of its text's language that begin so;
few do, and only those are followed further. So ten times as many phrases cost little more time.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from classifiers.normalize import Block, IntArray, fold_codes
from classifiers.running import RunningHash, edges_of
from router.errors import ModelError

__all__ = ["Match", "PhraseIndex", "sorted_unique", "spread"]

_MAX_GAP = 5  # words that "..." may stand for
_PREFIX = np.uint64(0x632BE59BD9B4E019)  # sets "word*" apart from "word"
_SALT = 0x9E3779B97F4A7C15  # sets languages apart
_FILTER_BITS = 20
_TOP = np.uint64(64 - _FILTER_BITS)
_MOST = 1 << 20  # phrases, so that a place and a phrase fit into one number
_AT_ONCE = 30_000  # code points
_ENDS = ";"  # a phrase
_ALONE, _PAIRED = 1, 2  # a phrase that is looked up by its first word, and one that is by its first two

_U64: TypeAlias = npt.NDArray[np.uint64]
_Flags: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Match:
    """Phrases that were found, in the order of the texts: whose text, which group, and from where to where in it."""

    row: IntArray
    group: IntArray
    start: IntArray  # in code points of the text; half-open
    end: IntArray


@dataclass(frozen=True)
class _Words:
    """The words of a block."""

    hashed: RunningHash
    starts: IntArray
    ends: IntArray
    whole: _U64  # the hash of each
    row: IntArray
    stop: IntArray  # for each text the number of the word after its last

    @classmethod
    def of(cls, block: Block) -> _Words:
        inside = block.bare_word
        edges = edges_of(inside)
        starts, ends = edges[::2], edges[1::2]
        row = block.bare_row[starts]
        stop = row.searchsorted(np.arange(block.size), side="right")
        return cls(block.bare_hash, starts, ends, block.bare_hash.of(starts, ends), row, stop)


def spread(starts: IntArray | int, counts: IntArray) -> tuple[IntArray, IntArray]:
    """All numbers of ranges, and which range each is of."""
    which = np.arange(len(counts)).repeat(counts)
    return np.arange(len(which)) - (counts.cumsum() - counts - starts)[which], which


def _cut(lists: Sequence[str]) -> Iterator[range]:
    """Which lists are read at once: arrays over all of them would be new memory, which is slow to get."""
    first, chars = 0, 0
    for i, phrases in enumerate(lists):
        if i > first and chars + len(phrases) > _AT_ONCE:
            yield range(first, i)
            first, chars = i, 0
        chars += len(phrases)
    yield range(first, len(lists))


def _read(lists: Sequence[str], some: range) -> tuple[_U64, IntArray, _Flags, _Flags, IntArray]:
    """Of all words of some lists, one after the other: the hash, the length if any ending will do or else 0, whether
    others may stand before it, whether a phrase begins with it, and the number of its list."""
    composed = [unicodedata.normalize("NFC", lists[i]) for i in some]
    codes, is_word = fold_codes(_ENDS.join(composed) + _ENDS)
    edges = edges_of(is_word)
    starts, ends = edges[::2], edges[1::2]
    phrase = (codes == ord(_ENDS)).cumsum()[starts]
    begins = _changes(phrase)
    dots = np.concatenate(([0], (codes == ord(".")).cumsum()))
    gaps = ~begins
    gaps[1:] &= dots[starts[1:]] - dots[ends[:-1]] >= 3
    lengths = np.where(codes[ends] == ord("*"), ends - starts, 0)
    which = np.arange(some.start, some.stop).repeat([text.count(_ENDS) + 1 for text in composed])
    return RunningHash(codes).of(starts, ends), lengths, gaps, begins, which[phrase]


class PhraseIndex:
    """Phrases of all groups and languages in one table."""

    def __init__(self, lists: Sequence[str], languages: Sequence[str], groups: Sequence[int]) -> None:
        """Take lists of phrases, ``first; second``, and for each its language and its group; a phrase without a word
        never matches.

        Raises:
            ModelError: There are more than a million phrases.
        """
        parts = zip(*(_read(lists, some) for some in _cut(lists)), strict=True)
        hashes, lengths, gaps, begins, which = map(np.concatenate, parts)
        heads = begins.nonzero()[0]
        if len(heads) > _MOST:
            raise ModelError(f"{len(heads)} phrases of signals are more than {_MOST}, the most that can be told apart")
        stops = np.append(heads[1:], len(hashes))
        names = sorted(set(languages))
        self._place = {language: i for i, language in enumerate(names)}
        self._salts = np.array([(i + 1) * _SALT % (1 << 64) for i in range(len(names))], np.uint64)
        which = which[heads]
        of = np.array([self._place[language] for language in languages], np.int64)[which]
        firsts = hashes[heads] ^ np.where(lengths[heads] > 0, _PREFIX, np.uint64(0))
        # Hundreds of phrases begin with "not" and "the": where the second word is fixed too, both make the key.
        second = np.minimum(heads + 1, len(hashes) - 1)
        open_ = gaps[second] | (lengths[second] > 0) | (heads + 1 == stops)
        self._starts = np.zeros(1 << _FILTER_BITS, np.uint8)  # what may begin with a word whose hash begins so
        self._starts[_top(firsts[open_])] |= _ALONE
        self._starts[_top(firsts[~open_])] |= _PAIRED
        keys = firsts ^ self._salts[of]
        keys = np.where(open_, keys, _joined(keys, hashes[second]))
        order = keys.argsort(kind="stable")
        self._group = np.array(groups, np.int64)[which][order]
        self._next, self._stop = (heads + np.where(open_, 1, 2))[order], stops[order]
        keys = keys[order]
        self._begin = _changes(keys).nonzero()[0]
        self._keys, self._count = keys[self._begin], np.diff(np.append(self._begin, len(order)))
        self._told = (self._next - heads[order])[self._begin]
        self._hashes, self._lengths, self._gap = hashes, lengths, gaps
        self._prefixes = sorted_unique(lengths[heads][lengths[heads] > 0])
        bucket = _top(self._keys)
        self._bucket = np.zeros(1 << _FILTER_BITS, np.int64)  # where the keys with these upper bits begin
        self._bucket[bucket[::-1]] = np.arange(len(bucket))[::-1]
        self._filter = np.zeros(1 << _FILTER_BITS, bool)
        self._filter[bucket] = True
        self._fullest = int(np.bincount(bucket).max(initial=0))

    def find(self, block: Block, languages: Sequence[Sequence[str]]) -> Match:
        """Find phrases; at most one match a group and place.

        Args:
            languages: For each text of the block those whose phrases are looked for.
        """
        words = _Words.of(block)
        found = list(self._follow(words, *self._begins(words, languages)))
        begun, after, phrases = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return self._match(block, words, begun, after, phrases)

    def _begins(
        self, words: _Words, languages: Sequence[Sequence[str]]
    ) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        """Words with which a phrase of the text's language begins, those phrases, and of the words and of the phrases
        what comes after the one or two that are told so."""
        turns = max(map(len, languages), default=0)
        if not turns or not len(self._keys):
            return (np.zeros(0, np.int64),) * 4
        length, word = spread(0, self._prefixes.searchsorted(words.ends - words.starts, side="right"))
        begins = words.starts[word]
        firsts = words.hashed.of(begins, begins + self._prefixes[length]) ^ _PREFIX
        firsts, word = np.concatenate((words.whole, firsts)), np.concatenate((np.arange(len(words.whole)), word))
        starts = self._starts[_top(firsts)]
        live = starts.nonzero()[0]  # with most words no phrase of any language begins
        firsts, word, starts = firsts[live], word[live], starts[live]
        asked, salts = [], []
        for turn in range(turns):
            codes = [self._place.get(some[turn], -1) if turn < len(some) else -1 for some in languages]
            code = np.array(codes, np.int64)[words.row[word]]
            chosen = (code >= 0).nonzero()[0]
            asked.append(chosen)
            salts.append(self._salts[code[chosen]])
        of = np.concatenate(asked)
        keys, word, starts = firsts[of] ^ np.concatenate(salts), word[of], starts[of]
        alone = (starts & _ALONE).nonzero()[0]
        paired = ((starts >= _PAIRED) & (word + 1 < words.stop[words.row[word]])).nonzero()[0]
        keys = np.concatenate((keys[alone], _joined(keys[paired], words.whole[word[paired] + 1])))
        word = np.concatenate((word[alone], word[paired]))
        likely = self._filter[_top(keys)].nonzero()[0]
        at, known = self._places(keys[likely])
        word = word[likely[known]]
        phrase, which = spread(self._begin[at], self._count[at])
        word, at = word[which], at[which]
        return word, phrase, word + self._told[at], self._next[phrase]

    def _places(self, keys: _U64) -> tuple[IntArray, IntArray]:
        """Where keys stand in the table, and which of those asked for do. Several times as fast as a binary search:
        the table is sorted, and few keys share their upper bits."""
        at = self._bucket[_top(keys)]
        for _ in range(self._fullest - 1):
            at = at + (self._keys[at] < keys)
            np.minimum(at, len(self._keys) - 1, out=at)
        known = (self._keys[at] == keys).nonzero()[0]
        return at[known], known

    def _follow(
        self, words: _Words, first: IntArray, phrase: IntArray, at: IntArray, wanted: IntArray
    ) -> Iterator[tuple[IntArray, IntArray, IntArray]]:
        """Phrases whose further words follow: first word, the word after the last, phrase.

        Args:
            at: The words that are looked at next.
            wanted: The words of phrases that should stand there.
        """
        while True:
            done = wanted == self._stop[phrase]
            yield first[done], at[done], phrase[done]
            left = (~done).nonzero()[0]
            if not len(left):
                return
            first, phrase, wanted, at = first[left], phrase[left], wanted[left], at[left]
            wide = self._gap[wanted]
            if wide.any():
                skip, which = spread(0, np.where(wide, _MAX_GAP + 1, 1))
                first, phrase, wanted, at = first[which], phrase[which], wanted[which], at[which] + skip
            asked = np.minimum(at, len(words.starts) - 1)  # a word after the last one fits nothing
            starts, ends, length = words.starts[asked], words.ends[asked], self._lengths[wanted]
            cut = np.where(length > 0, np.minimum(starts + length, ends), ends)
            fits = words.hashed.of(starts, cut) == self._hashes[wanted]
            fits &= (starts + length <= ends) & (at < words.stop[words.row[first]])
            held = fits.nonzero()[0]
            first, phrase, wanted, at = first[held], phrase[held], wanted[held] + 1, at[held] + 1

    def _match(self, block: Block, words: _Words, first: IntArray, after: IntArray, phrase: IntArray) -> Match:
        """The shortest match of each phrase at each place, once a group."""
        spans = np.sort((first << 32) | (phrase << 12) | (after - first))
        spans = spans[_changes(spans >> 12)]
        packed = sorted_unique(((spans >> 32) << 32) | ((spans & 0xFFF) << 20) | self._group[(spans >> 12) & 0xFFFFF])
        first, span, group = packed >> 32, (packed >> 20) & 0xFFF, packed & 0xFFFFF
        begin, last = words.starts[first], words.ends[first + span - 1] - 1
        return Match(words.row[first], group, block.bare_offset[begin], block.bare_offset[last] + 1)


def _top(keys: _U64) -> IntArray:
    """The upper bits of keys, as numbers that arrays are looked into with."""
    return (keys >> _TOP).view(np.int64)


def _joined(first: _U64, second: _U64) -> _U64:
    """The key of two words from those of each."""
    return first * np.uint64(_SALT) + second


def sorted_unique(values: IntArray) -> IntArray:
    """What ``np.unique`` gives; several times as fast for the few thousand values of a batch."""
    values = np.sort(values)
    return values[_changes(values)]


def _changes(values: npt.NDArray[np.generic]) -> _Flags:
    """Where a sorted array holds another value than before."""
    new = np.ones(len(values), bool)
    new[1:] = values[1:] != values[:-1]
    return new
