# SPDX-License-Identifier: Apache-2.0
"""Which incidents nobody is told of: rules that mute, rules that inhibit, and rings of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from router.incidents.mute import Profile, holds, silences
from router.incidents.settings import IncidentSettings, IncidentWhen, InhibitRule, MuteRule

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)


def profile(name: str, *, minutes: int = 0, keys: tuple[str, ...] = (), **values: dict[str, int]) -> Profile:
    """An incident of 100 cases, opened so many minutes after noon."""
    tags = tuple((frozenset({tag}), count) for tag, count in values.pop("tag", {}).items())
    opened = NOW + timedelta(minutes=minutes)
    return Profile(id=name, opened_at=opened, keys=keys, cases=100, values=values, tags=tags)


def mute(**said: Any) -> MuteRule:
    return MuteRule.model_validate({"name": "m", **said})


def inhibit(source: dict[str, Any], target: dict[str, Any], *equal: str, name: str = "i") -> InhibitRule:
    return InhibitRule.model_validate({"name": name, "source": source, "target": target, "equal": equal})


ONE = profile(
    "A", keys=("e:outage:nw-7", "f:product:kettle k2", "w:intern"), type={"technical": 100},
    language={"fi": 92, "en": 8}, channel={"email": 60, "x": 40}, tag={"vip": 95, "": 5},
)  # fmt: skip


@pytest.mark.parametrize(
    ("when", "held"),
    [
        ({}, True),
        ({"type": ["technical"]}, True),
        ({"type": ["billing"]}, False),
        ({"language": ["fi"]}, True),  # eight in a hundred were read wrongly, or are neighbours
        ({"language": ["en"]}, False),
        ({"channel": ["email"]}, False),
        ({"channel": ["email", "x"]}, True),
        ({"tag": ["vip"]}, True),
        ({"tag": ["other"]}, False),
        ({"shares": ["NW-7"]}, True),
        ({"shares": ["Kettle K2"]}, True),
        ({"shares": ["Internet"]}, True),
        ({"shares": ["Internet of things"]}, False),
        ({"shares": ["nw"]}, False),
        ({"type": ["technical"], "language": ["de"]}, False),
    ],
    ids=str,
)
def test_when_holds_for_nearly_all_cases(when: dict[str, Any], held: bool) -> None:
    """A key holds where nine in ten cases have one of its values; all keys must."""
    assert holds(IncidentWhen.model_validate(when), ONE) is held


def test_when_holds_for_no_incident_without_cases() -> None:
    """Nothing is known of an incident whose cases were all taken out."""
    assert not holds(IncidentWhen(language=("fi",)), Profile(id="A", opened_at=NOW, keys=()))


def test_mute_says_why() -> None:
    """The rule is named; what it does not fit is heard."""
    other = profile("B", type={"billing": 100})
    assert silences([ONE, other], [mute(when={"type": ["billing"]})], []) == {"B": "muted by the rule 'm'"}


def test_inhibit_wants_equal_labels() -> None:
    """While the cause is open its consequence is silent, where both have a language in common."""
    cause = profile("A", type={"technical": 100}, language={"fi": 60, "en": 40})
    near = profile("B", type={"service": 100}, language={"en": 100})
    far = profile("C", type={"service": 100}, language={"de": 95, "en": 5})
    rule = inhibit({"type": ["technical"]}, {"type": ["service"]}, "language")
    assert silences([cause, near, far], [], [rule]) == {"B": "inhibited by A, rule 'i'"}
    assert silences([near, far], [], [rule]) == {}


def test_inhibit_of_what_is_both_is_nothing() -> None:
    """Two incidents that are cause and consequence alike do not silence each other."""
    both = [profile(name, channel={"x": 100}, type={"technical": 100}) for name in ("A", "B")]
    assert silences(both, [], [inhibit({"channel": ["x"]}, {"type": ["technical"]})]) == {}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_ring_of_inhibitions_leaves_the_first_heard(order: tuple[int, ...]) -> None:
    """Each of three would silence the next: of whichever opened first people are told."""
    kinds = ("technical", "service", "billing")
    ring = [profile(kind, minutes=order[n], type={kind: 100}) for n, kind in enumerate(kinds)]
    rules = [inhibit({"type": [kind]}, {"type": [kinds[(n + 1) % 3]]}, name=f"r{n}") for n, kind in enumerate(kinds)]
    found = silences(ring, [], rules)
    assert set(kinds) - set(found) == {kinds[order.index(0)]}


@pytest.mark.parametrize(
    ("said", "on"),
    [
        ({"until": "2026-03-05T12:00Z"}, False),
        ({"until": "2026-03-05T15:00+02:00"}, True),
        ({"until": "2026-03-05T14:00+02:00"}, False),
        ({"from": "2026-03-05T12:00Z", "until": "2026-03-06T12:00Z"}, True),
        ({"from": "2026-03-05T12:01Z", "until": "2026-03-06T12:00Z"}, False),
        ({"while_open": "office"}, True),
        ({"while_closed": "office"}, False),
        ({"while_open": "night"}, False),
        ({"while_closed": "night"}, True),
    ],
    ids=str,
)
def test_mute_is_on_for_a_time(said: dict[str, Any], on: bool) -> None:
    """From a moment on, until another, and by a calendar; only rules that are on are left."""
    settings = IncidentSettings(mute=(mute(**said),))
    assert bool(settings.at(NOW, lambda name, at: name == "office" and at == NOW).mute) is on


@pytest.mark.parametrize(
    "said",
    [
        {}, {"when": {}}, {"from": "2026-03-05T12:00Z"}, {"until": "2026-03-05"}, {"until": "2026-03-05T12:00"},
        {"until": "soon"}, {"from": "2026-03-06T12:00Z", "until": "2026-03-05T12:00Z"},
    ],
    ids=str,
)  # fmt: skip
def test_mute_that_says_nothing_is_refused(said: dict[str, Any]) -> None:
    """All incidents for ever, a moment without a zone, an end before the begin."""
    with pytest.raises(ValidationError):
        mute(**said)
