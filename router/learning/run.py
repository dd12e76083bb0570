# SPDX-License-Identifier: Apache-2.0
"""One round of learning: corrections are read, bounded, learned from; the candidate is judged, put on the shelf and,
where that was asked for and it is not worse, in force."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from router.config.loader import Configuration
from router.config.models import LearningSettings
from router.errors import ComplaintRouterError, ModelError
from router.interfaces import Classifier, ClassifierInput, Clock, Store
from router.learning.material import read_lessons, text_of
from router.learning.report import LearningReport, report_text
from router.learning.shelf import MAKING, ModelShelf, shelf_of
from router.schema import TYPES

if TYPE_CHECKING:
    from classifiers.candidate import Candidate, Tolerance
    from classifiers.drift import Reference
    from classifiers.lessons import Admitted, Lesson, LessonLimits
    from classifiers.model import LinearClassifier

__all__ = ["NothingNew", "Options", "learn", "limits_of", "shelf_of", "tolerance_of"]

_REFERENCE_MESSAGES = 5000  # the newest of the installation, as what later weeks are compared with
_REFERENCE_LEAST = 200
_LEFT_BEHIND = timedelta(days=1)  # after which what a training left half made is nobody's


class NothingNew(ComplaintRouterError):
    """There are too few corrections that the model in force has not learned from; nothing was trained."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to learn. ``corpus`` empty: that of the settings, else the one that ships. ``trusted`` adds to theirs."""

    promote: Literal["ask", "auto"] = "ask"
    corpus: Sequence[Path] = ()
    seed: int = 0
    trusted: tuple[str, ...] = ()
    least_new: int = 1
    by: str = "command line"
    progress: Callable[[str, float], None] = lambda what, done: None


def limits_of(settings: LearningSettings, trusted: Sequence[str] = ()) -> LessonLimits:
    from classifiers.lessons import LessonLimits

    return LessonLimits(
        per_corrector=settings.per_corrector,
        per_sender=settings.per_sender,
        per_text=settings.per_text,
        trusted=(*settings.trusted, *trusted),
    )


def tolerance_of(settings: LearningSettings) -> Tolerance:
    from classifiers.candidate import Tolerance

    return Tolerance(
        f1=settings.tolerance_f1,
        critical_recall=settings.tolerance_critical,
        corrections=settings.tolerance_corrections,
    )


async def learn(configuration: Configuration, store: Store, *, clock: Clock, options: Options) -> LearningReport:
    """Run one round.

    Raises:
        NothingNew: Too few new corrections, or none that may be learned from.
        ConfigError: The corpus has mistakes.
        ModelError, StoreError: A model or the database cannot be used.
    """
    now, settings = clock.now(), configuration.settings.learning
    lessons = await read_lessons(store, since=now - timedelta(days=settings.days))
    recent = await _recent(store)
    return await asyncio.to_thread(_learn, configuration, lessons, recent, now, options)


async def _recent(store: Store) -> list[ClassifierInput]:
    """The installation's newest messages, without those that a person has labelled."""
    rows = await store.unlabelled(limit=_REFERENCE_MESSAGES)
    return [ClassifierInput(text=text_of(row.message), channel=row.message.channel) for row in rows]


def _learn(
    configuration: Configuration,
    lessons: Sequence[Lesson],
    recent: Sequence[ClassifierInput],
    now: datetime,
    options: Options,
) -> LearningReport:
    from classifiers.candidate import make_candidate
    from classifiers.corpus import corpus_files, read_corpus
    from classifiers.lessons import admit

    settings, shelf = configuration.settings.learning, shelf_of(configuration)
    incumbent = _incumbent(configuration)
    _check_types(incumbent)
    lessons = _in_shipped_types(lessons, configuration.settings.types.sources)
    learned = _learned(incumbent)
    new = sum(lesson.id > learned for lesson in lessons)
    if new < options.least_new:
        raise NothingNew(f"{new} corrections are new to the model in force, {options.least_new} are wanted")
    own_files = tuple(options.corpus) or settings.corpus
    corpus = own_files or tuple(corpus_files())
    admitted = admit(
        lessons,
        limits=limits_of(settings, options.trusted),
        most_weight=settings.share * len(read_corpus(corpus)),
    )
    if not admitted.rows:
        why = "; ".join(refusal.sentence for refusal in admitted.refusals)
        raise NothingNew(f"no correction may be learned from: {why}")
    candidate = make_candidate(
        admitted,
        incumbent=incumbent,
        corpus=corpus,
        gold=() if own_files else None,  # who learns from messages of another kind is not judged by these
        learned_until=learned,
        tolerance=tolerance_of(settings),
        seed=options.seed,
        progress=options.progress,
    )
    candidate = candidate.with_card(
        _card(candidate, admitted, max(lesson.id for lesson in lessons), recent, configuration)
    )
    report = _shelve(shelf, candidate, admitted, incumbent=incumbent.name, now=now)
    if options.promote == "auto" and candidate.verdict.good and configuration.settings.model is None:
        if shelf.in_force() != report.digest:
            shelf.promote(report.digest, by=options.by, at=now)
        return report.model_copy(update={"in_force": True})
    return report


