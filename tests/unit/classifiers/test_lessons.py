# SPDX-License-Identifier: Apache-2.0
"""What may be learned from corrections, and what is left out and why."""

import pytest

from classifiers.lessons import LessonLimits, admit
from router.testing.lessons import SAID, lesson, text


def test_admit_gives_row_with_what_was_said() -> None:
    """A correction becomes a row of full weight with the labels that were spoken of and no other."""
    found = admit([lesson(1, type="billing", urgency="high")])
    [row] = found.rows
    assert (row.kind, row.type, row.urgency, row.weight, row.text) == (None, "billing", "high", 1.0, text(1))
    assert row.judged_as == text(1)
    assert found.refusals == ()


def test_newest_label_wins() -> None:
    """Of several words about one message the last counts, label by label, whatever the order they come in."""
    early, late = (
        lesson(1, kind="praise"),
        lesson(2, key="m1", text=text(1), kind="request", type="account"),
    )
    other = lesson(3, key="m1", text=text(1), urgency="low")
    [row] = admit([other, late, early]).rows
    assert (row.kind, row.type, row.urgency) == ("request", "account", "low")


def test_later_praise_takes_type_away() -> None:
    """Praise has no type, even if somebody gave one before."""
    [row] = admit([lesson(1, type="billing"), lesson(2, key="m1", text=text(1), kind="praise")]).rows
    assert (row.kind, row.type) == ("praise", None)


def test_conflicting_near_repeats_are_dropped() -> None:
    """Nearly the same words called two things teach neither; other labels of them stay."""
    words = "My parcel with the blue lamp has not arrived since last Tuesday, where is it now?"
    one = lesson(1, text=words, kind="complaint", urgency="high")
    two = lesson(2, text=words + "!", kind="request", corrector="ben")
    found = admit([one, two])
    assert [(row.kind, row.urgency) for row in found.rows] == [(None, "high")]
    [refusal] = found.refusals
    assert (refusal.reason, refusal.ids) == ("conflict", (1, 2))
    assert "'complaint' and 'request'" in refusal.sentence


def test_near_repeats_share_a_bounded_weight() -> None:
    """A hundred copies of one text weigh what the limit says, and are judged in one fold."""
    words = "The invoice of March was taken twice from my account and nobody answers at all."
    copies = [lesson(n, text=f"{words} {'x' * (n % 3)}", type="billing") for n in range(1, 101)]
    found = admit(copies, limits=LessonLimits(trusted=("aino",)))
    assert found.weight == pytest.approx(2.0)
    assert len({row.judged_as for row in found.rows}) == 1
    assert [(one.group, one.messages) for one in found.restraints] == [("text", 100)]


@pytest.mark.parametrize("words", ["no", "坏了", "??"])
def test_repeats_too_short_for_pieces_share_a_bounded_weight(words: str) -> None:
    """Sixty times the same two letters are one text, and contradictions in them teach nothing."""
    copies = [lesson(n, text=words if n % 2 else f" {words.upper()}", type="billing") for n in range(1, 61)]
    assert admit(copies, limits=LessonLimits(trusted=("aino",))).weight == pytest.approx(2.0)
    mixed = [lesson(n, text=words, type=("billing", "refund")[n % 2]) for n in range(1, 61)]
    found = admit(mixed, limits=LessonLimits(trusted=("aino",)))
    assert (found.rows, [one.reason for one in found.refusals]) == ((), ["conflict"])


def test_type_that_the_model_does_not_have_costs_no_other_label() -> None:
    """Who says complaint, urgent and a type of the installation's own still teaches kind and urgency."""
    found = admit([lesson(1, kind="complaint", type="loyalty", urgency="high"), lesson(2, type="loyalty")])
    assert [(row.kind, row.type, row.urgency) for row in found.rows] == [("complaint", None, "high")]
    assert [(one.reason, one.ids) for one in found.refusals] == [("unknown type", (1, 2))]


