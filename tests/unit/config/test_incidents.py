# SPDX-License-Identifier: Apache-2.0
"""``incidents`` of ``router.yaml``: names of other files are checked, and every mistake has its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.config.loader import load
from router.errors import ConfigError

TEAMS = """
teams: [{name: billing, queues: [bills, refunds]}]
sinks: [{name: room, kind: slack, url: {env: ROOM}}]
calendars:
  office: {zone: Europe/Helsinki, hours: {mon-fri: ["08:00-16:00"]}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules.yaml").write_text("root: {queue: bills}\n")
    (tmp_path / "teams.yaml").write_text(TEAMS)
    return tmp_path


def mistakes(folder: Path, text: str) -> list[str]:
    (folder / "router.yaml").write_text(f"company: Shop\nincidents:\n{text}")
    try:
        load(folder)
    except ConfigError as error:
        return [str(mistake) for mistake in error.mistakes]
    return []


def test_rules_with_known_names_load(folder: Path) -> None:
    """Types, languages, channels, teams, queues, calendars and sinks that exist."""
    text = (
        "  notify: [room]\n"
        "  mute:\n"
        "    - {name: a, when: {type: [billing], language: [fi, und], channel: [email], team: [billing],"
        " queue: [refunds], tag: [vip], shares: [NW-7]}, while_closed: office}\n"
        '    - {name: b, until: "2027-01-01T00:00+02:00", while_open: always}\n'
        "  inhibit: [{name: a, source: {type: [technical]}, target: {type: [service]}, equal: [language, shares]}]\n"
    )
    assert mistakes(folder, text) == []


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("  notify: [rom]", "3:12: incidents.notify[0]: unknown sink 'rom'; known: room (did you mean 'room'?)"),
        ("  mute: [{name: a, when: {type: [biling]}}]",
         "3:34: incidents.mute[0].when.type[0]: unknown type 'biling'"),
        ("  mute: [{name: a, when: {language: [xx]}}]", "incidents.mute[0].when.language[0]: unknown language 'xx'"),
        ("  mute: [{name: a, when: {channel: [mail]}}]", "(did you mean 'email'?)"),
        ("  mute: [{name: a, when: {team: [bills]}}]", "unknown team 'bills'; known: billing"),
        ("  mute: [{name: a, when: {queue: [bill]}}]", "unknown queue 'bill'; known: bills, refunds"),
        ("  mute: [{name: a, when: {tags: [x]}}]", "unknown key 'tags'"),
        ("  mute: [{name: a, when: {type: billing}}]", "must be a list, not 'billing'"),
        ("  mute: [{name: a}]", "incidents.mute[0]: mutes every incident for ever"),
        ("  mute: [{name: a, while_open: ofice}]", "3:32: incidents.mute[0].while_open: unknown calendar 'ofice'"),
        ("  mute: [{name: a, while_open: office, while_closed: office}]", "never open and closed at a time"),
        ('  mute: [{name: a, until: "2027-01-01 10:00"}]', "has no time zone; write 2026-12-21T22:00+02:00"),
        ("  mute: [{name: a, until: tomorrow}]", "'tomorrow' is no moment"),
        ("  mute: [{name: a, while_open: office}, {name: a, while_open: always}]",
         "incidents.mute[1].name: another rule is named 'a' too"),
        ("  inhibit: [{name: a, source: {}, target: {type: [billing]}}]", "incidents.inhibit[0].source: says nothing"),
        ("  inhibit: [{name: a, source: {type: [billing]}, target: {type: [billing]}}]", "is the same as 'source'"),
        ("  inhibit: [{name: a, source: {type: [x]}}]", "the key 'target' is missing"),
        ("  inhibit: [{name: a, source: {type: [billing]}, target: {tag: [x]}, equal: [lang]}]",
         "incidents.inhibit[0].equal[0]: unknown value 'lang'"),
    ],
)  # fmt: skip
def test_mistake_is_said_with_its_place(folder: Path, line: str, wanted: str) -> None:
    """File, line, column, key path, sentence and suggestion."""
    [found] = mistakes(folder, f"{line}\n")
    assert found.startswith("router.yaml:")
    assert wanted in found


def test_names_of_a_broken_file_are_not_checked(folder: Path) -> None:
    """With mistakes in teams.yaml, its names are not known; what else is wrong is still said."""
    (folder / "teams.yaml").write_text("teams: [{nam: billing}]\n")
    found = mistakes(folder, "  notify: [room]\n  mute: [{name: a, when: {type: [x], team: [y]}, while_open: z}]\n")
    assert [one for one in found if "incidents" in one and "type" not in one] == []
    assert any("unknown type 'x'" in one for one in found)
