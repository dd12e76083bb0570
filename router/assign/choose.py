# SPDX-License-Identifier: Apache-2.0
"""Who gets a case: one decision, with its reason. Pure: the same case, team, people and time give the same choice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from router.assign.book import Team
from router.assign.records import WaitingCase
from router.assign.settings import Drop, Strategy
from router.assign.standing import Load, Standing
from router.deadlines.calendar import Calendar, NoHours
from router.deadlines.duration import Duration

__all__ = ["PATIENCE", "Choice", "add_or_never", "alike", "choose", "free_to_take", "strategy_of"]

PATIENCE = timedelta(hours=1)  # where a team has no steps: before somebody who had the case is asked again
_KEEP = Duration(7, "days")  # where a route keeps customers with who knows them and the team does not say how long
_ALL: frozenset[Drop] = frozenset({"level", "type", "language", "skills"})


@dataclass(frozen=True)
class Choice:
    """Who gets the case, or None and why nobody; ``passed_over`` counts the others by what kept them from it."""

    member: str | None
    reason: str
    waited: timedelta
    step: int  # steps of relaxation that had passed
    strategy: Strategy
    passed_over: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Terms:
    """What is asked of somebody for one case at one moment."""

    strategy: Strategy
    step: int
    needs: frozenset[Drop]
    over: bool  # it has waited so long that who had it may get it again
    rotates: bool  # hostile, and the rest of the others still counts
    names: tuple[str, ...]  # of everybody who may be asked
    now: datetime


def strategy_of(case: WaitingCase, team: Team) -> Strategy:
    """What the route said, else what the team says."""
    return team.strategy if case.wish is None else case.wish.strategy


def choose(case: WaitingCase, team: Team, members: Sequence[Standing], load: Load, now: datetime) -> Choice:
    """Somebody of ``members`` for the case, or nobody yet.

    Args:
        members: Everybody of the team who may be asked, as they stand now; nobody else is.
        load: How much each has and who was served when.
    """
    terms = _terms(case, team, members, now)
    waited = now - case.since

    def chosen(one: Standing | None, reason: str, passed: Mapping[str, int]) -> Choice:
        name = None if one is None else one.name
        return Choice(name, reason, waited, terms.step, terms.strategy, passed)

    if terms.strategy == "manual":
        return chosen(None, "people take these cases themselves", {})
    obstacles = {one.name: _obstacle(case, team, one, load, terms) for one in members}
    known, why = _who_knows(case, team, members, now)
    if known is not None and obstacles[known.name] in ("", "type", "language", "level", "skill"):
        return chosen(known, why, {})
    free = [one for one in members if not obstacles[one.name]]
    if not free and (terms.over or len(members) == 1):
        free = [one for one in members if obstacles[one.name] == "had it"]
    passed = Counter(obstacles[one.name] or "others first" for one in members)
    if not free:
        return chosen(None, "nobody can take it now" if members else "nobody is in the team", passed)
    best = min(free, key=lambda one: _rank(case, one, load, terms))
    passed[obstacles[best.name] or "others first"] -= 1
    return chosen(best, _reason(best, load, terms), {name: count for name, count in passed.items() if count})


def free_to_take(
    case: WaitingCase, team: Team, one: Standing, members: Sequence[Standing], load: Load, *, now: datetime
) -> bool:
    """Whether the case suits somebody who asks for one: hours, capacity and who had it do not count then."""
    terms = _terms(case, team, members, now)
    rests = terms.rotates and _rests(one, team, load, terms)
    return not rests and not _unfit(case, team, one, terms)


def alike(case: WaitingCase, team: Team, members: Sequence[Standing], now: datetime) -> Hashable:
    """Cases for which this is the same find the same somebody, or nobody, as long as nobody's load changes."""
    terms = _terms(case, team, members, now)
    wish = None if case.wish is None else (case.wish.skills, case.wish.keep)
    asked = (case.language, case.type, case.channel, case.passed, case.knows, case.knew_at, wish)
    return asked, terms.strategy, terms.step, terms.over, terms.rotates


# --- what is asked -----------------------------------------------------------------------------------------------


def add_or_never(calendar: Calendar, start: datetime, length: timedelta) -> datetime | None:
    """When so much open time has passed; None where it never has."""
    try:
        return calendar.add(start, length)
    except NoHours:
        return None


def _has_passed(team: Team, since: datetime, length: timedelta, now: datetime) -> bool:
    """Whether so much open time of the team has passed since."""
    latest = _latest(team.calendar, length, now)
    return latest is not None and since <= latest


@lru_cache(maxsize=64)
def _latest(calendar: Calendar, length: timedelta, now: datetime) -> datetime | None:
    """The last moment from which so much open time has passed until now; thousands of cases ask the same."""
    try:
        return calendar.back(now, length)
    except NoHours:
        return None


