# SPDX-License-Identifier: Apache-2.0
"""What a round of learning found, for a person who decides: as JSON and as text. No words of a customer are in it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import AwareDatetime, Field

from router.schema import Frozen

if TYPE_CHECKING:
    from classifiers.candidate import Candidate
    from classifiers.lessons import Admitted

__all__ = ["LearningReport", "report_text"]

_SHOWN = 40
_FELL = "!"  # before a figure


class LearningReport(Frozen):
    """``verdict``, ``refusals`` and ``restraints`` are as ``classifiers.candidate`` and ``classifiers.lessons`` say;
    ``report`` is that of the candidate on the corpus, every message judged by a model that had not seen it."""

    digest: str
    incumbent: str
    made_at: AwareDatetime
    in_force: bool = False
    corrections: int
    weight: float
    labels: dict[str, dict[str, int]]
    correctors: dict[str, int] = Field(default_factory=dict)  # corrected messages by whom
    verdict: dict[str, Any]
    refusals: tuple[dict[str, Any], ...]
    restraints: tuple[dict[str, Any], ...]
    report: dict[str, Any]

    @classmethod
    def of(
        cls, candidate: Candidate, admitted: Admitted, *, digest: str, incumbent: str, made_at: datetime
    ) -> LearningReport:
        from classifiers.lessons import label_counts_of

        return cls(
            digest=digest,
            incumbent=incumbent,
            made_at=made_at,
            corrections=len(admitted.rows),
            weight=round(admitted.weight, 2),
            labels=label_counts_of(admitted.lessons),
            correctors=dict(Counter(lesson.corrector for lesson in admitted.lessons).most_common()),
            verdict=candidate.verdict.model_dump(mode="json"),
            refusals=tuple(one.model_dump(mode="json") for one in admitted.refusals),
            restraints=tuple(one.model_dump(mode="json") for one in admitted.restraints),
            report=candidate.report.model_dump(mode="json"),
        )

    @property
    def is_good(self) -> bool:
        return bool(self.verdict["good"])


def report_text(report: LearningReport) -> str:
    """The report for reading."""
    verdict = report.verdict
    lines = [
        f"candidate   {report.digest}",
        f"beside      {report.incumbent}",
        f"made        {report.made_at:%Y-%m-%d %H:%M} UTC",
        f"learned     {report.corrections} corrected messages, which weigh as much as {report.weight:g} of the corpus",
        f"verdict     {'may take over' if verdict['good'] else 'REFUSED'}: {verdict['reason']}",
    ]
    for head, counts in (*report.labels.items(), ("by", report.correctors)):
        if counts:
            shown = [f"{name} {count}" for name, count in list(counts.items())[:_SHOWN]]
            lines.append(f"  {head:8}  " + ", ".join(shown) + (", ..." if len(counts) > _SHOWN else ""))
    lines += _listed("left out, and why", [_refused(one) for one in report.refusals])
    lines += _listed(
        "held down: who or what weighs less than it has messages", [_held(one) for one in report.restraints]
    )
    lines += ["", f"figures: messages, before -> after; {_FELL} fell further than allowed"]
    return "\n".join([*lines, *_figures(verdict["checks"], verdict["failed"])])


def _listed(title: str, found: list[str]) -> list[str]:
    if not found:
        return []
    more = [f"  and {len(found) - _SHOWN} more; --json tells all"] if len(found) > _SHOWN else []
    return ["", title, *(f"  {one}" for one in found[:_SHOWN]), *more]


def _refused(one: dict[str, Any]) -> str:
    return f"{len(one['ids'])} {one['reason']}: {one['sentence']}"


def _held(one: dict[str, Any]) -> str:
    who = {
        "corrector": f"corrections by {one['corrector']}",
        "sender": "about messages of one sender",
        "text": "about nearly the same words",
        "all": "all corrections together",
    }[one["group"]]
    return f"{who}: {one['messages']} messages weigh {one['weight']:g}"


def _figures(checks: list[dict[str, Any]], failed: list[dict[str, Any]]) -> list[str]:
    """One line for each place and number of messages: those where something fell further than allowed first."""
    places: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for check in checks:
        places.setdefault((check["where"], check["messages"]), []).append(check)
    bad = {(check["where"], check["messages"]) for check in failed}
    width = max((len(where) for where, _ in places), default=0)
    lines = []
    for place in sorted(places, key=lambda one: one not in bad):
        shown = [
            f"{_FELL if check in failed else ' '}{check['figure']} {check['before']:.3f} -> {check['after']:.3f}"
            for check in places[place]
        ]
        lines.append(f"  {place[0]:{width}} {place[1]:6} " + "  ".join(shown))
    return lines
