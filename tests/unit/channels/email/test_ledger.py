# SPDX-License-Identifier: Apache-2.0
"""The position in a mailbox never runs ahead of what is stored."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from channels.email.ledger import Ledger, Position


def ledger(*offered: int, start: int = 0) -> Ledger:
    made = Ledger(Position(uidvalidity=7, uid=start))
    for uid in offered:
        made.offer(uid)
        made.pass_by([uid])
    return made


def test_position_waits_for_the_oldest_open_message() -> None:
    """Messages stored out of order do not move the position past one that is not."""
    made = ledger(3, 4, 9)
    for uid in (4, 9):
        made.ack(uid)
    made.finish([4, 9])
    assert made.position.uid == 2
    made.ack(3)
    made.finish([3])
    assert made.position == Position(uidvalidity=7, uid=9)


def test_acked_is_not_finished_until_the_server_knows() -> None:
    """Between commit and flag the position still holds, so a crash there offers the message again."""
    made = ledger(1)
    made.ack(1)
    assert made.acked == [1]
    assert made.position.uid == 0


def test_ack_of_something_unknown_or_done_changes_nothing() -> None:
    """A late or doubled ack is harmless."""
    made = ledger(1)
    made.ack(5)
    made.ack(1)
    made.finish([1])
    made.ack(1)
    assert made.acked == []


@given(st.lists(st.integers(1, 60), unique=True), st.data())
def test_position_is_below_everything_unfinished(uids: list[int], data: st.DataObject) -> None:
    """For any order of acks the position is below each open message and never above what was looked at."""
    uids = sorted(uids)
    made = ledger(*uids)
    done = data.draw(st.sets(st.sampled_from(uids))) if uids else set()
    made.finish(done)
    open_uids = set(uids) - done
    assert all(made.position.uid < uid for uid in open_uids)
    assert made.position.uid <= max(uids, default=0)
    if not open_uids:
        assert made.position.uid == max(uids, default=0)
