# SPDX-License-Identifier: Apache-2.0
"""A report of training or evaluation for people: one HTML page that needs nothing else, and its pictures as PNG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from classifiers.charts import bars, confusion_matrix, critical_curve, learning_chart, reliability
from classifiers.drawing import Picture
from classifiers.evaluation import Labelled, LabelScore, Report
from router.schema import Classification

__all__ = ["pictures", "render_page", "write_report"]

_HEADS = ("kind", "type", "urgency")
_MOST_BARS = 40
_FEW = 10  # messages of a language below which its figures say nothing
_STYLE = """
body{font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;color:#1f2933;max-width:1100px;
margin:2rem auto;padding:0 1.2rem;background:#fff}
h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2.2rem 0 .6rem}p.note{color:#5b6472;margin:.2rem 0 .8rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .8rem;text-align:right;border-bottom:1px solid #e5e7eb}
th:first-child,td:first-child{text-align:left;overflow-wrap:anywhere}thead th{font-weight:600;color:#5b6472}
.wide{overflow-x:auto}svg{max-width:100%;height:auto}
"""
_FIGURES = {
    "kind_f1": "kind, macro-F1",
    "kind_accuracy": "kind, accuracy",
    "complaint_f1": "complaint or not, macro-F1",
    "false_alarms": "others called complaint",
    "type_f1": "type, macro-F1",
    "type_accuracy": "type, accuracy",
    "type_accuracy_surest_half": "type, accuracy on the surest half",
    "urgency_kappa": "urgency, quadratic-weighted kappa",
    "critical_recall": "critical, recall",
    "critical_precision": "critical, precision",
    "language_accuracy": "language, accuracy",
    "unsure": "said to be unsure",
    "accuracy_when_sure": "right when sure",
}


def pictures(
    report: Report,
    rows: Sequence[Labelled],
    said: Sequence[Classification],
    *,
    curve: Sequence[tuple[int, float]] = (),
) -> dict[str, tuple[Picture, str]]:
    """File name without ending to picture and what to read in it; only what there is something to show of."""
    found: dict[str, tuple[Picture, str]] = {}
    for head in _HEADS:
        table = report.confusion.get(head, {})
        if not table:
            continue
        note = "Rows are the true label, columns what the model said. With many labels: those most often confused."
        found[f"confusion-{head}"] = (confusion_matrix(f"Confusion of {head}", table), note)
        pairs = _sureness(head, rows, said)
        if pairs:
            note = "On the dashed line a probability is what it says; below it the model is too sure of itself."
            found[f"reliability-{head}"] = (reliability(f"Calibration of {head}", pairs), note)
    pressed = [(c.scores["urgency"]["critical"], r.urgency == "critical") for r, c in _both(rows, said) if r.urgency]
    if any(true for _, true in pressed):
        picture = critical_curve("Precision and recall of critical", *map(list, zip(*pressed, strict=True)))
        found["critical"] = (picture, "What an earlier or later beginning of critical would give.")
    languages = _languages(report)
    if len(languages) > 1:
        note = f"Languages with at least {_FEW} messages."
        found["languages"] = (bars("Macro-F1 by language", languages, ("kind", "type")), note)
    for head in _HEADS:
        scores = report.labels.get(head, {})
        if len(scores) > 1:
            worst = sorted(scores.items(), key=lambda pair: pair[1].f1)[:_MOST_BARS]
            found[f"labels-{head}"] = (bars(f"F1 by {head}", {k: (v.f1,) for k, v in worst}, ("F1",)), "Worst first.")
    if curve:
        note = "Still rising at its end: more messages would help. Flat: other labels or clearer ones would."
        found["learning"] = (learning_chart("Learning curve", curve), note)
    return found


def _both(rows: Sequence[Labelled], said: Sequence[Classification]) -> Iterator[tuple[Labelled, Classification]]:
    for row, one in zip(rows, said, strict=True):
        if "critical" in one.scores.get("urgency", {}):
            yield row, one


def _sureness(head: str, rows: Sequence[Labelled], said: Sequence[Classification]) -> list[tuple[float, bool]]:
    found = []
    for row, one in zip(rows, said, strict=True):
        scores = one.scores.get(head, {})
        if getattr(row, head) and scores:
            top = max(scores, key=scores.__getitem__)
            found.append((scores[top], top == getattr(row, head)))
    return found


def _languages(report: Report) -> dict[str, tuple[float | None, float | None]]:
    return {
        name: (scores.kind_f1, scores.type_f1)
        for name, scores in report.by_language.items()
        if name and scores.messages >= _FEW
    }


# --- the page --------------------------------------------------------------------------------------------------------


def _show(value: object) -> str:
    return "–" if value is None else f"{value:.3f}" if isinstance(value, float) else escape(str(value))


def _table(head: Sequence[str], rows: Iterator[Sequence[object]]) -> str:
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{_show(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _label_rows(scores: Mapping[str, LabelScore]) -> Iterator[Sequence[object]]:
    for name, score in scores.items():
        yield name, score.support, score.precision, score.recall, score.f1


def render_page(report: Report, shown: Mapping[str, tuple[Picture, str]]) -> str:
    """The page: no scripts, nothing fetched, every name escaped."""
    total = report.total.model_dump()
    parts = [
        "<!doctype html>", '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>Report of {escape(report.model)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(report.model)}</h1>", f'<p class="note">{report.total.messages:,} labelled messages</p>',
        "<h2>Figures</h2>",
        _table(("figure", "value"), ((text, total[k]) for k, text in _FIGURES.items() if total[k] is not None)),
    ]  # fmt: skip
    errors = report.total.calibration_error
    if errors:
        said = ", ".join(f"{escape(head)} {value:.3f}" for head, value in errors.items())
        parts.append(f'<p class="note">Expected calibration error: {said}.</p>')
    for picture, note in shown.values():
        parts += [f"<h2>{escape(picture.title)}</h2>", f'<p class="note">{escape(note)}</p>']
        parts.append(f'<div class="wide">{picture.to_svg()}</div>')
    for head, scores in report.labels.items():
        if scores:
            parts += [f"<h2>By {escape(head)}</h2>"]
            parts.append(_table((head, "messages", "precision", "recall", "F1"), _label_rows(scores)))
    return "\n".join([*parts, "</body></html>"]) + "\n"


def write_report(
    folder: Path,
    report: Report,
    rows: Sequence[Labelled],
    said: Sequence[Classification],
    *,
    curve: Sequence[tuple[int, float]] = (),
) -> list[Path]:
    """Write ``report.html`` and the pictures beside it; returns all paths, the page first. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = pictures(report, rows, said, curve=curve)
    page = folder / "report.html"
    page.write_text(render_page(report, shown), encoding="utf-8")
    written = [page]
    for name, (picture, _) in shown.items():
        written.append(folder / f"{name}.png")
        written[-1].write_bytes(picture.to_png())
    return written
