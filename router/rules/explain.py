# SPDX-License-Identifier: Apache-2.0
"""Why a message landed where it did, and why not elsewhere, as plain text. Needs nothing but the stored decision;
what was not stored of it, the rules that made it can tell again."""

from __future__ import annotations

from collections.abc import Iterator

from router.content import Action, AlarmThen
from router.rules.facts import facts_again
from router.rules.ruleset import RuleSet
from router.schema import Classification, ConditionTrace, Decision, InboundMessage, RouteTrace

__all__ = ["explain", "failed", "in_full", "near_misses", "reasons"]

YES, NO = "✓", "✗"
MAX_NEAR = 5


_GROUPS = ("any", "all", "not")
_MORE_ACTIONS = ("fields", "answer", "ask", "deadlines", "assign")
_LEVELS = {"preselect": "preset", "recommend": "suggested", "none": "guessed"}


def explain(decision: Decision) -> str:
    """The whole story: the outcome, near misses, and every route tried with what it wanted and what it saw."""
    alarm = decision.given.alarm if decision.given is not None else None
    lines = [] if alarm is None else [_alarm(alarm)]
    lines += [f"queue {decision.queue} of team {decision.team}, urgency {decision.urgency}", f"route {decision.route}"]
    if decision.tags:
        lines.append(f"tags {', '.join(decision.tags)}")
    if alarm is None:
        lines.append(f"acknowledge with {decision.acknowledge}" if decision.acknowledge else "no acknowledgement")
    lines += [_action(action) for action in decision.actions if alarm is not None or action.name in _MORE_ACTIONS]
    lines += [f"the {label} is not acted on, only {_LEVELS[level]}" for label, level in decision.levels.items()]
    lines += [f"  could be {one.value} ({one.score:.0%}): queue {one.queue}" for one in decision.suggestions]
    if decision.sinks:
        lines.append(f"forwarded to {', '.join(decision.sinks)}")
    if decision.hold_reply:
        lines.append("replies wait for approval")
    if near := near_misses(decision):
        lines += ["", "why not elsewhere (nearest first)"]
        for trace in near:
            missing = failed(trace)
            lines.append(f"  {trace.route}: {len(missing)} of {len(_top(trace))} conditions did not hold")
            lines += [f"    {_condition(condition)}" for condition in missing]
    lines += ["", "routes tried"]
    for trace in decision.traces:
        lines += _route(trace)
    if decision.left_out:
        lines.append(f"  … and {decision.left_out} more, not kept")
    if decision.rules_digest:
        lines += ["", f"rules {decision.rules_digest}"]
    return "\n".join(lines)


def in_full(
    decision: Decision, message: InboundMessage, labels: Classification | None, rules: RuleSet | None
) -> Decision:
    """A stored decision with the trace of every route tried, told again by the rules that made it.

    ``rules`` of another digest, or none, leave it as it was stored; ``left_out`` then says how many are missing.
    """
    if not decision.left_out or rules is None or rules.digest != decision.rules_digest:
        return decision
    again = rules.explain(facts_again(message, labels, decision))
    if again.route != decision.route:  # what it was made from was not all kept, as by an older version
        return decision
    return decision.model_copy(update={"traces": again.traces, "left_out": 0})


def _alarm(alarm: AlarmThen) -> str:
    what = "was missed" if alarm.state == "breached" else f"was due in {alarm.before}"
    return f"the deadline '{alarm.name}' {what}"


def _action(action: Action) -> str:
    done = f"{action.name.replace('_', ' ')} {action.value} (said by {action.route})"
    return f"{done}: not done, {action.skipped}" if action.skipped else done


def near_misses(decision: Decision, limit: int = MAX_NEAR) -> list[RouteTrace]:
    """Routes that were tried and not taken, those with the fewest failed conditions first."""
    missed = [trace for trace in decision.traces if not trace.matched and trace.conditions]
    return sorted(missed, key=lambda trace: (len(failed(trace)), -_held(trace)))[:limit]


def failed(trace: RouteTrace) -> list[ConditionTrace]:
    """The conditions of the route itself that did not hold, without those inside ``any``, ``all`` and ``not``."""
    return [condition for condition in _top(trace) if not condition.held]


def _held(trace: RouteTrace) -> int:
    return sum(condition.held for condition in _top(trace))


def reasons(decision: Decision) -> list[ConditionTrace]:
    """The plain conditions that took the message along its route, with bare field names; groups are left out."""
    found: list[ConditionTrace] = []
    for trace in decision.traces:
        on_the_way = decision.route == trace.route or decision.route.startswith(f"{trace.route}/")
        if not (trace.matched and on_the_way):
            continue
        for condition in trace.conditions:
            words = condition.path.split(".")
            groups, name = words[: _depth(condition)], ".".join(words[_depth(condition) :])
            if condition.held and "not" not in groups and name not in _GROUPS:
                found.append(condition.model_copy(update={"path": name}))
    return found


def _top(trace: RouteTrace) -> list[ConditionTrace]:
    return [condition for condition in trace.conditions if not _depth(condition)]


def _depth(condition: ConditionTrace) -> int:
    """How many groups a condition is inside; no field's name starts like a group."""
    words = condition.path.split(".")
    depth = 0
    while depth < len(words) - 1 and words[depth] in _GROUPS:
        depth += 1
    return depth


def _route(trace: RouteTrace) -> Iterator[str]:
    indent = "  " * (trace.depth + 1)
    name = trace.route.rpartition("/")[2]
    yield f"{indent}{YES if trace.matched else NO} {name}"
    for condition in trace.conditions:
        yield f"{indent}    {'  ' * _depth(condition)}{_condition(condition)}"


def _condition(condition: ConditionTrace) -> str:
    words = condition.path.split(".")
    name = ".".join(words[_depth(condition) :])
    subject = "" if name in ("cel", *_GROUPS) else f"{name} "
    return f"{YES if condition.held else NO} {subject}{condition.wanted} (saw: {condition.seen})"
