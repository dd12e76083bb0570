# SPDX-License-Identifier: Apache-2.0
"""parse, classify, explain, ingest and cases: messages in, answers out, in shapes that scripts rely on."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from router.cli.cases import _age


def test_parse_is_a_value_a_file_in_order(rows: Any, mails: Path) -> None:
    """Each file gives one line, in the order given; one that cannot be read gives its error."""
    found = rows("parse", mails / "3.eml", mails / "4.eml", mails / "1.eml", "--channel", "email")
    assert [one.get("message_id") for one in found] == ["m3@example.org", None, "m1@example.org"]
    assert "empty" in found[1]["error"]
    wanted = {"sender", "to", "cc", "subject", "message_id", "in_reply_to", "references", "date", "text", "html",
              "reply_text", "attachments", "flags"}  # fmt: skip
    assert wanted <= set(found[0])
    assert found[2]["sender"] == {"address": "anna@example.org", "name": "Anna", "id": ""}


def test_parse_several_messages_and_none(rows: Any, tmp_path: Path) -> None:
    """A payload with several messages is a list; what opens no case says so, deletions and payloads without message."""
    deleted = {"business_connection_id": "b", "chat": {"id": 5, "type": "private"}, "message_ids": [1, 2]}
    (tmp_path / "two.json").write_text(
        json.dumps({"update_id": 1, "deleted_business_messages": deleted}), encoding="utf-8"
    )
    (tmp_path / "none.json").write_text('{"update_id": 2, "poll": {"id": "1"}}', encoding="utf-8")
    two, none = rows("parse", "two.json", "none.json", "--channel", "telegram")
    assert [message["event"] for message in two] == ["delete", "delete"]
    assert all(message["ignored"] for message in two)
    assert none == {"ignored": True}


def test_parse_says_what_is_missing(run: Any, rows: Any, mails: Path) -> None:
    """A missing file and an unknown channel are errors of the line and of the command."""
    missing, good = rows("parse", "nowhere.eml", mails / "1.eml", code=2)
    assert "nowhere.eml: No such file" in missing["error"]
    assert good["subject"] == "Late"
    [unknown] = rows("parse", mails / "1.eml", "--channel", "pigeon", code=2)
    assert "no channel is called 'pigeon'; known: app_store, call, email" in unknown["error"]
    assert "No such file" in run("parse", "nowhere.eml", code=2).stderr


def test_parse_shows_people_the_message(run: Any, mails: Path) -> None:
    """Without --json the message is shown as a person reads it."""
    shown = run("parse", mails / "1.eml").stdout
    assert "from     Anna <anna@example.org>" in shown
    assert "Where is my parcel?" in shown


def test_classify_json_is_a_line_a_line(rows: Any) -> None:
    """A line in, a line out, in order, empty lines left out, with the promised keys."""
    lines = '{"text": "my parcel", "language": "fi", "channel": "email"}\n\n{"text": "thanks"}\n'
    first, second = rows("classify", "-", text=lines)
    assert {"kind", "type", "also", "urgency", "language", "scores", "unsure", "why"} <= set(first)
    assert (first["type"], first["language"], second["kind"], second["type"]) == ("delivery", "fi", "praise", None)
    assert first["why"]["type"][0]["text"] == "parcel"


def test_classify_reads_plain_text_for_people(run: Any, tmp_path: Path) -> None:
    """Without --json each line is a text; words that decided are shown once."""
    (tmp_path / "texts").write_text("My parcel\nparcel parcel, my lawyer\n", encoding="utf-8-sig")
    shown = run("classify", "texts").stdout
    assert "  ".join(shown.split()[:9]) == "My  parcel  kind  complaint  100%  type  delivery  100%  parcel"
    assert shown.count("parcel parcel") == 1
    assert re.search(r"^  urgency +high +100%  lawyer$", shown, re.MULTILINE)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{broken", "line 2: not JSON"),
        ("[1]", "line 2: an object with 'text' is needed"),
        ('{"txt": "x"}', "line 2: an object with 'text' is needed"),
        ('{"text": 5}', "line 2: an object with 'text' is needed"),
        ('{"text": "x", "language": 5}', "line 2: 'language' must be text"),
        ('{"text": "x", "channel": []}', "line 2: 'channel' must be text"),
    ],
    ids=["broken", "list", "no-text", "number", "language", "channel"],
)
def test_classify_names_the_broken_line(run: Any, line: str, sentence: str) -> None:
    """Bad input ends with 2 and the number of the line."""
    done = run("classify", "-", "--json", text=f'{{"text": "ok"}}\n{line}\n', code=2)
    assert sentence in done.stderr
    assert len(done.stdout.splitlines()) == 1  # the good ones before it are answered


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", "folder"], ids=["missing", "not-utf-8", "folder"])
def test_classify_refuses_what_is_no_text_file(run: Any, tmp_path: Path, content: Any) -> None:
    """A file that is missing, a folder, or not UTF-8 is named."""
    if content == "folder":
        (tmp_path / "in").mkdir()
    elif content is not None:
        (tmp_path / "in").write_bytes(content)
    assert "in: " in run("classify", "in", code=2).stderr


def test_classify_names_a_model_that_is_missing(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model file that is not there is an error with its name."""
    from classifiers import archive

    def load(path: Path | None = None, **_: Any) -> Any:
        archive.read_parameters(path or Path())

    monkeypatch.setattr("classifiers.default.load_default", load)
    assert "nowhere.zip" in run("classify", "-", "--model", "nowhere.zip", text="x\n", code=1).stderr


