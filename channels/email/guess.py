# SPDX-License-Identifier: Apache-2.0
"""Which codec unlabelled bytes are in: the one under which they read like words. Deterministic; looks at a sample."""

from __future__ import annotations

import re

__all__ = ["guess_codec", "is_clearly_other"]

# The letters beyond ASCII of the product's languages and their neighbours. A text is in one of them.
_LATIN = tuple(map(frozenset, (
    "éèêëàâçîïôùûœæÿ", "äöüßé", "áéíóúñü¡¿ªº", "áâãàçéêíóôõúüªº", "àèéìíòóùúî", "ëéïöüèáóê", "åäöéæøü", "äöüõšž",
    "čćđšž", "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áéíóöőúüű", "ăâîșțşţ", "çğıöşü", "āčēģīķļņšūž", "ąčęėįšųūž",
)))  # fmt: skip
_LETTERS = frozenset().union(*_LATIN)
_CYRILLIC = frozenset("абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґ")
_GREEK = frozenset("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώ")
_MARKS = frozenset("“”„‘’‚«»–—…€\u00a0•·°§´£½²±")
_COMMON_HANZI = frozenset(
    "的一是不了在人有我他这这個个上们們来來到时時大地为為子中你说說生国國年着就那和要她出也得里裡后後自以会會家可下而过過天"
    "去能对對小多然于於心学學么麼之都好看起发發当當没沒成只如事把还還用第样樣道想作种種开開请請您谢謝退款"
)
# How much better than windows-1252 words must read in others: the rarer, the more.
_SINGLE = {"cp1250": 0.1, "iso8859-2": 0.1, "cp1251": 0.2, "koi8-r": 0.2, "cp1253": 0.2, "cp1257": 0.2,
           "iso8859-5": 0.3, "cp850": 0.6, "mac-roman": 0.6}  # fmt: skip
_DOUBLE = ("euc_jp", "cp932", "gb18030", "cp949", "cp950")
_WORDS = re.compile(rb"[A-Za-z]{0,20}[\x80-\xff][A-Za-z\x80-\xff]{0,40}")
_SAMPLE = 200  # words
_ALONE = 0.1  # what a letter counts that stands alone and is no word
_FEWEST = 4  # words that can prove a label wrong
_FEWEST_WIDE = 8  # bytes that can prove a codec of two bytes a character
_DOUBTFUL, _SURE = 0.6, 0.85  # what they score under the label then, and under another
_ENOUGH = 0.55  # of what a perfect guess would score
_ESCAPES = (b"\x1b$B", b"\x1b$@", b"\x1b$(D")


def guess_codec(octets: bytes) -> str:
    """The codec of 8-bit bytes without a label that can be believed; "" where none stands out."""
    if any(escape in octets for escape in _ESCAPES):
        return "iso2022_jp_2"
    zeros = octets[:400].count(0)
    if zeros * 4 > len(octets[:400]):
        return "utf-16-le" if octets[1:400:2].count(0) * 2 > zeros else "utf-16-be"
    words = _WORDS.findall(octets)[:_SAMPLE]
    if not words:
        return ""
    name, score = "cp1252", _score(words, "cp1252")
    for codec, lead in _SINGLE.items():
        if (other := _score(words, codec)) > score + (lead if name == "cp1252" else 0.01):
            name, score = codec, other
    if sum(byte >= 0x80 for byte in octets) < _FEWEST_WIDE:
        return name if score >= _ENOUGH else ""
    wide, wide_score = max(((codec, _wide_score(octets, codec)) for codec in _DOUBLE), key=lambda found: found[1])
    if wide_score > max(score, _ENOUGH):
        return wide
    return name if score >= _ENOUGH else ""


def is_clearly_other(octets: bytes) -> str:
    """The codec of bytes that are labelled as Western and make no words there, but do elsewhere; "" for most."""
    words = _WORDS.findall(octets)[:_SAMPLE]
    if len(words) < _FEWEST or _score(words, "cp1252") > _DOUBTFUL:
        return ""
    codec = guess_codec(octets)
    if codec in ("", "cp1252") or (codec in _SINGLE and _score(words, codec) < _SURE):
        return ""
    return codec


def _score(words: list[bytes], codec: str) -> float:
    """How much words read like words: from below 0 to 1 for each character beyond ASCII, on average."""
    points = 0.0
    found: dict[str, int] = {}  # letters of Latin alphabets, which score by the alphabet that has most of them
    count = 0
    for word in words:
        text = word.decode(codec, "replace")
        for place, char in enumerate(text):
            if char <= "\x7f":
                continue
            count += 1
            around = text[max(0, place - 2) : place + 2]
            worth = _points(char, around, min(place, 2))
            if worth > _ALONE and (lower := char.lower()) in _LETTERS:
                found[lower] = found.get(lower, 0) + 1
            else:
                points += worth
    best = max(sum(number for char, number in found.items() if char in alphabet) for alphabet in _LATIN)
    points += best + (sum(found.values()) - best) * 0.2
    return points / count if count else 0.0


def _points(char: str, around: str, place: int) -> float:
    """What one character says for a codec; ``around`` holds the two before it and the one after."""
    lower = char.lower()
    before, after = around[place - 1 : place], around[place + 1 : place + 2]
    latin = lower in _LETTERS
    if not latin and lower not in _CYRILLIC and lower not in _GREEK:
        inside = before.isalpha() and after.isalpha() and char not in "’´"
        return (-0.5 if inside else 0.6) if char in _MARKS else -1.0
    neighbour = before if before.isalpha() else after if after.isalpha() else ""
    capital_inside = char != lower and before.islower()
    two_scripts = neighbour and (neighbour <= "\x7f" or neighbour.lower() in _LETTERS) != latin
    # Three in a row are in no Latin alphabet.
    if capital_inside or two_scripts or (latin and place == 2 and all(c > "\x7f" and c.isalpha() for c in around[:2])):
        return -1.0
    if not neighbour and char not in "àèéóÀÈÉÓôåÅöÖ":
        return _ALONE
    return 1.0 if char == lower else 0.8


def _wide_score(octets: bytes, codec: str) -> float:
    """The share of characters beyond ASCII that are common where the codec is used."""
    try:
        text = octets[:4_000].decode(codec, "ignore" if len(octets) > 4_000 else "strict")
    except UnicodeDecodeError:
        return 0.0
    wide = [char for char in text if char > "\x7f"]
    if not wide:
        return 0.0
    return sum(_wide_points(char, codec) for char in wide) / len(wide)


def _wide_points(char: str, codec: str) -> float:
    if "\u3040" <= char <= "\u30ff":
        return 1.6 if codec in ("euc_jp", "cp932") else -0.5
    if "\uac00" <= char <= "\ud7a3":
        return 1.0 if codec == "cp949" else -1.0
    if char in _COMMON_HANZI:
        return 1.6
    if "\u4e00" <= char <= "\u9fff":
        return 0.4 if codec != "cp949" else -0.2
    return 0.6 if "\u3000" <= char <= "\u303f" or "\uff00" <= char <= "\uff60" else -1.0
