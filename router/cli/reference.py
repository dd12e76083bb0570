# SPDX-License-Identifier: Apache-2.0
"""The generated parts of ``docs/reference/``; ``python -m router.cli.reference`` writes them. A test compares.

Each page keeps what stands outside the two marks, so prose and tables live in one file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from router.config.reference import Row, configuration, meaning_of, rows_of, shipped_channels, table, type_words

if TYPE_CHECKING:
    from pydantic import BaseModel

    from router.interfaces import Capabilities

__all__ = ["BEGIN", "END", "PAGES", "with_part"]

BEGIN = "<!-- generated: python -m router.cli.reference -->"
END = "<!-- end of the generated part -->"


# --- commands ---------------------------------------------------------------------------------------------------


def commands() -> str:
    """Every command with its arguments and options."""
    import typer.main

    from router.cli.main import app

    lines: list[str] = []
    for path, command in _walk(typer.main.get_command(app), ()):
        arguments = [one for one in command.params if one.param_type_name == "argument"]
        usage = " ".join(["complaint-router", *path, "[OPTIONS]", *map(_metavar, arguments)])
        lines += [f"## {' '.join(path)}", "", " ".join((command.help or "").split()), "", f"    {usage}", ""]
        lines += ["| argument or option | default | meaning |", "|---|---|---|"]
        lines += [_parameter(one) for one in command.params]
        lines += ["| `-h`, `--help` |  | Show the help of the command. |", ""]
    return "\n".join(lines[:-1]) + "\n"


def _walk(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
        return
    for name, one in inner.items():
        yield from _walk(one, (*path, name))


def _metavar(one: Any) -> str:
    written = str(one.metavar or one.name.upper() + ("..." if one.nargs == -1 else ""))
    return written if one.required or written.startswith("[") else f"[{written}]"


def _parameter(one: Any) -> str:
    if one.param_type_name == "argument":
        name, default = f"`{_metavar(one)}`", "required" if one.required else ""
    else:
        flag = bool(getattr(one, "is_flag", False))
        value = "" if flag else " text" if one.multiple else f" {type_words(one.type_descriptor.annotation)}"
        name = ", ".join(f"`{written}`" for written in [*one.opts, *one.secondary_opts]) + value
        default = "" if flag or one.default in (None, "") else f"`{one.default}`"
    more = f" Also by the environment variable `{one.envvar}`." if one.envvar else ""
    text = one.help or ""
    cells = (name, default, f"{text}{'' if text.endswith('.') else '.'}{more}")
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


# --- channels ---------------------------------------------------------------------------------------------------


def channels() -> str:
    """What each channel can do, as its ``capabilities`` say when every optional part is configured."""
    from router.config.models import Secret

    lines = [
        "| channel | answers | longest answer | subject | threads | refuses a repeated send |",
        "|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        secret = Secret(file=Path(folder, "secret"))
        Path(folder, "secret").write_text("whsec_" + "QUFB" * 8, encoding="utf-8")  # three As a group; nobody's secret
        server = {"host": "mail.example.org", "user": "support", "password": secret}
        settings: dict[str, dict[str, Any]] = {
            "email": {"address": "support@example.org", "smtp": server},
            "telegram": {"token": secret},
            "webhook": {"secrets": (secret,), "reply_url": "https://shop.example.org/replies"},
            "x": dict.fromkeys(("consumer_key", "consumer_secret", "access_token", "access_token_secret"), secret),
        }
        for kind in shipped_channels():
            able = _capabilities(kind, settings.get(kind, {}))
            yes = [
                ("yes" if on else "")
                for on in (able.subject, able.threading and bool(able.reply), able.idempotent_send)
            ]
            lines.append(f"| {kind} | {', '.join(able.reply) or 'none'} | {_longest(able)} | {' | '.join(yes)} |")
    return "\n".join(lines) + "\n"


def _capabilities(kind: str, settings: dict[str, Any]) -> Capabilities:
    from router import registry
    from router.clock import SystemClock
    from router.interfaces import ChannelContext

    class NoCursors:
        async def get(self, key: str) -> str | None:
            return None

        async def set(self, key: str, value: str) -> None:
            """Nothing is received here."""

    context = ChannelContext(cursors=NoCursors(), clock=SystemClock(), data_dir=Path(tempfile.gettempdir()))
    config = registry.channel_config(kind).model_validate(settings)
    return registry.channel_factory(kind)("example", config, context).capabilities


def _longest(able: Capabilities) -> str:
    if not able.reply:
        return ""
    said = []
    for audience in able.reply:
        limit = able.limit(audience)
        if limit is not None:
            unit = {"utf16_units": "UTF-16 units", "weighted_280": "as X counts"}.get(able.length_unit, "characters")
            said.append(f"{limit:,} {unit}" + (f" ({audience})" if able.max_lengths else ""))
    return ", ".join(dict.fromkeys(said)) or "no limit"


# --- schema -----------------------------------------------------------------------------------------------------


def schema() -> str:
    """The models that travel between channels, pipeline, store, API and sinks."""
    from router import raw
    from router import schema as words
    from router.records import SinkEvent

    models: list[type[BaseModel]] = [
        raw.RawMessage, raw.Transport, words.InboundMessage, words.Party, words.Attachment, words.Flags,
        words.Classification, words.Evidence, words.Customer, words.Decision, words.RouteTrace, words.ConditionTrace,
        words.Case, words.Reply, words.Receipt, SinkEvent,
    ]  # fmt: skip
    lists = {"kinds": words.KINDS, "types": words.TYPES, "urgencies, most urgent first": words.URGENCIES,
             "languages": words.LANGUAGES}  # fmt: skip
    lines = [f"- {name}: {', '.join(f'`{value}`' for value in values)}" for name, values in lists.items()]
    for model in models:
        doc = " ".join((vars(model).get("__doc__") or "").replace("``", "`").split())
        lines += ["", f"## {model.__name__}", "", *([doc, ""] if doc else []), *table(_fields(model), first="field")]
    return "\n".join(lines) + "\n"


def _fields(model: type[BaseModel]) -> list[Row]:
    defaults = {row.key: row.default for row in rows_of(model, file="", shipped={})}
    return [
        Row(name, type_words(field.annotation, tuple(field.metadata)), defaults[name], meaning_of(model, name))
        for name, field in model.model_fields.items()
    ]


# --- metrics and API --------------------------------------------------------------------------------------------


def metrics() -> str:
    """Every number at ``/metrics``."""
    from router.metrics import Metrics

    lines = ["| metric | type | labels | meaning |", "|---|---|---|---|"]
    for collector in vars(Metrics()).values():
        if not hasattr(collector, "describe"):
            continue
        [family] = collector.describe()
        name = family.name + ("_total" if family.type == "counter" else "")
        labels = ", ".join(f"`{label}`" for label in vars(collector)["_labelnames"])
        lines.append(f"| `{name}` | {family.type} | {labels} | {family.documentation} |")
    return "\n".join(lines) + "\n"


def operations() -> str:
    """Every operation of the JSON API."""
    from router.web.api.table import OPERATIONS

    lines = ["| operation | what it does |", "|---|---|"]
    lines += [f"| `{one.method} {one.path}` | {one.summary} |" for one in OPERATIONS]
    return "\n".join(lines) + "\n"


# --- pages ------------------------------------------------------------------------------------------------------

PAGES: dict[str, Callable[[], str]] = {
    "api.md": operations,
    "channels.md": channels,
    "cli.md": commands,
    "configuration.md": configuration,
    "metrics.md": metrics,
    "schema.md": schema,
}


def with_part(page: str, part: str) -> str:
    """The page with its generated part made new. Raises ValueError where the marks are missing."""
    before, mark, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not mark or not end:
        raise ValueError(f"the page needs '{BEGIN}' and '{END}'")
    return f"{before}{BEGIN}\n\n{part}\n{END}{after}"


def _write() -> None:
    from router.config.shipped import shipped_config

    folder = shipped_config().parent / "docs" / "reference"
    for name, make in PAGES.items():
        page = folder / name
        page.write_text(with_part(page.read_text(encoding="utf-8"), make()), encoding="utf-8")


if __name__ == "__main__":
    _write()
