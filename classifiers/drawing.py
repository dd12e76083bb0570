# SPDX-License-Identifier: Apache-2.0
"""Simple pictures as SVG and as PNG from one list of shapes, without a drawing library.

Enough for bars, curves and tables: filled boxes, lines, dots and text. In a PNG text is drawn with strokes of our own,
plain ASCII; letters with accents lose them there and keep them in the SVG.
"""

from __future__ import annotations

import struct
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np
import numpy.typing as npt

from classifiers.strokes import GLYPHS

__all__ = ["Box", "Line", "Picture", "Shape", "Words"]

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
_SCALE = 2  # pixels of a PNG for one unit
_EDGE = 0.7  # of a pixel, over which lines fade out
_GLYPH_HEIGHT = 9.0  # of the grid of ``strokes.py``, for a capital and what hangs below
_ADVANCE = 6.0


@dataclass(frozen=True)
class Box:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    title: str = ""  # shown when pointed at


@dataclass(frozen=True)
class Line:
    """Straight pieces from point to point."""

    points: tuple[tuple[float, float], ...]
    colour: str
    width: float = 1.5
    dashed: bool = False


@dataclass(frozen=True)
class Words:
    """One line of text; ``y`` is where it stands. ``anchor``: which end of it is at ``x``."""

    x: float
    y: float
    text: str
    size: float = 11.0
    colour: str = "#333333"
    anchor: str = "start"
    upright: bool = False  # reads upwards


Shape = Box | Line | Words


@dataclass(frozen=True)
class Picture:
    """Shapes, drawn in order on white; sizes in units that are pixels of an SVG."""

    title: str
    width: int
    height: int
    shapes: Sequence[Shape] = field(default_factory=tuple)

    def to_svg(self) -> str:
        """Self-contained SVG without scripts; all text is escaped."""
        inner = "".join(map(_svg, self.shapes))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}" font-family="{_FONT}">'
            f'<title>{_safe(self.title)}</title><rect width="100%" height="100%" fill="#ffffff"/>{inner}</svg>'
        )

    def to_png(self) -> bytes:
        """The same as a PNG of twice the size."""
        canvas = np.full((self.height * _SCALE, self.width * _SCALE, 3), 255.0, np.float32)
        for shape in self.shapes:
            if isinstance(shape, Box):
                _fill(canvas, shape)
            elif isinstance(shape, Line):
                _stroke(canvas, np.array(shape.points) * _SCALE, shape.colour, shape.width * _SCALE, shape.dashed)
            else:
                _write(canvas, shape)
        return _png(np.clip(np.rint(canvas), 0, 255).astype(np.uint8))


def _safe(text: str) -> str:
    """Escaped, and without what XML forbids."""
    return escape("".join(char for char in text if char.isprintable() or char == " "))


def _svg(shape: Shape) -> str:
    if isinstance(shape, Box):
        title = f"<title>{_safe(shape.title)}</title>" if shape.title else ""
        place = f'x="{shape.x:.1f}" y="{shape.y:.1f}" width="{shape.width:.1f}" height="{shape.height:.1f}"'
        return f'<rect {place} fill="{shape.colour}">{title}</rect>'
    if isinstance(shape, Line):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
        dashes = ' stroke-dasharray="4 4"' if shape.dashed else ""
        look = f'fill="none" stroke="{shape.colour}" stroke-width="{shape.width}" stroke-linejoin="round"{dashes}'
        return f'<polyline points="{points}" {look}/>'
    turn = f' transform="rotate(-90 {shape.x:.1f} {shape.y:.1f})"' if shape.upright else ""
    place = f'x="{shape.x:.1f}" y="{shape.y:.1f}" font-size="{shape.size}"'
    return f'<text {place} fill="{shape.colour}" text-anchor="{shape.anchor}"{turn}>{_safe(shape.text)}</text>'


# --- pixels ----------------------------------------------------------------------------------------------------------

_Canvas = npt.NDArray[np.float32]


def _rgb(colour: str) -> npt.NDArray[np.float32]:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], np.float32)


def _fill(canvas: _Canvas, box: Box) -> None:
    left, top = max(0, round(box.x * _SCALE)), max(0, round(box.y * _SCALE))
    right, bottom = round((box.x + box.width) * _SCALE), round((box.y + box.height) * _SCALE)
    canvas[top : max(top, bottom), left : max(left, right)] = _rgb(box.colour)


def _stroke(canvas: _Canvas, points: npt.NDArray[np.float64], colour: str, width: float, dashed: bool) -> None:
    """A line through points given in pixels; its edge fades by the distance from it."""
    ink, reach = _rgb(colour), width / 2 + _EDGE
    for (x0, y0), (x1, y1) in zip(points[:-1].tolist(), points[1:].tolist(), strict=True):
        left, right = int(max(0, min(x0, x1) - reach)), int(min(canvas.shape[1], max(x0, x1) + reach + 2))
        top, bottom = int(max(0, min(y0, y1) - reach)), int(min(canvas.shape[0], max(y0, y1) + reach + 2))
        if left >= right or top >= bottom:
            continue
        y, x = np.mgrid[top:bottom, left:right]
        length = max((x1 - x0) ** 2 + (y1 - y0) ** 2, 1e-9)
        along = np.clip(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length, 0, 1)
        away = np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0))
        cover = np.clip((reach - away) / (2 * _EDGE), 0, 1)
        if dashed:
            cover *= (along * np.sqrt(length)) % (8 * _SCALE) < 4 * _SCALE
        part = canvas[top:bottom, left:right]
        part += (cover[..., None] * (ink - part)).astype(np.float32)


def _plain(text: str) -> str:
    """What the strokes can draw."""
    folded = unicodedata.normalize("NFKD", text)
    return "".join(char if char in GLYPHS else "?" for char in folded if not unicodedata.combining(char))


def _write(canvas: _Canvas, words: Words) -> None:
    text, unit = _plain(words.text), words.size / _GLYPH_HEIGHT
    start = {"start": 0.0, "middle": 0.5, "end": 1.0}[words.anchor] * len(text) * _ADVANCE * unit
    for place, char in enumerate(text):
        for stroke in GLYPHS[char]:
            across = [place * _ADVANCE * unit + x * unit - start for x, _ in stroke]
            up = [(6 - y) * unit for _, y in stroke]  # line 6 of the grid is where letters stand
            if words.upright:
                points = [(words.x - u, words.y - a) for a, u in zip(across, up, strict=True)]
            else:
                points = [(words.x + a, words.y - u) for a, u in zip(across, up, strict=True)]
            if len(points) == 1:
                points *= 2
            _stroke(canvas, np.array(points) * _SCALE, words.colour, max(1.2, words.size / 9) * _SCALE * 0.8, False)


def _png(pixels: npt.NDArray[np.uint8]) -> bytes:
    height, width = pixels.shape[:2]
    rows = np.concatenate((np.zeros((height, 1), np.uint8), pixels.reshape(height, width * 3)), axis=1)

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits a channel, red green blue
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
