# SPDX-License-Identifier: Apache-2.0
"""The model in force is exchanged while running, and a bad one never is."""

from pathlib import Path

from router.errors import ModelError
from router.interfaces import Classifier, ClassifierInput
from router.learning.live import LiveClassifier
from router.testing.classifier import KeywordClassifier


def made(path: Path) -> LiveClassifier:
    def load() -> Classifier:
        name = path.read_text(encoding="utf-8") if path.exists() else "shipped"
        if name == "bad":
            raise ModelError("damaged")
        return KeywordClassifier(name=name)

    return LiveClassifier(load, path)


async def test_new_model_is_taken_up(tmp_path: Path) -> None:
    """A file that appears, changes or goes is taken up at the next look, once."""
    path = tmp_path / "current.zip"
    live = made(path)
    assert (live.name, await live.look()) == ("shipped", False)
    path.write_text("one", encoding="utf-8")
    assert (await live.look(), await live.look(), live.name) == (True, False, "one")
    [said] = live.classify([ClassifierInput(text="late parcel")])
    assert said.model == "one"
    path.unlink()
    assert (await live.look(), live.name) == (True, "shipped")


async def test_bad_model_changes_nothing(tmp_path: Path) -> None:
    """A model that cannot be loaded leaves the one in force, and says why; the next good one comes in."""
    path = tmp_path / "current.zip"
    live = made(path)
    path.write_text("bad", encoding="utf-8")
    assert not await live.look()
    assert (live.name, live.last_error) == ("shipped", "damaged")
    path.write_text("good one", encoding="utf-8")
    assert await live.look()
    assert (live.name, live.last_error) == ("good one", "")
