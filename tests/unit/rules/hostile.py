# SPDX-License-Identifier: Apache-2.0
"""A hundred and more rule files made to hang, bloat or mislead the loader, and a process that measures each.

Run as a program with the folder of a good configuration: loads each file in a child of its own, decides a message of
50,000 characters where it loads, and prints one line of JSON a file.
"""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TOP = "root:\n  queue: triage\n  routes:\n"
REGEXES = [
    "(a+)+$", "(a|a)*$", "(a|aa)+$", "(.*)*x", "(.*a){20}", "^(([a-z])+.)+[A-Z]([a-z])+$", "(x+x+)+y", "([a-zA-Z]+)*$",
    "(a?){50}a{50}", "^(a+)+b", "(?:a|b|ab)*c", "([^a]*a)*b", "(\\s*,?\\s*)*$", "(\\w+\\s?)*$", "a*a*a*a*a*b",
    "(.+)+\\.(.+)+x", "(a{1,50}){1,10}b", "^(\\d+)*$", "(?:(?:a+)*)*b", "(\\pL+)+!", "(a|b)*a(a|b){40}", "\\bx*\\b*y",
    "(?i)(k|K)+z", "(aa|aab?)*c",
]  # fmt: skip
SCALARS = ["yes", "0x1F", "1_000", "~", "2026-01-01", ".inf", "-.nan", "1e400", "0o17", "12:30:45", "!!int 3", "<<"]
TAGS = ["!!python/object/apply:os.system [ls]", "!!python/name:os.system", "!include other.yaml", "!!binary aGk=",
        "!custom {a: b}", "!!set {a, b}", "!!omap [a: 1]"]  # fmt: skip


def one(when: str) -> str:
    return f"{TOP}    - name: a\n      when: {when}\n"


def routes(count: int, when: Callable[[int], str]) -> str:
    return TOP + "".join(f"    - {{name: r{n}, when: {when(n)}}}\n" for n in range(count))


def bombs() -> dict[str, str]:
    """Anchors that grow, and depth in every shape."""
    doubling = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 'x'}]\n" for n in range(12))
    merging = "".join(f"m{n}: &m{n} {{<<: *m{n - 1}, k{n}: 1}}\n" if n else "m0: &m0 {k: 1}\n" for n in range(500))
    return {
        "bomb of lists": doubling + one("{type: *a11}"),
        "bomb of merges": merging + one("*m499"),
        "anchor in itself": "root: &r\n  queue: triage\n  routes: [*r]\n",
        "thousand aliases": TOP + "    - &x {name: a, when: {type: billing}}\n" + "    - *x\n" * 1_000,
        **{f"deep {name} {depth}": one(opening * depth + "{type: billing}" + closing * depth)
           for name, opening, closing in (("not", "{not: ", "}"), ("any", "{any: [", "]}"), ("list", "[", "]"))
           for depth in (20, 60, 5_000)},
        **{f"deep routes {depth}": deep_routes(depth) for depth in (15, 200)},
        **{f"deep expression {n}": one("{cel: '" + "(" * n + "true" + ")" * n + "'}") for n in (10, 400)},
        **{f"tag {n}": one(f"{{type: {tag}}}") for n, tag in enumerate(TAGS)},
        **{f"tag of root {n}": f"root: {tag}\n" for n, tag in enumerate(TAGS[:3])},
        **{f"scalar {word}": one(f"{{type: {word}}}") for word in SCALARS},
        **{f"scalar as queue {word}": f"root: {{queue: {word}}}\n" for word in SCALARS},
    }  # fmt: skip


def deep_routes(depth: int) -> str:
    text, indent = "root:\n  queue: triage\n", "  "
    for _ in range(depth):
        text += f"{indent}routes:\n{indent}- name: a\n{indent}  when: {{type: billing}}\n"
        indent += "  "
    return text


