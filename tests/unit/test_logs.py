# SPDX-License-Identifier: Apache-2.0
"""Logs: fields for machines, and never the values an error met."""

import json
import subprocess
import sys

import pytest

_PROGRAM = """
import logging, structlog
from router import logs
logs.configure(form={form!r}, level={level!r})
log = structlog.get_logger("test")
log.debug("step", case_id="7K2M9-QXA4B")
log.info("case_routed", case_id="7K2M9-QXA4B", queue="delivery")
logging.getLogger("library").warning("a library warns")
from router.errors import StoreError
try:
    words = "anna@example.org wrote: where is my parcel"
    try:
        int(words)
    except ValueError as error:
        raise StoreError("the database refused") from error
except StoreError:
    log.exception("store_unavailable")
"""


def run(form: str, level: str = "info") -> tuple[str, str]:
    """What such a process writes to standard output and standard error."""
    program = _PROGRAM.format(form=form, level=level)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout, done.stderr


def test_logs_json_is_a_line_an_event() -> None:
    """Each line is one object with event, level, time and fields; standard output stays free for results."""
    out, err = run("json")
    assert out == ""
    lines = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    assert [line["event"] for line in lines] == ["case_routed", "store_unavailable"]
    assert (lines[0]["level"], lines[0]["queue"], lines[0]["timestamp"][-1]) == ("info", "delivery", "Z")


@pytest.mark.parametrize("form", ["json", "console"])
def test_logs_show_no_value_that_an_error_met(form: str) -> None:
    """A traceback names errors and places; of other people's messages only the type is kept, of ours the sentence."""
    _, err = run(form)
    assert "the database refused" in err
    assert "ValueError" in err
    assert "anna@" not in err
    assert "parcel" not in err


def test_logs_level_is_obeyed() -> None:
    """Steps appear at debug alone; warnings of libraries always."""
    assert "step" in run("console", "debug")[1]
    quiet = run("console", "error")[1]
    assert "case_routed" not in quiet
    assert "store_unavailable" in quiet
