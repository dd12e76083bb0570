# SPDX-License-Identifier: Apache-2.0
"""A picture of cases that move from queue to queue: bands as thick as the cases are many, as inline SVG. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["COLORS", "MOST_BANDS", "flow_picture"]

WIDTH = 960
_MARGIN = 210  # for names on both sides
_NODE = 14
_GAP = 12
_SLOT = 18  # least height of a queue, so that names do not touch
_THINNEST = 1.5
MOST_BANDS = 40  # smaller moves are in the table only
_LONGEST = 19  # characters of a name
COLORS = ("#3b6fb6", "#c8553d", "#3f8f5b", "#8a5fb0", "#b98a17", "#2f8f9d", "#b0476f", "#6b7a2a", "#7a5c46", "#5a6b8c")


@dataclass
class _Node:
    name: str
    cases: int
    height: float
    top: float = 0.0
    used: float = 0.0  # of its height, by bands drawn so far

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


def flow_picture(moves: Sequence[tuple[str, str, int]]) -> str:
    """The picture of moves (queue before, queue after, cases), the largest first; "" where nothing moves."""
    drawn = list(moves[:MOST_BANDS])
    if not drawn:
        return ""
    total = sum(count for *_, count in drawn)
    tall = min(520.0, max(120.0, 34.0 * len(drawn)))
    thick = {(before, after): max(_THINNEST, tall * count / total) for before, after, count in drawn}
    left = _column(((before, count, thick[before, after]) for before, after, count in drawn))
    right = _column(((after, count, thick[before, after]) for before, after, count in drawn))
    height = max(_lay_out(left), _lay_out(right))
    colors = {name: COLORS[number % len(COLORS)] for number, name in enumerate(right)}
    bands = "".join(
        _band(left[before], right[after], thick[before, after], count, colors[after])
        for before, after, count in sorted(drawn, key=lambda move: (left[move[0]].top, right[move[1]].top))
    )
    names = "".join(_node(node, "before", "currentColor") for node in left.values())
    names += "".join(_node(node, "after", colors[node.name]) for node in right.values())
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="Cases that move from queue to queue">'
        f"{bands}{names}</svg>"
    )


def _column(parts: Iterable[tuple[str, int, float]]) -> dict[str, _Node]:
    """Queues of one side, the largest on top."""
    found: dict[str, _Node] = {}
    for name, count, thickness in parts:
        node = found.setdefault(name, _Node(name, 0, 0.0))
        node.cases += count
        node.height += thickness
    return dict(sorted(found.items(), key=lambda item: (-item[1].cases, item[0])))


def _lay_out(nodes: dict[str, _Node]) -> float:
    """Put the queues below each other; returns the height of the column."""
    at = 6.0
    for node in nodes.values():
        slot = max(node.height, _SLOT)
        node.top = at + (slot - node.height) / 2
        at += slot + _GAP
    return at


def _band(left: _Node, right: _Node, thickness: float, count: int, color: str) -> str:
    x0, x1 = _MARGIN + _NODE, WIDTH - _MARGIN - _NODE
    y0, y1 = left.top + left.used, right.top + right.used
    left.used += thickness
    right.used += thickness
    bend = (x0 + x1) / 2
    outline = (
        f"M{x0} {y0:.1f}C{bend:.0f} {y0:.1f} {bend:.0f} {y1:.1f} {x1} {y1:.1f}V{y1 + thickness:.1f}"
        f"C{bend:.0f} {y1 + thickness:.1f} {bend:.0f} {y0 + thickness:.1f} {x0} {y0 + thickness:.1f}Z"
    )
    told = escape(f"{left.name} to {right.name}: {count:,}")
    return f'<path d="{outline}" fill="{color}" fill-opacity=".45"><title>{told}</title></path>'


def _node(node: _Node, side: str, color: str) -> str:
    before = side == "before"
    x = _MARGIN if before else WIDTH - _MARGIN - _NODE
    text_x, anchor = (x - 8, "end") if before else (x + _NODE + 8, "start")
    name = node.name if len(node.name) <= _LONGEST else node.name[: _LONGEST - 1] + "…"
    return (
        f"<g><title>{escape(f'{node.name}: {node.cases:,}')}</title>"
        f'<rect x="{x}" y="{node.top:.1f}" width="{_NODE}" height="{node.height:.1f}" fill="{color}" rx="2"/>'
        f'<text x="{text_x}" y="{node.middle:.1f}" dy=".35em" text-anchor="{anchor}">{escape(name)} '
        f'<tspan class="soft">{node.cases:,}</tspan></text></g>'
    )