def _terms(case: WaitingCase, team: Team, members: Sequence[Standing], now: datetime) -> _Terms:
    strategy = strategy_of(case, team)
    step = sum(_has_passed(team, case.since, one.after, now) for one in team.steps)
    needs = _ALL if strategy == "skills" else frozenset[Drop]({"skills", "level"})
    for one in team.steps[:step]:
        needs = needs - (_ALL if one.drop == "all" else {one.drop})
    patience = team.steps[-1].after if team.steps else PATIENCE
    hostile = team.is_hostile(case.tags) and len(members) > 1
    return _Terms(
        strategy=strategy,
        step=step,
        needs=needs,
        over=_has_passed(team, case.since, patience, now),
        rotates=hostile and not _has_passed(team, case.since, team.hostile.rest, now),
        names=tuple(one.name for one in members),
        now=now,
    )


def _obstacle(case: WaitingCase, team: Team, one: Standing, load: Load, terms: _Terms) -> str:
    """What keeps somebody from the case, in a word or two; "" for nothing."""
    if one.missing:
        return one.missing
    capacity = one.member.capacity
    if "all" in capacity and load.open_cases(one.name) >= capacity["all"]:
        return "full"
    if case.channel in capacity and load.open_cases(one.name, case.channel) >= capacity[case.channel]:
        return "channel full"
    if terms.rotates and _rests(one, team, load, terms):
        return "rests"
    return _unfit(case, team, one, terms) or ("had it" if one.name in case.passed else "")


def _rests(one: Standing, team: Team, load: Load, terms: _Terms) -> bool:
    """Whether somebody had the last hostile case of these people, or had one a short time ago."""
    if load.last_hostile(terms.names) == one.name:
        return True
    at = load.last(one.name).hostile_at
    return at is not None and terms.now - at < team.hostile.rest


def _unfit(case: WaitingCase, team: Team, one: Standing, terms: _Terms) -> str:
    level = team.level if "level" in terms.needs else 1
    asked: list[tuple[str, Mapping[str, int], str]] = []
    if "language" in terms.needs and one.languages and case.language not in ("", "und"):
        asked.append(("language", one.languages, case.language))
    if "type" in terms.needs and one.types and case.type is not None:
        asked.append(("type", one.types, case.type))
    if "skills" in terms.needs and case.wish is not None:
        asked += (("skill", one.skills, name) for name in case.wish.skills)
    for word, has, wanted in asked:
        if wanted not in has:
            return word
    return "level" if any(has[wanted] < level for _, has, wanted in asked) else ""


# --- who of those that may -----------------------------------------------------------------------------------------


def _who_knows(
    case: WaitingCase, team: Team, members: Sequence[Standing], now: datetime
) -> tuple[Standing | None, str]:
    """Whoever had the customer's last case, within the time that counts; or the deputy."""
    said = None if case.wish is None else case.wish.keep
    keep = team.keep_for is not None if said is None else said
    if not keep or not case.knows or case.knew_at is None:
        return None, ""
    try:
        if team.calendar.due(case.knew_at, team.keep_for or _KEEP) < now:
            return None, ""
    except NoHours:
        pass  # so much time never passes
    by_name = {one.name: one for one in members}
    one = by_name.get(case.knows)
    if one is None or one.deputy is None:
        return one, "knows the customer"
    return by_name.get(one.deputy), f"stands in for {one.name}, who knows the customer"


def _rank(case: WaitingCase, one: Standing, load: Load, terms: _Terms) -> tuple[float, ...] | tuple[object, ...]:
    """Least first. Of equals the one who waits longest for a case, then by name."""
    last = load.last(one.name)
    rotation = last.hostile_turn if terms.rotates else 0
    if terms.strategy == "round-robin":
        return rotation, last.turn, one.name
    share = load.open_cases(one.name) / one.member.weight
    return rotation, share, -_fit(case, one) if terms.strategy == "skills" else 0, last.turn, one.name


def _fit(case: WaitingCase, one: Standing) -> int:
    """How good somebody is at the case: levels added up."""
    wanted = () if case.wish is None else case.wish.skills
    levels = [one.languages.get(case.language, 0), one.types.get(case.type or "", 0)]
    return sum(levels) + sum(one.skills.get(name, 0) for name in wanted)


def _reason(one: Standing, load: Load, terms: _Terms) -> str:
    if terms.rotates:
        return "hostile cases go round: the longest since the last one"
    if terms.strategy == "round-robin":
        return "next in turn"
    what = "the least open cases" if terms.strategy == "least-load" else "fits, with the least open cases"
    weight = one.member.weight
    shown = "" if weight == 1 else f" for a weight of {weight:g}"
    return f"{what}: {load.open_cases(one.name)}{shown}"