def test_explain_a_file(run: Any, rows: Any, conf: Path, mails: Path) -> None:
    """Labels, words and every route tried are given, and nothing is kept."""
    [said] = rows("explain", mails / "1.eml", "--config", conf)
    assert set(said) == {"classification", "decision"}
    assert (said["classification"]["type"], said["decision"]["team"]) == ("delivery", "delivery")
    assert len(said["decision"]["traces"]) > 3
    shown = run("explain", mails / "1.eml", "--config", conf).stdout
    assert "route root/delivery" in shown
    assert "✓ type is delivery (saw: delivery)" in shown
    assert rows("cases", "--config", conf, "--all") == []


def test_explain_shortens_long_lists_for_people(run: Any, rows: Any, conf: Path, mails: Path) -> None:
    """A list of many words is cut to eight; machines get it whole."""
    shown = run("explain", mails / "1.eml", "--config", conf).stdout
    lines = [line for line in shown.splitlines() if "lawyer*" in line]
    assert lines
    for line in lines:
        assert line.count(" or ") == 7
        assert "… and 7 more" in line
    [said] = rows("explain", mails / "1.eml", "--config", conf)
    assert "adwokat*" in json.dumps(said)


def test_explain_typed_text(rows: Any, conf: Path) -> None:
    """A dash takes the words from standard input."""
    [said] = rows("explain", "-", "--config", conf, text="My invoice is wrong")
    assert said["decision"]["team"] == "billing"


def test_explain_a_case(rows: Any, run: Any, conf: Path, mails: Path) -> None:
    """A case is explained from what was stored, one line a message, its id in any letter case."""
    rows("ingest", mails, "--config", conf)
    case = next(case for case in rows("cases", "--config", conf) if case["team"] == "delivery")
    said = rows("explain", case["id"].lower(), "--config", conf)
    assert [one["decision"]["route"] for one in said] == ["root/delivery", "root/delivery"]
    assert "no case 22222-22222" in run("explain", "22222-22222", "--config", conf, code=1).stderr


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["nowhere.eml"], 2, "nowhere.eml: No such file"),
        (["mails"], 2, "mails: Is a directory"),
        (["mails/1.eml", "--channel", "pigeon"], 2, "no channel is called 'pigeon'"),
        (["mails/4.eml"], 1, "empty"),
    ],
    ids=["missing", "folder", "channel", "unreadable"],
)
@pytest.mark.usefixtures("mails")
def test_explain_refuses(run: Any, conf: Path, words: list[str], code: int, sentence: str) -> None:
    """What cannot be read is named."""
    assert sentence in run("explain", *words, "--config", conf, code=code).stderr


