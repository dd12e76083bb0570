# SPDX-License-Identifier: Apache-2.0
"""The pictures of a report: confusion matrix, reliability, precision and recall of critical, bars, learning curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from classifiers.drawing import Box, Line, Picture, Shape, Words

__all__ = ["bars", "confusion_matrix", "critical_curve", "learning_chart", "reliability"]

_INK, _GREY, _GRID = "#1f2933", "#6b7280", "#e5e7eb"
_BLUE, _ORANGE = "#1f5fa8", "#b45309"
_MOST_LABELS = 20  # of a confusion matrix; more are the ones most often confused
_LABEL_CHARS = 18
_DARK = 0.5  # share from which a cell needs light text


def _short(text: str) -> str:
    return text if len(text) <= _LABEL_CHARS else f"{text[: _LABEL_CHARS - 1]}…"


def _shade(share: float) -> str:
    """White to blue."""
    low, high = (255, 255, 255), (31, 95, 168)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(low, high, strict=True))


def _most_confused(table: Mapping[str, Mapping[str, int]]) -> list[str]:
    """The labels shown: all, or those with most mistakes, said wrongly or not said."""
    names = list(dict.fromkeys([*table, *(guess for row in table.values() for guess in row)]))
    if len(names) <= _MOST_LABELS:
        return names
    wrong = dict.fromkeys(names, 0)
    for true, row in table.items():
        for guess, count in row.items():
            if true != guess:
                wrong[true] += count
                wrong[guess] += count
    worst = set(sorted(names, key=lambda name: -wrong[name])[:_MOST_LABELS])
    return [name for name in names if name in worst]


def confusion_matrix(title: str, table: Mapping[str, Mapping[str, int]]) -> Picture:
    """Rows: the true label; columns: what was said. Shades are shares of the row."""
    names, cell, left = _most_confused(table), 34, 150
    top = 44 + 7 * max((len(_short(name)) for name in names), default=0)
    shapes: list[Shape] = [Words(left, 18, "said", 11, _GREY), Words(8, top - 6, "true", 11, _GREY)]
    for i, name in enumerate(names):
        shapes.append(Words(left + cell * i + 21, top - 8, _short(name), 11, _INK, upright=True))
        shapes.append(Words(left - 8, top + cell * i + 21, _short(name), 11, _INK, "end"))
        row = table.get(name, {})
        total = max(1, sum(row.values()))
        for j, guess in enumerate(names):
            count = row.get(guess, 0)
            share = count / total
            x, y = left + cell * j, top + cell * i
            tip = f"{name} said to be {guess}: {count} of {total}"
            shapes.append(Box(x, y, cell - 1, cell - 1, _shade(share) if count else "#f7f8fa", tip))
            if count:
                size = 10.0 if count < 1000 else 8.0  # four digits need less room each
                ink = "#ffffff" if share > _DARK else _INK
                shapes.append(Words(x + cell / 2, y + 21, str(count), size, ink, "middle"))
    side = cell * len(names)
    return Picture(title, left + side + 20, top + side + 12, shapes)


class _Axes:
    """A square of 0 to 1 by 0 to 1 with a grid."""

    def __init__(self, across: str, up: str, *, ticks: Sequence[tuple[float, str]] = ()) -> None:
        self.left, self.top, self.width, self.height = 56, 16, 340, 260
        self.shapes: list[Shape] = []
        for i in range(6):
            share = i / 5
            y = self.top + self.height * (1 - share)
            self.shapes.append(Line(((self.left, y), (self.left + self.width, y)), _GRID, 1))
            self.shapes.append(Words(self.left - 6, y + 4, f"{share:.1f}", 10, _GREY, "end"))
        for share, text in ticks or [(i / 5, f"{i / 5:.1f}") for i in range(6)]:
            x = self.left + self.width * share
            self.shapes.append(Words(x, self.top + self.height + 16, text, 10, _GREY, "middle"))
        self.shapes.append(Words(self.left + self.width / 2, self.top + self.height + 34, across, 11, _INK, "middle"))
        self.shapes.append(Words(16, self.top + self.height / 2, up, 11, _INK, "middle", upright=True))

    def line(
        self, points: Sequence[tuple[float, float]], colour: str, *, width: float = 2, dashed: bool = False
    ) -> None:
        placed = tuple((self.left + self.width * x, self.top + self.height * (1 - y)) for x, y in points)
        if len(placed) > 1:
            self.shapes.append(Line(placed, colour, width, dashed))

    def dot(self, x: float, y: float, colour: str, title: str) -> None:
        at_x, at_y = self.left + self.width * x, self.top + self.height * (1 - y)
        self.shapes.append(Box(at_x - 3, at_y - 3, 6, 6, colour, title))

    def key(self, place: int, colour: str, text: str) -> None:
        x, y = self.left + self.width + 14, self.top + 14 + 20 * place
        self.shapes.append(Line(((x, y - 4), (x + 18, y - 4)), colour, 3))
        self.shapes.append(Words(x + 24, y, text, 11, _INK))

    def picture(self, title: str) -> Picture:
        return Picture(title, self.left + self.width + 150, self.top + self.height + 46, self.shapes)


def reliability(title: str, pairs: Sequence[tuple[float, bool]]) -> Picture:
    """How often an answer was right against how probable it was said to be, in ten groups of equal size.

    Args:
        pairs: Probability of the chosen label, and whether it was right.
    """
    axes = _Axes("said to be probable", "was right")
    axes.line(((0, 0), (1, 1)), _GREY, width=1, dashed=True)
    ordered = np.array(sorted(pairs), float).reshape(-1, 2)
    points = [
        (float(part[:, 0].mean()), float(part[:, 1].mean()), len(part))
        for part in np.array_split(ordered, 10)
        if len(part)
    ]
    axes.line([(x, y) for x, y, _ in points], _BLUE)
    for x, y, count in points:
        axes.dot(x, y, _BLUE, f"{count} messages: said {x:.2f}, right {y:.2f}")
    axes.key(0, _BLUE, "this model")
    axes.key(1, _GREY, "honest")
    return axes.picture(title)


def critical_curve(title: str, chances: Sequence[float], is_critical: Sequence[bool]) -> Picture:
    """Precision and recall of "critical" if it began at each probability."""
    axes = _Axes("critical from this probability on", "share")
    chance, true = np.array(chances), np.array(is_critical, bool)
    precision, recall = [], []
    for limit in np.linspace(0.02, 0.98, 49).tolist():
        said = chance >= limit
        hits = float((said & true).sum())
        recall.append((limit, hits / max(1, int(true.sum()))))
        if said.any():
            precision.append((limit, hits / float(said.sum())))
    axes.line(precision, _BLUE)
    axes.line(recall, _ORANGE)
    axes.key(0, _BLUE, "precision")
    axes.key(1, _ORANGE, "recall")
    return axes.picture(title)


def bars(title: str, groups: Mapping[str, Sequence[float | None]], names: Sequence[str]) -> Picture:
    """Bars from 0 to 1, one group a row; ``names`` are those of the one or two values in each."""
    left, width, row = 150, 300, 20 * len(names) + 10
    colours = (_BLUE, _ORANGE)
    shapes: list[Shape] = []
    for i, name in enumerate(names):
        shapes.append(Box(left + 110 * i, 6, 12, 12, colours[i]))
        shapes.append(Words(left + 18 + 110 * i, 16, name, 11, _INK))
    top = 30
    for place, (group, values) in enumerate(groups.items()):
        y = top + row * place
        shapes.append(Words(left - 8, y + row / 2 + 1, _short(group), 11, _INK, "end"))
        for i, value in enumerate(values):
            if value is None:
                continue
            shapes.append(Box(left, y + 20 * i + 2, max(1.0, width * value), 15, colours[i], f"{group}: {value:.3f}"))
            shapes.append(Words(left + width * value + 6, y + 20 * i + 14, f"{value:.2f}", 10, _GREY))
    return Picture(title, left + width + 50, top + row * len(groups) + 8, shapes)


def learning_chart(title: str, points: Sequence[tuple[int, float]]) -> Picture:
    """How the figure grows with the messages learned from."""
    most = max((count for count, _ in points), default=1)
    axes = _Axes("messages", "macro-F1", ticks=[(count / most, f"{count:,}") for count, _ in points])
    axes.line([(count / most, figure) for count, figure in points], _BLUE)
    for count, figure in points:
        axes.dot(count / most, figure, _BLUE, f"{count} messages: {figure:.3f}")
    return axes.picture(title)
