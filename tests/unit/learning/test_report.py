# SPDX-License-Identifier: Apache-2.0
"""The report that a person reads: who taught the candidate, who was left out or held down and why, what fell."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from classifiers.candidate import Candidate, Check, Verdict
from classifiers.lessons import Lesson, LessonLimits, admit
from router.learning.report import LearningReport, report_text
from router.schema import Frozen
from router.testing.lessons import NOW, lesson


def report_of(lessons: list[Lesson], *checks: Check, **limits: Any) -> LearningReport:
    """The report of a candidate that learned these."""
    failed = tuple(check for check in checks if not check.is_good)
    verdict = Verdict(good=not failed, reason="as tested", checks=checks, failed=failed)
    candidate = cast("Candidate", SimpleNamespace(verdict=verdict, report=Frozen()))
    admitted = admit(lessons, limits=LessonLimits(**limits))
    return LearningReport.of(candidate, admitted, digest="a" * 64, incumbent="linear@b", made_at=NOW)


def test_report_names_who_poisons() -> None:
    """One who turns everything into praise is named with what was done; nothing of it was learned."""
    report = report_of([*(lesson(n, kind="praise", corrector="mallory") for n in range(30)), lesson(50, urgency="low")])
    shown = report_text(report)
    assert "left out, and why" in shown
    assert "30 one-sided: mallory turned kind 'complaint' into 'praise' in 30 messages" in shown
    assert report.correctors == {"aino": 1}
    assert "by        aino 1" in shown
    assert "praise 30" not in shown


def test_report_names_who_is_held_down() -> None:
    """A busy corrector by name; a flood of one sender and of one text as such, without address and words."""
    words = "My parcel with the blue lamp has not arrived since last Tuesday, where is it now?"
    lessons = [
        *(lesson(n, urgency="low", corrector="otto") for n in range(1, 20)),
        *(lesson(100 + n, urgency="low", sender="flood@example.com") for n in range(9)),
        *(lesson(200 + n, urgency="low", text=words + "!" * n) for n in range(4)),
    ]
    shown = report_text(report_of(lessons, per_corrector=10, per_sender=5, per_text=2))
    assert "corrections by otto: 19 messages weigh 10" in shown
    assert "about messages of one sender: 9 messages weigh 5" in shown
    assert "about nearly the same words: 4 messages weigh 2" in shown
    assert "example.com" not in shown
    assert "parcel" not in shown


def test_report_tells_texts_that_were_called_two_things() -> None:
    """Nearly the same words with two truths teach neither, and the report says which two."""
    words = "My parcel with the blue lamp has not arrived since last Tuesday, where is it now?"
    one, two = (
        lesson(1, text=words, kind="complaint"),
        lesson(2, text=words + "!", kind="request", corrector="ben"),
    )
    assert "2 conflict: 2 messages with nearly the same words were called 'complaint' and 'request' (kind)" in (
        report_text(report_of([one, two, lesson(3, urgency="low")]))
    )


def test_report_shows_first_what_fell() -> None:
    """A refused candidate: the place and the figure that refuse it stand above the others and are marked."""
    fine = Check(where="corpus, language de", figure="kind F1", messages=900, before=0.8, after=0.81, allowed=0.02)
    fell = Check(where="corpus, language fi", figure="kind F1", messages=900, before=0.8, after=0.7, allowed=0.02)
    kept = fell.model_copy(update={"figure": "type F1", "after": 0.8})
    report = report_of([lesson(1, urgency="low")], fine, fell, kept)
    lines = report_text(report).splitlines()
    assert not report.is_good
    assert "verdict     REFUSED: as tested" in lines
    assert lines[-2:] == [
        "  corpus, language fi    900 !kind F1 0.800 -> 0.700   type F1 0.800 -> 0.800",
        "  corpus, language de    900  kind F1 0.800 -> 0.810",
    ]


def test_report_of_many_reasons_says_how_many_more() -> None:
    """A long list is cut where a person stops reading, and says so."""
    lessons = [lesson(n, type=f"own{n}") for n in range(60)]
    shown = report_text(report_of([*lessons, lesson(99, urgency="low")]))
    assert "the model has no type 'own0'" in shown
    assert "and 20 more; --json tells all" in shown
    assert "own59" not in shown


def test_report_of_before_is_still_read() -> None:
    """One that was written before it said who taught it is shown without."""
    kept = report_of([lesson(1, urgency="low")]).model_dump(mode="json")
    del kept["correctors"]
    assert "by " not in report_text(LearningReport.model_validate(kept)).partition("figures")[0].splitlines()[-2]