def test_ingest_then_cases(run: Any, rows: Any, conf: Path, mails: Path) -> None:
    """Counts come last and add up, with a line before for each message set aside; cases list what was made."""
    reason, counts = rows("ingest", mails, "--config", conf, "--channel", "email")
    assert list(counts) == ["received", "new_cases", "joined", "duplicates", "refused", "quarantined", "seconds"]
    assert {**counts, "seconds": 0} == {
        "received": 4, "new_cases": 2, "joined": 1, "duplicates": 0, "refused": 0, "quarantined": 1, "seconds": 0,
    }  # fmt: skip
    assert reason["file"].endswith("4.eml")
    first, second = rows("cases", "--config", conf)
    assert {"id", "team", "kind", "type", "urgency", "language", "channel", "state", "messages"} <= set(first)
    assert [(case["team"], case["urgency"], len(case["messages"])) for case in (first, second)] == [
        ("billing", "high", 1), ("delivery", "normal", 2),
    ]  # fmt: skip
    assert [case["id"] for case in rows("cases", "--config", conf, "--team", "billing")] == [first["id"]]
    shown = run("cases", "--config", conf).stdout
    assert "Late" in shown
    assert first["id"] in shown
    assert "4 received: 4 duplicates" in run("ingest", mails, "--config", conf).stdout


def test_cases_of_nobody(run: Any, conf: Path) -> None:
    """An empty queue says so; an unknown team is refused with those that there are."""
    assert run("cases", "--config", conf).stdout == "No cases.\n"
    assert run("cases", "--config", conf, "--json").stdout == ""
    assert (
        "unknown team 'delivry'; known: triage, billing"
        in run("cases", "--team", "delivry", "--config", conf, code=2).stderr
    )


@pytest.mark.parametrize(("columns", "has"), [(80, False), (120, True)])
def test_cases_table_keeps_the_subject(monkeypatch: pytest.MonkeyPatch, columns: int, has: bool) -> None:
    """On a narrow terminal other columns go before the subject does; no line is longer than the terminal."""
    from rich.console import Console

    from router.cli.cases import _table
    from router.testing.store_contract import make_case

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setattr(
        "rich.console.Console", lambda **_: Console(file=out, width=columns, no_color=True, force_terminal=False)
    )
    cases = [make_case(subject="The parcel never came", team="technical", type="technical", urgency="critical")]
    _table(cases)
    lines = out.getvalue().splitlines()
    assert "The parcel never came" in lines[1]
    assert ("channel" in lines[0]) == has
    assert max(len(line.rstrip()) for line in lines) <= columns


@pytest.mark.parametrize(
    ("seconds", "shown"), [(5, "now"), (60, "1 min"), (7199, "1 h"), (86_400 * 12, "12 d"), (-5, "now")]
)
def test_age_is_in_the_largest_unit(seconds: float, shown: str) -> None:
    """An age is short enough for a column."""
    assert _age(seconds) == shown


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nowhere"], "nowhere: no such file or folder"),
        (["mails", "--channel", "pigeon"], "no channel is called 'pigeon'"),
    ],
    ids=["path", "channel"],
)
def test_ingest_refuses(run: Any, conf: Path, mails: Path, words: list[str], sentence: str) -> None:
    """A path that is not there and an unknown channel end the command before anything is kept."""
    assert sentence in run("ingest", *words, "--config", conf, code=2).stderr
    assert not (conf / "data").exists()
