# SPDX-License-Identifier: Apache-2.0
"""Which events start, pause, resume, stop and move a clock, and which alarms are due."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from router.deadlines.advance import plan_clocks
from router.deadlines.book import Deadlines
from router.deadlines.records import AlarmKey, CaseHistory, ClockPlan, ClockRow, Happening, What
from router.schema import Case
from router.testing.deadlines import make_book as book
from router.testing.store_contract import make_case

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def hours(count: float) -> datetime:
    return MONDAY + timedelta(hours=count)


def plan(
    *happenings: tuple[float, What],
    deadlines: Deadlines,
    now: float,
    fired: dict[AlarmKey, datetime] | None = None,
    before: dict[str, ClockRow] | None = None,
    named: tuple[str, ...] = (),
    **changes: Any,
) -> ClockPlan:
    case: Case = make_case(created_at=MONDAY, updated_at=hours(now), **changes)
    history = CaseHistory(happenings=tuple(Happening(at=hours(at), what=what) for at, what in happenings), named=named)
    return plan_clocks(case, history, before or {}, fired or {}, hours(now), deadlines=deadlines)


def one(plan: ClockPlan) -> ClockRow:
    [clock] = plan.clocks
    return clock


FIRST = {"name": "first", "clock": "first_response", "within": "4h"}
RESOLVE = {"name": "solve", "clock": "resolution", "within": "10h"}
NEXT = {"name": "next", "clock": "next_response", "within": "2h"}
ACK = {"name": "ack", "clock": "acknowledgement", "within": "1h"}


@pytest.mark.parametrize(
    ("deadline", "happenings", "state", "expected", "due"),
    [
        (ACK, [], "open", "running", 1),
        (ACK, [(0.5, "acknowledgement")], "open", "met", 1),
        (ACK, [(1.0, "reply")], "waiting", "met", 1),
        (ACK, [(1.5, "acknowledgement")], "open", "missed", 1),
        (FIRST, [(0.5, "acknowledgement")], "open", "running", 4),
        (FIRST, [(3.0, "reply")], "waiting", "met", 4),
        (FIRST, [(5.0, "reply")], "waiting", "missed", 4),
        (FIRST, [(2.0, "resolved")], "resolved", "met", 4),
        (FIRST, [(1.0, "waiting"), (3.0, "customer")], "open", "running", 6),
        (FIRST, [(3.0, "reply"), (4.0, "customer")], "open", "met", 4),
        (RESOLVE, [], "open", "running", 26),  # eight hours today, two tomorrow
        (RESOLVE, [(1.0, "reply")], "waiting", "paused", None),
        (RESOLVE, [(1.0, "reply"), (4.0, "customer")], "open", "running", 29),
        (RESOLVE, [(1.0, "reply"), (4.0, "customer"), (5.0, "resolved")], "resolved", "met", 29),
        (RESOLVE, [(2.0, "resolved"), (5.0, "customer")], "open", "running", 29),  # reopened: it goes on
        (NEXT, [(1.0, "reply"), (2.0, "customer")], "open", "running", 4),
        (NEXT, [(1.0, "reply"), (2.0, "customer"), (3.0, "customer")], "open", "running", 4),
        (NEXT, [(1.0, "reply"), (2.0, "customer"), (3.0, "reply")], "waiting", "met", 4),
        (NEXT, [(1.0, "reply"), (2.0, "customer"), (3.0, "reply"), (4.0, "customer")], "open", "running", 6),
    ],
)
def test_events_move_clocks(deadline: Any, happenings: Any, state: str, expected: str, due: float | None) -> None:
    """Each event does to each clock what the reference says."""
    clock = one(plan(*happenings, deadlines=book(deadline), now=5.5, state=state))
    assert (clock.state, clock.due_at) == (expected, None if due is None else hours(due))


def test_next_response_waits_for_a_first_answer() -> None:
    """Before anybody has answered there is no next response to wait for."""
    assert plan((1.0, "customer"), deadlines=book(NEXT), now=2).clocks == ()


def test_paused_clock_is_not_due_and_keeps_its_time() -> None:
    """While the customer is waited for nothing is due, and the open time stood still is counted."""
    made = plan((1.0, "reply"), deadlines=book(RESOLVE), now=30, state="waiting")
    assert (made.due_at, one(made).next_alarm_at) == (None, None)
    assert one(made).paused_seconds == 7 * 3600 + 6 * 3600  # the rest of Monday, Tuesday until 15:00


def test_statutory_clock_does_not_pause() -> None:
    """Waiting for the customer stops no statutory clock unless the operator says so."""
    preset = {"name": "law", "preset": "uk-final-response"}
    events: list[tuple[float, What]] = [(1.0, "reply")]
    assert one(plan(*events, deadlines=book(preset), now=30, state="waiting")).state == "running"
    paused = book({**preset, "pause_while_waiting": True})
    assert one(plan(*events, deadlines=paused, now=30, state="waiting")).state == "paused"


def test_first_entry_that_fits_applies_for_each_name() -> None:
    """Of several with one name the first that fits is taken; other names stand beside it; the nearest is the case's."""
    quick = {**FIRST, "within": "1h", "when": {"urgency": ["critical"]}}
    deadlines = book(quick, FIRST, RESOLVE)
    assert plan(deadlines=deadlines, now=0.5, urgency="critical").due_at == hours(1)
    assert plan(deadlines=deadlines, now=0.5).due_at == hours(4)
    assert len(plan(deadlines=deadlines, now=0.5).clocks) == 2


