# SPDX-License-Identifier: Apache-2.0
"""What the schedule learns from besides corrections is named in the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.config.loader import load
from router.errors import ConfigError
from router.testing.product import make_installation


def test_corpus_is_beside_the_configuration(tmp_path: Path) -> None:
    """A relative path is looked for where router.yaml is."""
    folder = make_installation(tmp_path / "conf", channels=[], settings={"learning": {"corpus": ["own/few.jsonl"]}})
    (folder / "own").mkdir()
    (folder / "own" / "few.jsonl").touch()
    assert load(folder).settings.learning.corpus == (folder / "own" / "few.jsonl",)


def test_corpus_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    """It is told before anything starts, not at the first training a week later."""
    folder = make_installation(tmp_path / "conf", channels=[], settings={"learning": {"corpus": ["gone.jsonl"]}})
    with pytest.raises(ConfigError, match=r"learning\.corpus\[0\].*there is no file"):
        load(folder)
