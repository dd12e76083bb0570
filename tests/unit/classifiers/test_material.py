# SPDX-License-Identifier: Apache-2.0
"""Messages as numbers: what is told of a channel."""

from __future__ import annotations

from classifiers.material import CHANNELS, TrainingSettings, make_material
from classifiers.public import PartRow
from classifiers.signals import SignalFile
from router.schema import TYPES


def test_one_message_in_five_is_learned_from_without_its_channel() -> None:
    """The same ones every time, on every channel."""
    rows = [
        PartRow(text=f"the parcel {n} is late", kind="complaint", channel=channel, source="s")
        for channel in CHANNELS
        for n in range(200)
    ]
    extra = make_material([], rows, SignalFile(groups={}), TrainingSettings(), TYPES).extra
    named = extra.toarray()[:, : len(CHANNELS)].reshape(len(CHANNELS), 200, len(CHANNELS)).sum(axis=2)
    assert (named == named[0]).all()
    assert 0.7 < named.mean() < 0.9
