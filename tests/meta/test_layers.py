# SPDX-License-Identifier: Apache-2.0
"""Who may import whom. Change the table only with a note in ``docs/decisions/``."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

BOTTOM = ("router.raw", "router.content", "router.schema", "router.errors")
CONTRACTS = (
    *BOTTOM, "router.records", "router.classifier", "router.interfaces", "router.storage", "router.measure",
    "router.deadlines.records", "router.learning.records", "router.assign.records", "router.incidents.records",
)  # fmt: skip
PIPELINE = (
    *CONTRACTS, "router.rules", "router.config.models", "router.crypto", "router.failpoints", "router.batcher",
    "router.parsing", "router.threads", "router.casework", "router.decide", "router.notices",
    "router.replies", "router.clock", "router.bell",
)  # fmt: skip

# Longest matching prefix decides. "*" may import everything of ours.
ALLOWED: dict[str, tuple[str, ...]] = {
    "router.raw": (),
    "router.content": ("router.raw",),
    "router.schema": ("router.raw", "router.content"),
    "router.errors": (),
    "router.failpoints": (),
    "router.bell": (),
    "router.batcher": (),
    "router.crypto": (),
    "router.clock": (),
    "router.retry_after": (),
    "router.records": BOTTOM,
    "router.measure": (),
    "router.storage": (
        *BOTTOM,
        "router.records",
        "router.deadlines.records",
        "router.learning.records",
        "router.assign.records",
        "router.incidents.records",
    ),
    "router.assign": (*CONTRACTS, "router.assign", "router.deadlines", "router.bell"),
    "router.assign.records": (*BOTTOM, "router.records"),
    "router.deadlines": (*CONTRACTS, "router.deadlines", "router.failpoints", "router.bell"),
    "router.deadlines.records": (*BOTTOM, "router.records"),
    "router.learning": ("router", "classifiers"),
    "router.learning.records": (*BOTTOM, "router.records"),
    "router.incidents": (*CONTRACTS, "router.incidents", "router.failpoints", "router.replies", "router.bell"),
    "router.incidents.settings": BOTTOM,
    "router.incidents.records": (*BOTTOM, "router.incidents.settings"),
    "router.incidents.signs": (*BOTTOM, "router.incidents.settings"),
    "router.incidents.detect": (*BOTTOM, "router.incidents.settings"),
    "router.incidents.mute": (*BOTTOM, "router.incidents.settings", "router.incidents.signs"),
    "router.classifier": ("router.schema",),
    "router.interfaces": (*BOTTOM, "router.classifier", "router.records", "router.storage", "router.measure"),
    "router.registry": (*CONTRACTS,),
    "router.config": (
        *CONTRACTS,
        "router.deadlines",
        "router.config",
        "router.rules",
        "router.registry",
        "router.replies.templates",
        "router",
    ),
    "router.rules": (*CONTRACTS, "router.rules", "router.config", "router.replies.templates", "router.failpoints"),
    "router.parsing": (*CONTRACTS, "router.parsing", "router.registry", "router.config.models"),
    "router.replies": (*CONTRACTS, "router.replies", "router.crypto", "router.config.models"),
    "router.replies.templates": (*BOTTOM, "router.config.problems"),
    "router.sinks": (*CONTRACTS, "router.sinks", "router.config.models", "router.retry_after"),
    "router.store": (
        *CONTRACTS,
        "router.store",
        "router.config.models",
        "router.clock",
        "router.failpoints",
        "router.incidents.settings",
        "router.incidents.signs",
        "router.incidents.detect",
        "router.incidents.mute",
    ),
    "router.bus": (*CONTRACTS, "router.bus", "router.config.models"),
    "router.logs": ("router.errors",),
    "router.metrics": CONTRACTS,
    "router.customers": CONTRACTS,
    "router.accounts": (*CONTRACTS, "router.config.models", "router.replies"),
    "router.intake": PIPELINE,
    "router.threads": PIPELINE,
    "router.casework": PIPELINE,
    "router.notices": PIPELINE,
    "router.decide": PIPELINE,
    "router.pipeline": PIPELINE,
    "router.worker": (*PIPELINE, "router.pipeline"),
    "router.outbox": PIPELINE,
    "router.web": ("router",),
    "router.cli": ("router", "classifiers"),
    "router.testing": ("router", "classifiers", "channels"),
    "router": ("*",),  # app, core, ingest: the composition
    "channels": (
        *CONTRACTS,
        "router.config.models",
        "router.failpoints",
        "router.retry_after",
        "channels.text",
        "channels.pushed",
        "channels.payload",
        "channels.meta",
    ),
    "classifiers": (*CONTRACTS, "classifiers"),
}

# Third-party modules that only one folder may touch.
KEPT_IN: dict[str, str | tuple[str, ...]] = {
    "imaplib2": "channels.email", "aiosmtpd": "channels.email", "imapclient": "channels.email",
    "telegram": "channels.telegram", "tweepy": "channels.x", "sqlalchemy": "router.store", "alembic": "router.store",
    "sqlite3": "router.store", "asyncpg": "router.store", "sklearn": "classifiers", "cel": "router.rules",
    "re2": ("router.rules", "router.parsing"), "ruamel": ("router.config", "classifiers.signals"),
    "argon2": "router.web",
    "nats": "router.bus", "holidays": "router.deadlines", "dateutil": "router.deadlines",
}  # fmt: skip


def modules() -> list[tuple[str, Path]]:
    found = []
    for top in ("router", "channels", "classifiers"):
        for path in sorted((ROOT / top).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            found.append((name, path))
    return found


def imports(path: Path) -> set[str]:
    """Every module a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def starts(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def rule_for(name: str) -> tuple[str, ...]:
    return ALLOWED[max((prefix for prefix in ALLOWED if starts(name, (prefix,))), key=len)]


@pytest.mark.parametrize(("name", "path"), modules(), ids=[name for name, _ in modules()])
def test_module_imports_only_what_its_layer_may(name: str, path: Path) -> None:
    """No module reaches above its layer, no channel into another, no core into a platform."""
    allowed = rule_for(name)
    if name.startswith("channels.") and name not in {"channels.text", "channels.pushed"}:
        allowed = (*allowed, ".".join(name.split(".")[:2]))
    ours = {found for found in imports(path) if starts(found, ("router", "channels", "classifiers"))}
    known = {module for module, _ in modules()}
    reached = {found if found in known else found.rpartition(".")[0] for found in ours}
    bad = sorted(found for found in reached - {name} if allowed != ("*",) and not starts(found, allowed))
    if name.startswith("channels."):
        bad += sorted(found for found in reached if starts(found, ("channels",)) and not starts(found, allowed))
    assert not bad, f"{name} may not import {', '.join(bad)}"


@pytest.mark.parametrize(("name", "path"), modules(), ids=[name for name, _ in modules()])
def test_module_keeps_libraries_in_their_folder(name: str, path: Path) -> None:
    """A platform's library, a database driver, the rule engine: each is imported in one folder only."""
    for found in imports(path):
        home = KEPT_IN.get(found.partition(".")[0])
        homes = (home,) if isinstance(home, str) else home or ()
        assert home is None or starts(name, (*homes, "router.testing")), f"{name} imports {found}; only {home} may"


@pytest.mark.parametrize("path", [path for _, path in modules()], ids=[name for name, _ in modules()])
def test_file_names_its_licence(path: Path) -> None:
    """Every file of ours begins with its SPDX line."""
    assert path.read_text(encoding="utf-8").startswith("# SPDX-License-Identifier: Apache-2.0\n")
