# SPDX-License-Identifier: Apache-2.0
"""``explain``: why a message goes, or a case went, where it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from router.cli.common import (
    ConfigOption,
    JsonOption,
    load_configuration,
    print_json,
    run_async,
    stop,
    with_store,
    words_of,
)

if TYPE_CHECKING:
    from router.config.loader import Configuration
    from router.schema import Classification, Decision, InboundMessage, RouteTrace

__all__ = ["explain"]

_MOST_WORDS = 8
_CASE = re.compile(r"[2-9A-HJKMNP-TV-Z]{5}-[2-9A-HJKMNP-TV-Z]{5}", re.IGNORECASE)


def explain(
    what: Annotated[str, typer.Argument(metavar="FILE|CASE|-", help="A message file, a case id, or - for typed text.")],
    *,
    config: ConfigOption = Path("config"),
    channel: Annotated[str, typer.Option(help="Channel of the file.")] = "email",
    as_json: JsonOption = False,
) -> None:
    """Show labels, the words that decided, every route tried, and why each did or did not match. Keeps nothing."""
    configuration = load_configuration(config)
    if _CASE.fullmatch(what) and not Path(what).exists():
        found = run_async(_from_case(configuration, what.upper()))
    else:
        found = _from_message(configuration, what, channel)
    if not found:
        typer.secho(f"{what} holds no message", err=True)
    if as_json:
        for _, labels, decision in found:
            print_json({
                "classification": labels and labels.model_dump(mode="json"),
                "decision": decision and decision.model_dump(mode="json"),
            })  # fmt: skip
        return
    for message, labels, decision in found:
        _show(message, labels, decision)


async def _from_case(configuration: Configuration, case_id: str) -> list[Any]:
    entries = await with_store(configuration, lambda store: store.conversation(case_id))
    alarms = await with_store(configuration, lambda store: store.alarms(case_id))
    if not entries:
        raise stop(f"no case {case_id}")
    from router.rules.explain import in_full
    from router.rules.kept import KeptRules

    kept, rules = KeptRules(configuration.data_dir), configuration.rules

    def whole(decision: Decision, message: InboundMessage, labels: Classification | None) -> Decision:
        same = decision.rules_digest == rules.digest
        return in_full(decision, message, labels, rules if same else kept.rules_of(decision.rules_digest))

    found = [
        (e.message, e.classification, e.decision and whole(e.decision, e.message, e.classification))
        for e in entries
        if e.direction == "in" and e.message is not None
    ]
    said = {message.source_key: (message, labels) for message, labels, _ in found}
    for alarm in alarms:
        about = alarm.decision and alarm.decision.given and alarm.decision.given.alarm
        if alarm.decision is not None and about and about.message in said:
            message, labels = said[about.message]
            found.append((message, None, whole(alarm.decision, message, labels)))
    return found


def _from_message(configuration: Configuration, what: str, channel: str) -> list[Any]:
    """Read, classify and route without keeping anything."""
    import sys
    from datetime import UTC, datetime

    from router.accounts import any_options, parse_options
    from router.core import load_classifier
    from router.errors import ModelError, ParseError
    from router.interfaces import ClassifierInput
    from router.parsing.enrich import enriched
    from router.registry import channel_parse, reader_kinds
    from router.rules.facts import Facts
    from router.schema import InboundMessage, RawMessage

    now = datetime.now(UTC)
    settings = configuration.settings
    accounts = [one for one in configuration.channels if one.kind == channel]
    options = (
        parse_options(accounts[0], settings.limits, settings.entities)
        if len(accounts) == 1
        else any_options(settings.limits, settings.entities)
    )
    try:
        if what == "-":
            messages = [InboundMessage(channel=channel, account="typed", native_id="typed", text=sys.stdin.read())]
        else:
            if channel not in reader_kinds():
                raise stop(f"no channel is called '{channel}'; known: {', '.join(reader_kinds())}", code=2)
            raw = RawMessage(
                channel=channel, account="file", native_id="file", body=Path(what).read_bytes(), received_at=now
            )
            messages = channel_parse(channel)(raw, options)
        messages = [enriched(message, options) for message in messages]
        classifier = load_classifier(configuration)
    except OSError as error:
        raise stop(f"{what}: {error.strerror}", code=2) from error
    except (ParseError, ModelError) as error:
        raise stop(f"{what}: {error}") from error
    batch = [
        ClassifierInput(text=f"{m.subject}\n{m.words}".strip(), channel=m.channel, language=m.language)
        for m in messages
    ]
    return [
        (message, labels, configuration.rules.explain(Facts(message=message, classification=labels, now=now)))
        for message, labels in zip(messages, classifier.classify(batch), strict=True)
    ]


def _show(message: InboundMessage, labels: Classification | None, decision: Decision | None) -> None:
    from router.rules.explain import explain as explain_decision

    first = " ".join(message.words.split()) or "(no text)"
    typer.secho(message.subject or first[:100], bold=True)
    if labels is not None:
        for label in ("kind", "type", "urgency", "language"):
            value = getattr(labels, label)
            if value is not None:
                line = f"  {label:9}{value:11}{labels.confidence(label):5.0%}  {words_of(labels, label, most=6)}"
                typer.echo(line.rstrip())
        if labels.unsure:
            typer.secho("  the model is unsure; a person should look", fg=typer.colors.YELLOW)
    if decision is not None:
        typer.echo(_wrapped(explain_decision(_shortened(decision))))
        if decision.left_out:
            typer.echo(f"the rules {decision.rules_digest} that decided this were not kept, so the rest is gone")


def _shortened(decision: Decision) -> Decision:
    """The decision with long lists of wanted words cut short; ``--json`` has them whole."""

    def short(wanted: str) -> str:
        words = wanted.split(" or ")
        if len(words) <= _MOST_WORDS + 1:
            return wanted
        return f"{' or '.join(words[:_MOST_WORDS])} … and {len(words) - _MOST_WORDS} more"

    def shown(trace: RouteTrace) -> RouteTrace:
        conditions = (c.model_copy(update={"wanted": short(c.wanted)}) for c in trace.conditions)
        return trace.model_copy(update={"conditions": tuple(conditions)})

    return decision.model_copy(update={"traces": tuple(map(shown, decision.traces))})


def _wrapped(text: str) -> str:
    """Lines too long for the terminal go on under themselves; a pipe gets them as they are."""
    import shutil
    import sys
    import textwrap

    if not sys.stdout.isatty():
        return text
    width = max(40, shutil.get_terminal_size().columns)
    lines: list[str] = []
    for line in text.splitlines():
        indent = " " * (len(line) - len(line.lstrip()) + 6)
        lines += textwrap.wrap(line, width, subsequent_indent=indent, break_on_hyphens=False) or [""]
    return "\n".join(lines)
