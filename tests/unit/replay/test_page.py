# SPDX-License-Identifier: Apache-2.0
"""The page and the picture of a replay: complete, self-contained, and nothing in them obeys what customers write."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from router.replay.flow import flow_picture
from router.replay.limits import parse_limit
from router.replay.page import page
from router.replay.report import Report
from router.replay.tally import Example, Outcome, Tally

EVIL = "<script>alert(1)</script>\"'&<img src=x onerror=y>"


class Reader(HTMLParser):
    """Gathers the tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def report(subject: str = "Late") -> Report:
    tally = Tally()
    before, after = Outcome("billing", "billing", "root/a", "low"), Outcome("safety", EVIL, "root/b", "high")
    tally.count(before, after, opens=True, hour=9)
    tally.add_example(before, after, Example(1, "C1", datetime(2026, 3, 2, tzinfo=UTC), subject, EVIL, "root/b"))
    limit = parse_limit("moved > 5%", queues=[], teams=[])
    return Report(tally=tally, before=EVIL, after="next", since=None, zone="UTC", seconds=1.0, limits=(limit,))


def test_page_escapes_everything_and_needs_nothing() -> None:
    """What customers and operators write is text; there is no script and no address to load from."""
    text = page(report(EVIL))
    reader = Reader()
    reader.feed(text)
    assert reader.tags & {"script", "img", "link", "iframe", "object", "form"} == set()
    assert reader.attributes & {"src", "href", "onerror", "onload", "onclick"} == set()
    assert "default-src 'none'" in text
    assert "url(" not in text
    assert "http" not in text.replace("http-equiv", "")


def test_page_shows_what_was_found() -> None:
    """The broken limit, the move with its example, the load and the urgency are on the page."""
    text = page(report())
    for part in ("Broken: <code>moved &gt; 5%</code> (100 %)", "of 1 cases move (100.0 %)", "<code>C1</code> Late",
                 "+1</td>", "<h2>Urgency</h2>", "<svg"):  # fmt: skip
        assert part in text, part


def test_page_of_no_moves_says_so() -> None:
    """Where nothing moves there is no picture."""
    quiet = Report(tally=Tally(), before="a", after="b", since=None, zone="UTC", seconds=0.0)
    assert "Every case stays where it is" in page(quiet)
    assert "<svg" not in page(quiet)


@pytest.mark.parametrize("count", [1, 7, 60])
def test_picture_is_drawn_to_scale_without_overlap(count: int) -> None:
    """Bands are as thick as the cases are many, and queues of a side lie below each other, inside the picture."""
    moves = [(f"from-{n}", f"to-{n % 5}", 1000 - 10 * n) for n in range(count)]
    svg = ElementTree.fromstring(flow_picture(moves))
    height = float(svg.get("viewBox", "").split()[3])
    sides: dict[str, list[tuple[float, float]]] = {}
    for rect in svg.iter("rect"):
        top, tall = float(rect.get("y", "")), float(rect.get("height", ""))
        sides.setdefault(rect.get("x", ""), []).append((top, top + tall))
    assert len(sides) == 2
    for nodes in sides.values():
        assert all(one[1] <= other[0] for one, other in pairwise(nodes))
        assert nodes[-1][1] <= height
    if count == 7:
        sizes = sorted(bottom - top for top, bottom in next(iter(sides.values())))
        assert sizes[-1] / sizes[0] == pytest.approx(1000 / 940, rel=0.02)


def test_picture_of_nothing_is_empty() -> None:
    """No moves, no picture."""
    assert flow_picture([]) == ""