def test_sender_and_corrector_are_bounded() -> None:
    """Neither one customer nor one colleague weighs more than the limits, and a colleague is named."""
    mixed = [lesson(n, type=("billing", "refund", "account")[n % 3], sender="s") for n in range(1, 31)]
    assert admit(mixed).weight == pytest.approx(5.0)
    found = admit([one.model_copy(update={"sender": ""}) for one in mixed], limits=LessonLimits(per_corrector=10))
    assert found.weight == pytest.approx(10.0)
    assert [(one.group, one.corrector) for one in found.restraints] == [("corrector", "aino")]
    assert admit(mixed, most_weight=2.5).weight == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("head", "value"), [("kind", "praise"), ("type", "billing"), ("urgency", "low")], ids=["kind", "type", "urgency"]
)
def test_one_sided_corrector_is_refused(head: str, value: str) -> None:
    """One who turns a label into another en masse, alone, is refused with the reason; others' words stay."""
    poison = [lesson(n, corrector="mallory", **{head: value}) for n in range(1, 61)]
    honest = [lesson(100 + n, type="product") for n in range(5)]
    found = admit([*poison, *honest])
    [refusal] = found.refusals
    assert (refusal.reason, refusal.corrector, len(refusal.ids)) == ("one-sided", "mallory", 60)
    assert f"'{value}' in 60 messages" in refusal.sentence
    assert {row.type for row in found.rows} == {"product"}


def test_one_sided_repeats_of_one_message_count_once() -> None:
    """Saying the same of one message over and over is one word, not many."""
    found = admit([lesson(n, key="m1", text=text(1), kind="praise") for n in range(1, 61)])
    assert (len(found.rows), found.refusals) == (1, ())


def test_one_sided_is_believed_with_others_trust_or_doubt() -> None:
    """The same turn by colleagues, trust in the settings, or a model that was not sure makes it believable."""
    mine = [lesson(n, kind="praise") for n in range(1, 41)]
    others = [lesson(100 + n, kind="praise", corrector="ben") for n in range(14)]
    assert admit(mine).rows == ()
    assert len(admit([*mine, *others]).rows) == 54
    assert len(admit(mine, limits=LessonLimits(trusted=("aino",))).rows) == 40
    torn = SAID.model_copy(update={"scores": {"kind": {"complaint": 0.4}}})
    assert len(admit([one.model_copy(update={"said": torn}) for one in mine]).rows) == 40


def test_others_near_the_same_messages_do_not_vouch() -> None:
    """A second name that repeats the turn on the very same messages adds no message, so it vouches for nothing."""
    mine = [lesson(n, kind="praise") for n in range(1, 41)]
    puppet = [lesson(200 + n, key=f"m{n}", text=text(n), kind="praise", corrector="puppet") for n in range(1, 20)]
    found = admit([*mine, *puppet])
    assert {one.corrector for one in found.refusals} == {"aino"}


def test_unusable_lessons_are_listed() -> None:
    """No words, a type the model does not know, nothing said: each is left out with its reason."""
    found = admit([lesson(1, text=" ", kind="other"), lesson(2, type="nonsense"), lesson(3)])
    assert {one.reason: one.ids for one in found.refusals} == {
        "no text": (1,),
        "unknown type": (2,),
        "nothing said": (3,),
    }
    assert admit([]).rows == ()


def test_one_sided_urgency_is_refused_in_doubt_too() -> None:
    """A model calls critical what is hardly likely to be, so its doubt excuses nobody who always says low."""
    said = SAID.model_copy(update={"urgency": "critical", "scores": {"urgency": {"critical": 0.4, "low": 0.3}}})
    found = admit([lesson(n, urgency="low", said=said) for n in range(1, 41)])
    assert (found.rows, found.refusals[0].reason) == ((), "one-sided")


def test_one_sided_flood_is_not_vouched_for_by_a_few() -> None:
    """A handful of honest corrections of the same kind does not cover somebody who made ten times as many."""
    flood = [lesson(n, kind="praise", corrector="mallory") for n in range(60)]
    few = [lesson(100 + n, kind="praise", corrector="ben") for n in range(6)]
    found = admit([*flood, *few])
    assert [refusal.corrector for refusal in found.refusals] == ["mallory"]
    assert "others did in 6" in found.refusals[0].sentence
    many = [lesson(100 + n, kind="praise", corrector="ben") for n in range(20)]
    assert admit([*flood, *many]).refusals == ()
