# SPDX-License-Identifier: Apache-2.0
"""``label``: the messages most worth labelling next, one key each."""

from __future__ import annotations

import unicodedata
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router.cli.common import (
    ConfigOption,
    JsonOption,
    load_configuration,
    plural,
    print_json,
    run_async,
    stop,
    with_store,
)
from router.cli.learning import person

if TYPE_CHECKING:
    from router.interfaces import Store
    from router.learning.label import LabelOffer
    from router.learning.records import PersonLabels
    from router.records import User

__all__ = ["label"]

_URGENCIES = {"c": "critical", "h": "high", "n": "normal", "l": "low"}
_SHOWN = 1500


def label(
    *,
    config: ConfigOption = Path("config"),
    user: Annotated[
        str | None, typer.Option("--as", help="A user: only what that user may see, and labels in that name.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most this many messages.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Label the messages the model wavers on; a few of them teach it more than many others. JSON only lists them."""
    from router.learning.records import PersonLabels

    configuration = load_configuration(config)
    offers, name = run_async(with_store(configuration, lambda store: _offers(store, user, limit)))
    if as_json:
        for offer in offers:
            print_json(offer.model_dump(mode="json"))
        return
    if not offers:
        typer.echo("Nothing waits for a label.")
        return
    typer.echo("A number answers; c, h, n or l behind it gives the urgency (2c); s skips, b goes back, q ends.")
    labelled: set[str] = set()
    at = 0
    while at < len(offers):
        answer = _ask(offers[at], first=at == 0)
        if answer == "q":
            break
        if isinstance(answer, PersonLabels):  # given a second time it takes the place of the first
            run_async(with_store(configuration, partial(_keep, offers[at].source_key, answer, name)))
            labelled.add(offers[at].source_key)
        at += -1 if answer == "b" else 1
    typer.secho(f"{plural(len(labelled), 'message')} labelled", fg=typer.colors.GREEN)


async def _offers(store: Store, user: str | None, limit: int) -> tuple[list[LabelOffer], str]:
    from router.learning.label import next_to_label

    if user is None:
        return await next_to_label(store, teams=None, most=limit), person()
    found = await store.user(user)
    return await next_to_label(store, teams=_teams(found, user), most=limit), user


def _teams(found: User | None, name: str) -> tuple[str, ...] | None:
    from router.web import access

    if found is None or found.disabled or not access.may_read_cases(found):
        raise stop(f"there is no user '{name}' who reads cases", code=2)
    return access.teams_of(found)


def _ask(offer: LabelOffer, *, first: bool) -> PersonLabels | str:
    """Show one message and take the answer: labels, or one of the letters that lead on, back or out."""
    typer.echo()
    typer.secho(f"{offer.language} · {offer.channel} · {offer.case_id}", dim=True)
    typer.echo(_printable(offer.text[:_SHOWN]))
    for number, answer in enumerate(offer.answers, 1):
        typer.echo(f"  {number}  {answer.kind}{f' / {answer.type}' if answer.type else ''}")
    while True:
        said = typer.prompt("label", default="s", show_default=False).strip().lower()
        if said in {"s", "q"} or (said == "b" and not first):
            return str(said)
        labels = _read(said, offer)
        if labels is not None:
            return labels
        if said == "b":
            typer.echo("this is the first message; there is none before it")
        else:
            typer.echo(f"write 1 to {len(offer.answers)}, with c, h, n or l behind it if you like; s, b or q")


async def _keep(source_key: str, labels: PersonLabels, name: str, store: Store) -> None:
    await store.put_label(source_key, labels, actor=name)


def _read(answer: str, offer: LabelOffer) -> PersonLabels | None:
    """The labels that a person's answer stands for; None if it was not understood."""
    from router.learning.records import PersonLabels

    number, urgency = (answer[:-1], _URGENCIES[answer[-1]]) if answer[-1:] in _URGENCIES else (answer, None)
    if not (number.isascii() and number.isdigit() and 1 <= int(number) <= len(offer.answers)):
        return None
    return PersonLabels.model_validate({**offer.answers[int(number) - 1].model_dump(), "urgency": urgency})


def _printable(text: str) -> str:
    """A customer's words without what a terminal would obey."""
    return "".join(sign if sign == "\n" or unicodedata.category(sign)[0] != "C" else " " for sign in text)
