# SPDX-License-Identifier: Apache-2.0
"""Loading a folder: the shipped one, the smallest one, and one bad sample for every kind of mistake."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from router.config.loader import check_secrets, load
from router.errors import ConfigError

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "tests" / "fixtures" / "config"
BAD = sorted((SAMPLES / "bad").glob("*.yaml"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SAMPLES / "good", tmp_path / "config"))


def mistakes_of(folder: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(folder)
    return [str(mistake) for mistake in caught.value.mistakes]


@pytest.mark.parametrize("sample", BAD, ids=lambda path: path.stem)
def test_load_bad_sample_shows_every_mistake_with_its_place(sample: Path, folder: Path) -> None:
    """Each sample gives exactly the expected lines: file, line, column, key path, sentence and suggestion."""
    shutil.copy(sample, folder / f"{sample.stem.split('-')[0]}.yaml")
    expected = sample.with_suffix(".expected").read_text(encoding="utf-8").replace("DIR", str(folder)).splitlines()
    assert mistakes_of(folder) == expected


def test_load_samples_all_have_line_and_column() -> None:
    """No mistake inside a file is without a place."""
    for sample in BAD:
        for line in sample.with_suffix(".expected").read_text(encoding="utf-8").splitlines():
            assert line.split(":")[1].isdigit(), f"{sample.stem}: {line}"


def test_load_good_folder_is_typed_and_absolute(folder: Path) -> None:
    """The smallest folder loads; the data folder is beside it."""
    configuration = load(folder)
    assert configuration.settings.company == "Example Shop"
    assert configuration.data_dir == folder / "data"
    assert [(c.kind, c.account, c.enabled) for c in configuration.channels] == [("call", "desk", True)]
    assert configuration.queues == {
        "triage": "triage",
        "billing": "billing",
        "refunds": "billing",
        "delivery": "delivery",
    }


def test_load_takes_relative_paths_from_the_folder(folder: Path) -> None:
    """Secrets and other files are looked for beside the configuration, wherever the process runs."""
    (folder / "channels.yaml").write_text(
        "channels:\n  - kind: email\n    account: a\n    address: a@example.org\n"
        "    imap: {host: imap.example.org, ca_file: ca.pem, user: a, password: {file: secrets/imap}}\n"
    )
    imap = load(folder).channels[0].settings.imap
    assert imap.password.file == folder / "secrets" / "imap"
    assert imap.ca_file == folder / "ca.pem"


def test_load_without_channels_file_has_no_channels(folder: Path) -> None:
    """channels.yaml may be absent."""
    (folder / "channels.yaml").unlink()
    assert load(folder).channels == ()


def test_load_shows_mistakes_of_all_files_at_once(folder: Path) -> None:
    """A mistake in one file does not hide those of the others."""
    (folder / "router.yaml").unlink()
    (folder / "rules.yaml").write_text("root: {queue: triage, tag: [a]}\n")
    (folder / "teams.yaml").write_text("teams: [{name: triage, titel: x}]\n")
    (folder / "templates" / "received" / "en.txt").write_text("Hello\n")
    found = mistakes_of(folder)
    assert [line.split(":")[0] for line in found] == [
        "router.yaml",
        "teams.yaml",
        "rules.yaml",
        "templates/received/en.txt",
    ]


def test_load_missing_folder_says_how_to_make_one(tmp_path: Path) -> None:
    """A wrong path leads to ``init``."""
    assert "init DIR" in mistakes_of(tmp_path / "nothing")[0]


def test_load_digest_changes_with_every_file(folder: Path) -> None:
    """The digest covers templates too."""
    before = load(folder).digest
    assert load(folder).digest == before
    (folder / "templates" / "received" / "en.txt").write_text("Subject: Other\n\nText\n")
    assert load(folder).digest != before


def test_load_section_with_all_keys_commented_out_has_its_defaults(folder: Path) -> None:
    """``customers:`` with nothing under it is the default and no mistake."""
    (folder / "router.yaml").write_text("company: X\ncustomers:\n  # file: x.csv\nweb:\n")
    assert load(folder).settings.web.port == 8080


def test_check_secrets_names_place_and_not_value(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets in use are tried; those of disabled channels are left alone."""
    monkeypatch.delenv("SLACK_URL", raising=False)
    (folder / "channels.yaml").write_text(
        "channels:\n  - {kind: telegram, account: one, token: {file: secrets/bot}}\n"
        "  - {kind: telegram, account: two, enabled: false, token: {file: secrets/none}}\n"
    )
    found = [str(mistake) for mistake in check_secrets(load(folder))]
    assert len(found) == 2
    assert "channels[0].token" in found[0]
    assert "SLACK_URL is not set" in found[1]
    monkeypatch.setenv("SLACK_URL", "https://example.org/hook")
    (folder / "secrets").mkdir()
    (folder / "secrets" / "bot").write_text("123:abc")
    assert check_secrets(load(folder)) == []


def test_load_imports_nothing_heavy() -> None:
    """``check`` answers at once: no platform's library, no terminal, no learning library is imported."""
    heavy = {"sklearn", "numpy", "telegram", "tweepy", "sqlalchemy", "aiohttp", "prompt_toolkit", "typer", "rich"}
    code = (
        "import sys; from pathlib import Path; from router.config.loader import load; load(Path('config')); "
        f"print({heavy!r} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.strip() == "set()"