def _incumbent(configuration: Configuration) -> Classifier:
    """The model in force with the types it was trained with, whatever the installation calls them."""
    from classifiers.default import load_default

    current = shelf_of(configuration).current
    path = configuration.settings.model or (current if current.exists() else None)
    return load_default(path, languages=configuration.settings.languages)


def _check_types(incumbent: Classifier) -> None:
    """A candidate speaks the types that ship. In place of a model with types of its own it would know none of them,
    and all that was learned from the installation's files would be forgotten."""
    parameters = getattr(incumbent, "parameters", None)
    own = sorted(set(parameters.heads["type"].labels) - set(TYPES)) if parameters is not None else []
    if own:
        named = ", ".join(own[:5]) + (", …" if len(own) > 5 else "")
        raise ModelError(
            f"the model in force was trained with types of its own ({named}), which corrections cannot teach: "
            "add the corrected messages to its files and train it from these again"
        )


def _in_shipped_types(lessons: Sequence[Lesson], sources: Mapping[str, tuple[str, ...]]) -> list[Lesson]:
    """Types by the names the model knows. One that stands for several of them, or for none, cannot be told to it: its
    name stays, and is refused with the reason."""
    names = {name: shipped[0] for name, shipped in sources.items() if len(shipped) == 1}

    def translated(lesson: Lesson) -> Lesson:
        said = lesson.said.model_copy(update={"type": names.get(lesson.said.type or "", lesson.said.type)})
        return lesson.model_copy(update={"type": names.get(lesson.type or "", lesson.type), "said": said})

    return [translated(lesson) for lesson in lessons]


def _learned(incumbent: Classifier) -> int:
    """The newest correction the model in force has learned from."""
    parameters = getattr(incumbent, "parameters", None)
    learned = (parameters.card.get("corrections") or {}).get("until", 0) if parameters is not None else 0
    return learned if isinstance(learned, int) else 0


def _card(
    candidate: Candidate,
    admitted: Admitted,
    until: int,
    recent: Sequence[ClassifierInput],
    configuration: Configuration,
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "corrections": {"until": until, "messages": len(admitted.rows), "weight": round(admitted.weight, 2)}
    }
    if len(recent) >= _REFERENCE_LEAST:
        found["reference"] = _reference(candidate.model, recent, configuration).model_dump()
    return found


def _reference(model: LinearClassifier, recent: Sequence[ClassifierInput], configuration: Configuration) -> Reference:
    """What the weeks to come are compared with: what the model says here, in the installation's own types."""
    from classifiers.default import dress
    from classifiers.drift import reference_of, seen_of

    settings = configuration.settings
    types = settings.types.sources if settings.types.changed else None
    here = dress(model.parameters, languages=settings.languages, signals=settings.signals, types=types)
    said = here.classify(recent, explain=False)
    return reference_of(map(seen_of, said, recent), origin="messages")


def _shelve(
    shelf: ModelShelf, candidate: Candidate, admitted: Admitted, *, incumbent: str, now: datetime
) -> LearningReport:
    try:
        shelf.folder.mkdir(parents=True, exist_ok=True)
        shelf.tidy(older=_LEFT_BEHIND, now=now)
        with tempfile.TemporaryDirectory(dir=shelf.folder, prefix=MAKING) as place:
            made = Path(place) / "model.zip"
            digest = candidate.save(made)
            report = LearningReport.of(candidate, admitted, digest=digest, incumbent=incumbent, made_at=now)
            shelf.add(made, digest=digest, report=report.model_dump(mode="json"), text=report_text(report))
    except OSError as error:
        raise ModelError(f"{shelf.folder}: cannot be written: {error.strerror}") from error
    return report
