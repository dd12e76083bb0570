# SPDX-License-Identifier: Apache-2.0
"""What a round of learning found, for a person who decides: as JSON and as text. No words of a customer are in it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import AwareDatetime

from router.schema import Frozen

if TYPE_CHECKING:
    from classifiers.candidate import Candidate
    from classifiers.lessons import Admitted

__all__ = ["LearningReport", "report_text"]

_SHOWN = 40


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
        f"learned     {report.corrections} corrected messages with the weight of {report.weight:g} of the corpus",
        f"verdict     {'may take over' if verdict['good'] else 'REFUSED'}: {verdict['reason']}",
    ]
    for head, counts in report.labels.items():
        if counts:
            lines.append(f"  {head:8}  " + ", ".join(f"{name} {count}" for name, count in counts.items()))
    if report.refusals:
        lines += ["", "left out"]
        lines += [f"  {len(one['ids'])} {one['reason']}: {one['sentence']}" for one in report.refusals[:_SHOWN]]
        if len(report.refusals) > _SHOWN:
            lines.append(f"  and {len(report.refusals) - _SHOWN} more reasons")
    if report.restraints:
        lines += ["", "held down"]
        lines += [
            f"  {one['group']} {one['corrector']}".rstrip() + f": {one['messages']} messages weigh {one['weight']:g}"
            for one in report.restraints[:_SHOWN]
        ]
    lines += ["", "figure by figure: before -> after"]
    failed = [str(check) for check in map(_line, verdict["failed"])]
    lines += [f"  fell      {line}" for line in failed]
    lines += [f"            {line}" for line in map(_line, verdict["checks"]) if line not in failed]
    return "\n".join(lines)


def _line(check: dict[str, Any]) -> str:
    shown = f"{check['where']}: {check['figure']} {check['before']:.3f} -> {check['after']:.3f}"
    return f"{shown}, may fall {check['allowed']:g} ({check['messages']} messages)"
