# SPDX-License-Identifier: Apache-2.0
"""Files through the durable pipeline: every one is counted under what became of it."""

import asyncio
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from router.clock import SystemClock
from router.config.loader import Configuration, load
from router.core import RunLock, open_installation_store
from router.ingest import IngestReport, _messages, ingest_files
from router.records import CaseFilter, Commit, RawOutcome
from router.testing.classifier import KeywordClassifier
from router.testing.product import make_installation
from router.worker import Worker


@pytest.fixture
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configuration:
    """An installation without channels, and a classifier that is there at once."""
    monkeypatch.setattr("router.core.load_classifier", lambda _: KeywordClassifier())
    settings = {"limits": {"max_message_bytes": 4096}, "batches": {"parse_processes": 1}}
    return load(make_installation(tmp_path / "config", channels=[], settings=settings))


def mail(
    number: int, text: str = "Where is my parcel?", *, answers: int | None = None, sender: int | None = None
) -> bytes:
    made = EmailMessage()
    made["From"] = f"customer{number if sender is None else sender}@example.org"
    made["To"] = "support@example.com"
    made["Subject"] = "Parcel"
    made["Message-ID"] = f"<m{number}@example.org>"
    if answers is not None:
        made["In-Reply-To"] = f"<m{answers}@example.org>"
    made.set_content(text)
    return bytes(made)


async def ingest(configuration: Configuration, *paths: Path, **more: Any) -> IngestReport:
    steps: list[int] = []
    report = await ingest_files(configuration, paths, channel="email", account="ingest", progress=steps.append, **more)
    assert sum(steps) == report.received
    return report


def counts(report: IngestReport) -> tuple[int, ...]:
    return report.received, report.new_cases, report.joined, report.duplicates, report.refused, report.quarantined


async def test_ingest_counts_every_fate(configuration: Configuration, tmp_path: Path) -> None:
    """New, joined, copied, repeated, too large, unreadable: each message is in exactly one count, with a reason."""
    folder = tmp_path / "mails"
    folder.mkdir()
    bodies = {
        "1.eml": mail(1),
        "2.eml": mail(2, answers=1, sender=1),
        "3.eml": mail(1),
        "4.eml": mail(4, "x " * 4000),
        "5.eml": b"",
        "6.eml": mail(6),
    }
    for name, body in bodies.items():
        (folder / name).write_bytes(body)
    report = await ingest(configuration, folder)
    assert counts(report) == (6, 2, 1, 1, 1, 1)
    assert [(Path(name).name, reason.split()[0]) for name, reason in sorted(report.reasons)] == [
        ("4.eml", "larger"), ("5.eml", report.reasons[-1][1].split()[0]),
    ]  # fmt: skip
    assert counts(await ingest(configuration, folder)) == (6, 0, 0, 5, 1, 0)


async def test_ingest_takes_up_what_a_killed_run_left(configuration: Configuration, tmp_path: Path) -> None:
    """Messages kept by a run that died, and claimed by it, are finished and counted by the next."""
    file = tmp_path / "1.eml"
    file.write_bytes(mail(1))
    store = await open_installation_store(configuration)

    await store.put_raw([raw for _, raw in _messages([file], channel="email", account="ingest", clock=SystemClock())])
    await store.claim_raw("dead", limit=10)
    await store.close()
    assert counts(await ingest(configuration, file)) == (1, 1, 0, 0, 0, 0)


async def test_ingest_beside_a_running_server_leaves_it_the_work(
    configuration: Configuration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When another process works the pipeline, files are handed to it, and its answers are counted."""
    lock = RunLock(configuration.data_dir)
    assert lock.acquire()
    started: list[Worker] = []
    monkeypatch.setattr(Worker, "run", started.append)
    file = tmp_path / "1.eml"
    file.write_bytes(mail(1))
    waiting = asyncio.create_task(ingest(configuration, file))
    store = await open_installation_store(configuration)
    while not await store.pending_raw():
        await asyncio.sleep(0.01)
    [record] = await store.claim_raw("server", limit=10)

    await store.commit(Commit(outcomes=(RawOutcome(raw_id=record.id, state="quarantined", reason="not read"),)))
    assert counts(await asyncio.wait_for(waiting, 10)) == (1, 0, 0, 0, 0, 1)
    assert started == []
    await store.close()
    lock.release()


async def test_ingest_ends_when_its_pipeline_dies(
    configuration: Configuration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug in the pipeline ends the command with that error instead of a wait without end; the message is kept."""

    async def dies(_: Worker) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Worker, "run", dies)
    file = tmp_path / "1.eml"
    file.write_bytes(mail(1))
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(ingest(configuration, file), 10)
    store = await open_installation_store(configuration)
    assert await store.pending_raw() == 1
    await store.close()


async def test_ingest_sees_what_another_process_finished(
    configuration: Configuration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where several processes share the work, what another one finished is counted too."""

    async def idle(_: Worker) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Worker, "run", idle)
    monkeypatch.setattr("router.ingest._POLL_SECONDS", 0.001)
    file = tmp_path / "1.eml"
    file.write_bytes(mail(1))
    waiting = asyncio.create_task(ingest(configuration, file))
    store = await open_installation_store(configuration)
    while not await store.pending_raw():
        await asyncio.sleep(0.01)
    [record] = await store.claim_raw("other", limit=10)

    await store.commit(Commit(outcomes=(RawOutcome(raw_id=record.id, state="ignored", reason="ours"),)))
    report = await asyncio.wait_for(waiting, 10)
    assert (counts(report), report.reasons) == ((1, 0, 0, 0, 1, 0), [(str(file), "ours")])
    await store.close()


async def test_ingest_is_the_same_case_that_a_server_would_open(configuration: Configuration, tmp_path: Path) -> None:
    """The case is in its team's queue with the key of the file's bytes."""
    file = tmp_path / "1.eml"
    file.write_bytes(mail(1))
    await ingest(configuration, file)
    store = await open_installation_store(configuration)
    [case] = await store.cases(CaseFilter(teams=("delivery",), with_messages=True))
    assert case.messages[0].startswith("email:ingest:sha256-")
    await store.close()