def test_named_only_applies_where_a_route_names_it() -> None:
    """A deadline that is not automatic waits for a route to name it."""
    deadlines = book({**FIRST, "automatic": False})
    assert plan(deadlines=deadlines, now=1).clocks == ()
    assert one(plan(deadlines=deadlines, now=1, named=("first",))).due_at == hours(4)


def test_team_brings_its_calendar() -> None:
    """Moved to a team that works around the clock, a case is due by that team's hours."""
    long = {**FIRST, "within": "12h"}
    assert one(plan(deadlines=book(long), now=1)).due_at == hours(28)
    assert one(plan(deadlines=book(long), now=1, team="night-team")).due_at == hours(12)
    assert one(plan(deadlines=book(long), now=1, team="nobody")).due_at == hours(12)


def test_stopped_clock_stays_as_it_was_judged() -> None:
    """A case made more urgent after its answer does not turn a kept deadline into a missed one."""
    quick = {**FIRST, "within": "1h", "when": {"urgency": ["critical"]}}
    deadlines = book(quick, FIRST)
    kept = one(plan((3.0, "reply"), deadlines=deadlines, now=3, state="waiting"))
    again = plan(
        (3.0, "reply"), deadlines=deadlines, now=5, state="waiting", urgency="critical", before={"first": kept}
    )
    assert (one(again), again.alarms) == (kept, ())


def test_alarms_are_due_once_and_in_order() -> None:
    """Warnings and the breach come in order, each until it is told to have been raised."""
    deadlines = book({**FIRST, "warn_before": ["1h", "2h"]})
    assert one(plan(deadlines=deadlines, now=1)).next_alarm_at == hours(2)
    due = plan(deadlines=deadlines, now=9)
    assert [alarm.kind for alarm in due.alarms] == ["warning:2h", "warning:1h", "breach"]
    fired = {alarm.key: hours(9) for alarm in due.alarms}
    again = plan(deadlines=deadlines, now=9, fired=fired)
    assert (again.alarms, one(again).next_alarm_at, one(again).breached_at) == ((), None, hours(9))
    assert again.due_at == hours(4)  # still to be answered, and first in its queue


def test_missed_while_nobody_looked_is_told_once() -> None:
    """A clock that stopped too late raises its breach although it does not run any more."""
    made = plan((5.0, "reply"), deadlines=book(FIRST), now=6, state="waiting")
    assert [alarm.kind for alarm in made.alarms] == ["breach"]
    assert made.due_at is None


def test_breach_brings_its_consequences() -> None:
    """Urgency, queue with its team, tags and sinks follow; the trail says which deadline."""
    does = {"urgency": "up", "queue": "escalations", "tags": ["late"], "sinks": ["room"], "unassign": True}
    made = plan(deadlines=book({**FIRST, "at_breach": does}), now=5, assigned_to="aino")
    [alarm] = made.alarms
    assert alarm.change is not None
    assert (alarm.change.urgency, alarm.change.queue, alarm.change.team) == ("high", "escalations", "bosses")
    assert (alarm.change.tags, alarm.change.assigned_to) == (("late",), "")
    [row] = alarm.outbox
    assert (row.target, row.kind, row.id == row.event.id if row.event else None) == ("room", "sink", True)
    assert alarm.audit[0].detail["deadline"] == "first"


def test_story_that_misses_a_change_ends_with_the_case() -> None:
    """Where the trail does not tell of a change of state, the case itself is believed from its last change on."""
    clock = one(plan(deadlines=book(RESOLVE), now=3, state="resolved"))
    assert (clock.state, clock.stopped_at) == ("met", hours(3))


def test_standing_is_what_rules_see() -> None:
    """Running, warned and missed clocks stand as such; kept and paused ones are not there for rules."""
    deadlines = book({**FIRST, "warn_before": ["2h"]})
    clock = one(plan(deadlines=deadlines, now=1))
    assert (clock.standing(hours(1)), clock.standing(hours(4))) == ("running", "breached")
    assert clock.model_copy(update={"warned_at": hours(2)}).standing(hours(3)) == "warning"
    assert one(plan((1.0, "reply"), deadlines=book(RESOLVE), now=2, state="waiting")).standing(hours(2)) is None
    assert one(plan((5.0, "reply"), deadlines=deadlines, now=6, state="waiting")).standing(hours(6)) == "breached"
