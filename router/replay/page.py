# SPDX-License-Identifier: Apache-2.0
"""What a replay found as one HTML page: no scripts, nothing loaded, all that is not ours escaped. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from router.replay.flow import MOST_BANDS, flow_picture
from router.replay.report import Report

__all__ = ["page"]

_STYLE = """
:root{--ink:#1d2430;--soft:#667085;--line:#dfe3ea;--back:#fff;--tile:#f5f7fa;--up:#b3261e;--down:#1b6e3c;--bar:#3b6fb6}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#98a2b3;--line:#333b47;--back:#14181f;--tile:#1d232d;
--up:#ff8a80;--down:#7bd69a;--bar:#7aa7e6}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:64rem;padding:2rem 1.25rem 4rem;background:var(--back);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2.5rem 0 .75rem}
p{margin:.25rem 0}.soft,caption{color:var(--soft)}svg .soft{fill:var(--soft)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(10rem,1fr));gap:.75rem;margin:1.5rem 0 0}
.tile{background:var(--tile);border-radius:.5rem;padding:.75rem 1rem}.tile b{display:block;font-size:1.5rem}
svg{display:block;width:100%;height:auto;font-size:14px}svg text{fill:currentColor}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{padding:.35rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{font-weight:600;color:var(--soft);white-space:nowrap}.n{text-align:right;font-variant-numeric:tabular-nums}
.up{color:var(--up)}.down{color:var(--down)}
.bar{height:.5rem;background:var(--bar);border-radius:.25rem;min-width:1px}
.bar.was{opacity:.4;margin-bottom:2px}
.hours td{padding:.2rem;text-align:center;font-size:.8rem;min-width:1.9rem;font-variant-numeric:tabular-nums}
.hours th{font-size:.8rem;padding:.2rem .4rem}
ul{margin:0;padding-left:1.1rem}code{font-size:.9em}
.verdict{margin-top:1rem;border-left:4px solid var(--down);padding:.5rem 1rem;background:var(--tile)}
.verdict.bad{border-color:var(--up)}
"""


def page(report: Report) -> str:
    """The whole page."""
    body = "".join((
        _head(report), _limits(report), _tiles(report), _flow(report), _teams(report), _hours(report),
        _moves(report), _others(report),
    ))  # fmt: skip
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>Replay of rules</title><style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )


def _head(report: Report) -> str:
    since = f" received since {report.since:%Y-%m-%d %H:%M} UTC" if report.since else ""
    tally = report.tally
    unreadable = f" {tally.unreadable:,} could not be read." if tally.unreadable else ""
    return (
        "<h1>Replay of rules</h1>"
        f"<p>Before: <code>{escape(report.before)}</code>. After: <code>{escape(report.after)}</code>.</p>"
        f'<p class="soft">{tally.messages:,} messages of {tally.cases:,} cases{since}, decided twice.{unreadable} '
        "Nothing was done to them.</p>"
    )


def _limits(report: Report) -> str:
    if not report.limits:
        return ""
    lines = "".join(
        f"<p>{'Broken' if limit in report.broken else 'Kept'}: <code>{escape(limit.text)}</code> "
        f"({limit.value(report.tally):,.4g}{' %' if limit.percent else ''})</p>"
        for limit in report.limits
    )
    return f'<div class="verdict{" bad" if report.broken else ""}">{lines}</div>'


def _tiles(report: Report) -> str:
    tally = report.tally
    tiles = (
        (f"{tally.moved:,}", f"of {tally.cases:,} cases move ({report.share(tally.moved):.1f} %)"),
        (f"{tally.unrouted_after:,}", f"taken by no route; {tally.unrouted_before:,} before"),
        (f"{tally.raised:,}", "messages become more urgent"),
        (f"{tally.lowered:,}", "messages become less urgent"),
        (f"{tally.changed:,}", "messages with other actions"),
    )
    cells = "".join(f'<div class="tile"><b>{number}</b>{escape(words)}</div>' for number, words in tiles)
    return f'<div class="tiles">{cells}</div>'


def _flow(report: Report) -> str:
    picture = flow_picture(report.moves)
    if not picture:
        return "<h2>From queue to queue</h2><p>Every case stays where it is.</p>"
    some = f" The {MOST_BANDS} largest moves are drawn." if len(report.moves) > MOST_BANDS else ""
    told = f"Cases that move; the queue before is on the left.{some}"
    return f'<h2>From queue to queue</h2><p class="soft">{told}</p>{picture}'


def _teams(report: Report) -> str:
    most = max([max(was, will) for _, was, will in report.teams] or [1]) or 1
    rows = (
        f"<tr><td>{escape(name)}</td>{_number(was)}{_number(will)}{_change(will - was)}"
        f'<td style="width:45%"><div class="bar was" style="width:{100 * was / most:.1f}%"></div>'
        f'<div class="bar" style="width:{100 * will / most:.1f}%"></div></td></tr>'
        for name, was, will in report.teams
    )
    return f"<h2>Cases each team would get</h2>{_table(('Team', '#Before', '#After', '#Change', ''), rows)}"


def _hours(report: Report) -> str:
    """Change by team and hour of day, as colour and number."""
    tally = report.tally
    changes = {
        name: [tally.hours_after[name, hour] - tally.hours_before[name, hour] for hour in range(24)]
        for name, *_ in report.teams
    }
    changes = {name: hours for name, hours in changes.items() if any(hours)}
    if not changes:
        return ""
    most = max(abs(change) for hours in changes.values() for change in hours)
    head = "".join(f"<th>{hour}</th>" for hour in range(24))
    rows = "".join(
        f"<tr><th>{escape(name)}</th>{''.join(_hour(change, most) for change in hours)}</tr>"
        for name, hours in changes.items()
    )
    return (
        f'<h2>More and fewer cases by hour of day</h2><p class="soft">Hours of {escape(report.zone)}.</p>'
        f'<div class="scroll"><table class="hours"><tr><th></th>{head}</tr>{rows}</table></div>'
    )


def _hour(change: int, most: int) -> str:
    if not change:
        return '<td class="soft">·</td>'
    color = "200,85,61" if change > 0 else "63,143,91"
    return f'<td style="background:rgba({color},{0.12 + 0.5 * abs(change) / most:.2f})">{change:+d}</td>'


def _moves(report: Report) -> str:
    if not report.moves:
        return ""
    rows = (
        f"<tr><td>{escape(before)}</td><td>{escape(after)}</td>{_number(count)}"
        f"<td><ul>{''.join(_examples(report, before, after))}</ul></td></tr>"
        for before, after, count in report.moves
    )
    return f"<h2>Moves with examples</h2>{_table(('From', 'To', '#Cases', 'Such as'), rows)}"


def _examples(report: Report, before: str, after: str) -> Iterator[str]:
    for one in report.tally.examples.get((before, after), ()):
        yield (
            f"<li><code>{escape(one.case_id)}</code> {escape(one.subject)}<br>"
            f'<span class="soft">{escape(one.route_before)} → {escape(one.route_after)}</span></li>'
        )


def _others(report: Report) -> str:
    tally = report.tally
    urgency = (
        f"<tr><td>{escape(before)}</td><td>{escape(after)}</td>{_number(count)}</tr>"
        for (before, after), count in sorted(tally.urgency.items(), key=lambda item: -item[1])
    )
    actions = (
        f"<tr><td>{escape(name.replace('_', ' '))}</td>{_number(count)}</tr>"
        for name, count in tally.other.most_common()
    )
    text = ""
    if tally.urgency:
        text += f"<h2>Urgency</h2>{_table(('Before', 'After', '#Messages'), urgency)}"
    if tally.alarms:
        alarms = (
            f"<tr><td>{escape(name)}</td>{_number(count)}</tr>" for name, count in tally.alarm_other.most_common()
        )
        text += "<h2>Deadlines that warned or were missed</h2>"
        text += f"<p>{tally.alarms_changed:,} of {tally.alarms:,} would do something else.</p>"
        text += _table(("Action", "#Alarms"), alarms) if tally.alarm_other else ""
    if tally.other:
        text += f"<h2>Other actions that differ</h2>{_table(('Action', '#Messages'), actions)}"
    return text


def _table(titles: Iterable[str], rows: Iterable[str]) -> str:
    """Titles that begin with # are of numbers."""
    head = "".join(
        f'<th class="n">{escape(title[1:])}</th>' if title.startswith("#") else f"<th>{escape(title)}</th>"
        for title in titles
    )
    return f'<div class="scroll"><table><tr>{head}</tr>{"".join(rows)}</table></div>'


def _number(count: int) -> str:
    return f'<td class="n">{count:,}</td>'


def _change(change: int) -> str:
    sort = " up" if change > 0 else " down" if change < 0 else ""
    return f'<td class="n{sort}">{f"{change:+,}" if change else "0"}</td>'
