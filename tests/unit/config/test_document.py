# SPDX-License-Identifier: Apache-2.0
"""The harmless part of YAML 1.2, with places; hostile files are refused quickly."""

from __future__ import annotations

import pytest

from router.config.document import MAX_BYTES, MAX_NODES, parse, show_path
from router.errors import ConfigError

HOSTILE = {
    "alias bomb": "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n",
    "cycle": "a: &a [*a]\n",
    "open lists": "[" * 200_000,
    "open mappings": "{a: " * 100_000,
    "nested dashes": "- " * 100_000,
    "question marks": "? " * 100_000,
    "shallow lists": "[" + ("[" * 45 + "]" * 45 + ",") * 5_000 + "]",
    "many keys": "".join(f"k{n}: v\n" for n in range(40_000)),
    "same keys": "a: 1\n" * 40_000,
    "large": "a: " + "x" * MAX_BYTES,
    "nul": "a: \0",
    "escape": "a: \x1b[2J",
    "surrogate escape": 'a: "\\ud800"\nb: [\n',
    "tag": "a: !!python/object/apply:os.system [ls]",
    "directive": "%TAG ! tag:example.org,2000:\n---\na: !x b",
    "version": "%YAML 1.5\n---\na: 1",
    "unclosed": 'a: "' + "b" * 100_000,
    "tab": "a:\n\t- b",
    "long key": "a" * 100_000 + ": b",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_parse_hostile_file_is_refused_with_a_sentence(text: str) -> None:
    """Bombs, cycles, tags, depth, size and odd characters end in one ConfigError."""
    with pytest.raises(ConfigError) as caught:
        parse(text.encode("utf-8", "surrogatepass"), "rules.yaml")
    assert all(m.sentence and (m.line or "larger" in m.sentence) for m in caught.value.mistakes)


def test_parse_takes_scalars_of_yaml_1_2() -> None:
    """``yes`` and times of day are text, 010 is ten, quotes make text."""
    text = (
        "{a: yes, b: 010, c: 0x1F, d: 1e3, e: .5, f: ~, g: 'true', h: 12:30, i: 1_000, j: .inf, k: FALSE, l: 2026-1-2}"
    )
    assert parse(text.encode(), "x").root.plain() == {
        "a": "yes", "b": 10, "c": 31, "d": 1000.0, "e": 0.5, "f": None, "g": "true", "h": "12:30", "i": "1_000",
        "j": ".inf", "k": False, "l": "2026-1-2",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "---\n...\n", "\ufeff"])
def test_parse_empty_file_is_an_empty_mapping(text: str) -> None:
    """Nothing is no mistake of the YAML."""
    assert parse(text.encode(), "x").root.plain() == {}


def test_document_mistake_points_at_value_or_key() -> None:
    """Lines and columns count from 1."""
    document = parse(b"a:\n  - name: one\n    when: {type: x}\n", "rules.yaml")
    assert str(document.mistake(("a", 0, "when", "type"), "wrong")) == "rules.yaml:3:18: a[0].when.type: wrong"
    assert str(document.mistake(("a", 0, "when"), "wrong", key=True)) == "rules.yaml:3:5: a[0].when: wrong"
    assert str(document.mistake(("a", 0, "absent"), "wrong")).startswith("rules.yaml:2:5:")


def test_show_path_is_as_people_write_it() -> None:
    """Indexes in brackets, keys with dots."""
    assert show_path(("root", "routes", 2, "queue")) == "root.routes[2].queue"


def test_parse_takes_a_large_honest_file() -> None:
    """Five hundred routes are far below the caps."""
    route = "    - name: r{n}\n      when: {{type: billing, text: {{contains: [a, b, c]}}}}\n      queue: q\n"
    text = "root:\n  routes:\n" + "".join(route.format(n=n) for n in range(500))
    assert len(parse(text.encode(), "rules.yaml").root.plain()["root"]["routes"]) == 500
    assert MAX_NODES > 500 * 20