def keys_and_sizes() -> dict[str, str]:
    """Duplicate and unknown keys, odd characters, and too much of everything."""
    rng = random.Random(5)
    noise = "".join(chr(rng.choice([*range(32, 127), 10, 10, 0x202E, 0x2028, 0xFEFF])) for _ in range(20_000))
    return {
        "same key twice": "root: {queue: triage}\nroot: {queue: triage}\n",
        "same condition twice": one("{type: billing, type: refund}"),
        "same names": TOP + "    - {name: a, when: {type: billing}}\n" * 1_000,
        "unknown keys": TOP + "    - name: a\n" + "".join(f"      key{n}: 1\n" for n in range(4_000)),
        "unknown fields": TOP + "    - name: a\n      when:\n" + "".join(f"        x{n}: 1\n" for n in range(4_000)),
        "unknown values": one("{type: [" + ", ".join(f"biling{n}" for n in range(9_000)) + "]}"),
        "no root": "toor: {}\n", "nothing": "", "two documents": "root: {queue: triage}\n---\nroot: {queue: triage}\n",
        "a list": "- root\n", "a word": "root\n", "tabs": "root:\n\tqueue: triage\n", "zero byte": "root: \0\n",
        "noise": noise, "unclosed": "root: {queue: triage, routes: [" + "{name: a, " * 3_000,
        "long line": one('{subject: "' + "x" * 500_000 + '"}'), "long key": one("{" + "k" * 100_000 + ": 1}"),
        "half a megabyte and more": TOP + "# " + "x" * 600_000 + "\n",
        "many routes": routes(2_000, lambda n: f"{{type: billing, rating: {n}}}"),
        "many rows": routes(800, lambda n: f"{{any: [{', '.join(f'{{rating: {n + i}}}' for i in range(15))}]}}"),
        "rows of rows": routes(60, lambda n: "{" + "any: [{type: billing}, {kind: praise}], " + "all: ["
                               + ", ".join(f"{{any: [{{rating: {i}}}, {{rating: {n}}}]}}" for i in range(30)) + "]}"),
        "many ranges": routes(2_000, lambda n: f"{{confidence.type: {{above: 0.{n:04}}}}}"),
        "many words": routes(400, lambda n: f"{{text: {{contains: [word{n}, 'other {n}*']}}}}"),
        "many patterns": routes(600, lambda n: f"{{text: {{matches: 'a{n}(b|c)*d'}}}}"),
        "large patterns": routes(300, lambda n: f"{{text: {{matches: '\\pL{{10}}{n}'}}}}"),
        "too large patterns": routes(300, lambda n: f"{{text: {{matches: '\\pL{{900}}{n}'}}}}"),
        "quoting patterns": routes(20, lambda n: f"{{text: {{matches: '\\Q({n}'}}}}"),
        "many expressions": routes(290, lambda n: f"{{cel: 'length > {n} && text.contains(\"x{n}\")'}}"),
        "expression of macros": one("{cel: '" + "attachments.names.all(a, " * 6 + "true" + ")" * 6 + "'}"),
    }  # fmt: skip


def patterns() -> dict[str, str]:
    """Regular expressions that hang backtracking engines: alone, and many together so that they are indexed."""
    alone = {f"regex {n}": one(f"{{text: {{matches: '{text}'}}}}") for n, text in enumerate(REGEXES)}
    together = routes(120, lambda n: f"{{text: {{matches: '{REGEXES[n % len(REGEXES)]}{n}'}}}}")
    return {**alone, "regexes together": together}


def hostile_files() -> dict[str, str]:
    """Name to text."""
    return {**bombs(), **keys_and_sizes(), **patterns()}


# --- measuring -----------------------------------------------------------------------------------------------------


def measured(folder: Path, text: str) -> dict[str, Any]:
    """Load one file in this process and decide long messages by it."""
    from router.config.loader import load
    from router.errors import ConfigError, Mistake
    from router.rules.facts import Facts
    from router.rules.ruleset import RuleSet
    from router.schema import InboundMessage

    (folder / "rules.yaml").write_text(text, encoding="utf-8")
    before, start = memory(), time.process_time()
    rules: RuleSet | None = None
    mistakes: tuple[Mistake, ...] = ()
    try:
        rules = load(folder).rules
    except ConfigError as error:
        mistakes = error.mistakes
    found: dict[str, Any] = {"seconds": time.process_time() - start, "loaded": rules is not None}
    found["unplaced"] = [str(one) for one in mistakes if not (one.file == "rules.yaml" and one.line)]
    found["mistakes"] = len(mistakes)
    worst = 0.0
    for probe in ("a", "ab", "x", "a ", "Aa1 ,") if rules is not None else ():
        words = (probe * 50_000)[:50_000]
        facts = Facts(message=InboundMessage(channel="email", account="a", native_id="1", text=words))
        rules.decide(facts)  # type: ignore[union-attr] # the loop is empty without them
        took = []
        for _ in range(3):
            start = time.process_time()
            rules.decide(facts)  # type: ignore[union-attr]
            took.append(time.process_time() - start)
        worst = max(worst, min(took))
    return {**found, "matching": worst, "megabytes": (memory() - before) / 1024}


def memory() -> int:
    """The most memory this process ever had, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def say(found: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Each file in a child made from this process, which has loaded a good one before."""
    from router.config.loader import load

    with tempfile.TemporaryDirectory() as place:
        folder = Path(shutil.copytree(sys.argv[1], Path(place) / "config"))
        load(folder)
        for name, text in hostile_files().items():
            child = os.fork()
            if not child:
                say({"name": name, **measured(folder, text)})
                os._exit(0)
            _, status = os.waitpid(child, 0)
            if status:
                say({"name": name, "died": status})


if __name__ == "__main__":
    main()
