# SPDX-License-Identifier: Apache-2.0
"""Own labelled files: dialects, labels, and every mistake with its place."""

from collections.abc import Callable
from pathlib import Path

import pytest

from classifiers.own_rows import Columns, OwnRows, read_own
from router.errors import ConfigError

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def call(content: str | bytes, name: str = "my.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return call


def read(path: Path, **more: object) -> OwnRows:
    names = {k: str(more.pop(k)) for k in list(more) if k in Columns.__dataclass_fields__}
    return read_own([path], Columns(**names), **more)  # type: ignore[arg-type] # a test passes what it names


def mistakes(path: Path, **more: object) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(path, **more)
    return [str(mistake).replace(f"{path}:", "", 1) for mistake in caught.value.mistakes]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_read_own_takes_any_usual_dialect(write: Write, delimiter: str, mark: str) -> None:
    """The delimiter is found, quotes and line breaks in them are kept, a byte order mark is not a name."""
    rows = [["id", "body", "topic"], ["1", f'"Late{delimiter} again,\nand ""lost"""', "delivery"], ["2", "x", "fraud"]]
    path = write(mark + "\r\n".join(delimiter.join(row) for row in rows))
    found = read(path, text="body", type="topic")
    assert [row.text for row in found.rows] == [f'Late{delimiter} again,\nand "lost"', "x"]
    assert [row.type for row in found.rows] == ["delivery", "fraud"]


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("a.csv", "text,kind\nhät,complaint\n".encode("cp1252"), {"encoding": "cp1252"}),
        ("a.csv", "text,kind\nhät,complaint\n".encode("utf-8-sig"), {"encoding": "UTF-8"}),
        ("a.csv", "text,kind\nhät,complaint\n".encode("utf-16"), {}),
        ("a.jsonl", '{"text": "hät", "kind": "complaint"}\n'.encode(), {}),
    ],
    ids=["cp1252", "marked utf-8", "utf-16", "jsonl"],
)
def test_read_own_takes_encodings_and_json(write: Write, name: str, content: bytes, options: dict[str, str]) -> None:
    """A named encoding, a marked one and JSON Lines give the same row; usual names need no option."""
    [row] = read(write(content, name), **options).rows
    assert (row.text, row.kind, row.type, row.urgency) == ("hät", "complaint", None, None)


def test_read_own_keeps_rows_that_lack_labels(write: Write) -> None:
    """A row teaches the labels it has; one without any is counted and left out."""
    found = read(write("text,kind,urgency\na,complaint,\nb,,high\nc,,\n"))
    assert [(row.kind, row.urgency) for row in found.rows] == [("complaint", None), (None, "high")]
    assert found.unlabelled == 1


def test_read_own_takes_another_vocabulary(write: Write) -> None:
    """Labels that are mostly unknown become the types."""
    found = read(write("text,intent\na,card_lost\nb,top_up\n"), label="intent")
    assert found.own_types
    assert found.types == ("card_lost", "top_up")


def test_read_own_reads_shipped_labels_in_capitals_as_what_they_are(write: Write) -> None:
    """A spreadsheet that writes labels large has no vocabulary of its own."""
    found = read(write("text,topic\na,Billing\nb,DELIVERY\nc,Billing\n"), type="topic")
    assert (found.own_types, [row.type for row in found.rows]) == (False, ["billing", "delivery", "billing"])
    kinds = read(write("text,label\na,Complaint\nb,Praise\nc,Other\n"), label="label")
    assert [row.kind for row in kinds.rows] == ["complaint", "praise", "other"]


def test_read_own_takes_labels_that_differ_in_case_as_one(write: Write) -> None:
    """Own types are named as most rows write them."""
    found = read(write("text,topic\na,Loyalty\nb,loyalty\nc,Loyalty\nd,Tickets\n"), type="topic")
    assert found.types == ("Loyalty", "Tickets")
    assert [row.type for row in found.rows] == ["Loyalty", "Loyalty", "Loyalty", "Tickets"]


def test_read_own_maps_labels_to_the_kind(write: Write) -> None:
    """Yes and no become complaint and other."""
    found = read(write("text,label\na,1\nb,0\n"), label="label", mapping={"1": "complaint", "0": "other"})
    assert [row.kind for row in found.rows] == ["complaint", "other"]
    assert not found.own_types


def test_read_own_tells_all_mistakes_with_places(write: Write) -> None:
    """Empty text, unknown labels, uneven rows and an open quote: each with line, column and name, at once."""
    lines = ["id,body,topic,urg", "1,fine,delivery,high", '2,"two', 'lines",billing,low', "3,,delivery,low",
             "4,x,biling,hgh", "5,y,delivery", "6,z,biling,low", '7,"open,billing,low']  # fmt: skip
    found = mistakes(write("\n".join(lines)), text="body", type="topic", urgency="urg")
    assert found[0] == "5:2: body: the text is empty"
    assert found[1].startswith("6:3: topic: unknown type 'biling'; known: billing, ")
    assert found[1].endswith("(did you mean 'billing'?) (and on 1 more lines)")
    assert found[2].startswith("6:4: urg: unknown urgency 'hgh'")
    assert found[3] == "7:0: has 3 values; the header names 4"
    assert found[4].startswith("9:0: a quoted value begins on this row")


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        ("id,body\n1,x\n", {"text": "bdy", "label": "id"}, "1:1: there is no column 'bdy'; columns: id, body (did"),
        ("id,body\n1,x\n", {"label": "id"}, "name it with --text-column"),
        (b"text,kind\ncaf\xe9,complaint\n", {}, "2:4: byte 0xe9 is not utf-8; give its encoding"),
        ("text,text\na,b\n", {}, "1:2: text: two columns have this name"),
        ("text,kind\na,complaint\n", {"encoding": "klingon"}, "there is no encoding 'klingon'"),
        ("text,label\na,1\nb,2\n", {"label": "label", "mapping": {"1": "complaint"}}, "3:2: label: unknown kind '2'"),
        ("text,label\na,1\nb,1\n", {"label": "label"}, "number of different labels is 1"),
        ("text,kind\na,\n", {}, "no row has a label"),
        ("", {}, "holds no rows"),
    ],
    ids=["column", "text", "byte", "twice", "encoding", "map", "one label", "none", "empty"],
)
def test_read_own_says_what_is_wrong(
    write: Write, content: str | bytes, options: dict[str, object], expected: str
) -> None:
    """Every mistake names its place and the way out."""
    assert any(expected in line for line in mistakes(write(content), **options)), mistakes(write(content), **options)


def test_read_own_names_bad_json_lines(write: Write) -> None:
    """Lines that are no JSON, no object or hold no text are all told."""
    content = '{"text": "a", "kind": "complaint"}\n[1]\n{bad\n{"text": ["x", 1], "kind": "request"}\n'
    found = mistakes(write(content, "a.jsonl"))
    assert [line.split(":")[0] for line in found] == ["2", "3", "4", "4"]


def test_read_own_shows_fifty_mistakes_and_counts_the_rest(write: Write) -> None:
    """A file full of mistakes does not bury its first ones."""
    found = mistakes(write("text,kind\n" + "a,b,c\n" * 80))
    assert len(found) == 51
    assert "30 more mistakes" in found[-1]


def test_read_own_checks_configured_types(write: Write) -> None:
    """Where an installation names its types no other vocabulary is taken."""
    found = mistakes(write("text,type\na,card\nb,top\n"), types=("money", "other"), strict_types=True)
    assert "unknown type 'card'; known: money, other" in found[0]


def test_read_own_keeps_what_belongs_together(write: Write) -> None:
    """A column that was named says which rows are of one conversation."""
    content = "text,kind,talk\na,complaint, t1 \nb,request,t1\nc,praise,\n"
    assert [row.group for row in read(write(content), group="talk").rows] == ["t1", "t1", ""]
    assert mistakes(write(content), group="thread")[0].startswith("1:1: there is no column 'thread'")
