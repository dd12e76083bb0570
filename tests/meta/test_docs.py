# SPDX-License-Identifier: Apache-2.0
"""Documentation that cannot rot: pages are complete, links lead somewhere, and what a page shows was run or checked.

A comment on the line above a fenced block says what becomes of it; `console` and `yaml` blocks must have one:

    run [exit N]            commands after "$ ", with what they print; "..." stands for anything
    start                   the one command is started and left running; the line below is waited for
    file: PATH              the block is the file
    insert: PATH before "TEXT"   the block is put before the line (or after it) that begins so
    check: FILE             the block's keys laid over the shipped FILE make a configuration without a mistake
    copy: PATH              the block is the file in the repository, word for word
    not run: REASON         it is shown only

A `yaml` block that begins with "root:" is a whole rules.yaml and is checked as one without a comment.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any, get_args

import pytest
from ruamel.yaml import YAML
from standardwebhooks import Webhook

from router.cli import reference
from router.config.loader import load
from router.config.shipped import shipped_config
from router.errors import ConfigError, Mistake
from router.records import OutboxState, RawState
from router.schema import CaseState
from router.testing.channels import ChannelContract, ChannelWorld, make_context
from router.testing.servers import ServerMissing, free_port, skip_or_fail

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
COMMAND = Path(sys.executable).parent / "complaint-router"
_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_INSERT = re.compile(r'insert: (\S+) (before|after) "(.*)"')


@dataclass(frozen=True)
class Block:
    """A fenced block; ``page`` is relative to docs/, ``line`` is where it begins."""

    page: str
    line: int
    language: str
    mark: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page=str(page.relative_to(DOCS)),
            line=text.count("\n", 0, found.start()) + 1,
            language=found["language"],
            mark=found["mark"] or ("check: rules.yaml" if found["text"].startswith("root:") else ""),
            text=found["text"],
        )
        for found in _BLOCK.finditer(text)
    ]


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
RUN_PAGES = sorted({block.page for block in BLOCKS if block.mark.split(":")[0].split(" ")[0] in ("run", "start")})


def _code() -> str:
    files = [path for top in ("router", "channels") for path in (ROOT / top).rglob("*.py")]
    return "".join(path.read_text(encoding="utf-8") for path in files)


# --- nothing is missing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", reference.PAGES)
def test_generated_page_is_current(name: str) -> None:
    """What is written in docs/reference is what the code says today; `make docs` writes it anew."""
    page = (DOCS / "reference" / name).read_text(encoding="utf-8")
    assert page == reference.with_part(page, reference.PAGES[name]())


@pytest.mark.parametrize("name", ["api.md", "cli.md", "configuration.md", "metrics.md"])
def test_generated_tables_have_no_empty_meaning(name: str) -> None:
    """Every command, option, key, metric and operation says what it is for."""
    part = reference.PAGES[name]()
    assert [line for line in part.splitlines() if line.startswith("|") and line.endswith("|  |")] == []


@pytest.mark.parametrize("state", [*get_args(RawState), *get_args(CaseState), *get_args(OutboxState)])
def test_every_state_is_documented(state: str) -> None:
    """The page of states names each one."""
    assert re.search(rf"\b{state}\b", (DOCS / "reference" / "states.md").read_text(encoding="utf-8"))


def test_every_failpoint_is_documented() -> None:
    """The page of failpoints names those of the code and no other."""
    code = _code()
    known = set(re.findall(r'failpoint\("([a-z_0-9.]+)"\)', code))
    page = (DOCS / "reference" / "failpoints.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z_0-9.]+)`", page, re.MULTILINE)) == known


def test_every_log_event_named_in_docs_exists() -> None:
    """A log line that a page tells operators to look for is one that the code writes."""
    code = _code()
    page = (DOCS / "how-to" / "operate.md").read_text(encoding="utf-8")
    table = page.partition("<!-- log events -->")[2].partition("\n\n#")[0]
    named = re.findall(r"^\| `([a-z_]+)`", table, re.MULTILINE)
    assert named
    assert [event for event in named if f'"{event}"' not in code] == []


OTHER_PAGES = [ROOT / "README.md", *sorted((ROOT / "examples").rglob("*.md"))]


@pytest.mark.parametrize("page", [*PAGES, *OTHER_PAGES], ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Links between pages, and to headings inside them, resolve."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, heading = target.partition("#")
        other = (page.parent / file).resolve() if file else page
        assert other.exists(), f"{page.name}: {target}"
        if heading:
            headings = re.findall(r"^#+ (.*)$", other.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in headings}
            assert heading in slugs, f"{page.name}: {target}"


def test_every_page_is_in_the_index() -> None:
    """docs/README.md leads to every page."""
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\(([^)#\s]+)\)", index))
    assert {str(page.relative_to(DOCS)) for page in PAGES} - linked == {"README.md"}


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language in ("console", "yaml")], ids=str)
def test_block_says_how_it_is_proved(block: Block) -> None:
    """No command and no configuration is shown without being run or checked, or a reason why not."""
    words = ("run", "start", "file:", "insert:", "check:", "copy:", "not run:")
    assert block.mark.startswith(words), "put a comment above the block; see the top of tests/meta/test_docs.py"


# --- what is shown is true ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.mark.startswith("copy: ")], ids=str)
def test_copied_block_is_the_file(block: Block) -> None:
    """A file of the repository shown in a page is shown as it is."""
    file = (ROOT / block.mark.removeprefix("copy: ")).read_text(encoding="utf-8")
    assert block.text.strip() == file.strip()


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.mark.startswith("check: ")], ids=str)
def test_configuration_block_has_no_mistake(block: Block, tmp_path: Path) -> None:
    """Its keys, laid over those of the shipped file, load."""
    folder = tmp_path / "config"
    shutil.copytree(shipped_config(), folder, ignore=shutil.ignore_patterns("data", "schema"))
    file = folder / block.mark.removeprefix("check: ")
    yaml = YAML()
    shipped = yaml.load(file.read_text(encoding="utf-8"))
    shipped.update(yaml.load(block.text))
    text = StringIO()
    yaml.dump(shipped, text)
    file.write_text(text.getvalue(), encoding="utf-8")
    assert _mistakes(folder) == []


def _mistakes(folder: Path) -> list[Mistake]:
    try:
        load(folder)
    except ConfigError as error:
        return list(error.mistakes)
    return []


class Shell:
    """Runs the blocks of one page in one folder. The port 8080 of the pages becomes one that is free."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = str(free_port())
        self.running: list[subprocess.Popen[bytes]] = []
        path = f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {
            **os.environ, "PATH": path, "COLUMNS": "140", "NO_COLOR": "1", "TERM": "dumb",
        }  # fmt: skip
        (folder / "examples").symlink_to(ROOT / "examples")

    def prove(self, block: Block) -> bool:
        """Do what the mark says; True if commands were run, and said what the page shows."""
        if block.mark.startswith("run"):
            self._run(block)
            return True
        if block.mark.startswith("start"):
            self._start(block)
            return True
        if block.mark.startswith("file: "):
            path = self.folder / block.mark.removeprefix("file: ")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self._here(block.text), encoding="utf-8")
        elif found := _INSERT.fullmatch(block.mark):
            self._insert(self.folder / found[1], found[2], found[3], block.text)
        return False

    def _here(self, text: str) -> str:
        return text.replace("8080", self.port)

    def _insert(self, path: Path, where: str, line: str, text: str) -> None:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        [place] = [number for number, one in enumerate(lines) if one.startswith(line)]
        lines.insert(place + (where == "after"), text)
        path.write_text("".join(lines), encoding="utf-8")

    def _run(self, block: Block) -> None:
        steps = list(_commands(block.text))
        for number, (command, expected) in enumerate(steps):
            last = number == len(steps) - 1
            wanted = int(block.mark.partition("exit ")[2] or 0) if last else 0
            done = subprocess.run(
                ["/bin/sh", "-c", self._here(command)], cwd=self.folder, env=self.environment, timeout=120,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            )  # fmt: skip
            said = "".join(f"{line.rstrip()}\n" for line in done.stdout.decode().splitlines())
            assert done.returncode == wanted, f"{block}: {command}\n{said}"
            if expected:
                pattern = ".*?".join(map(re.escape, self._here(expected).strip("\n").split("...")))
                assert re.fullmatch(pattern, said.strip("\n"), re.DOTALL), f"{block}: {command}\nit said:\n{said}"
            for settings in self.folder.glob("*/router.yaml"):  # as written by init
                settings.write_text(self._here(settings.read_text(encoding="utf-8")), encoding="utf-8")

    def _start(self, block: Block) -> None:
        [(command, expected)] = _commands(block.text)
        log = self.folder / "started.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {self._here(command)}"], cwd=self.folder, env=self.environment, stdout=output,
                stderr=subprocess.STDOUT,
            )  # fmt: skip
        self.running.append(process)
        end = time.monotonic() + 60
        while self._here(expected).strip() not in log.read_text(encoding="utf-8"):
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < end, log.read_text(encoding="utf-8")
            time.sleep(0.05)

    def stop(self) -> None:
        """End what was started."""
        for process in self.running:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Each command of a console block and what it is shown to print."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines(keepends=True)
        end = next(number for number, line in enumerate(lines) if not line.endswith("\\\n")) + 1
        yield "".join(lines[:end]).strip(), "".join(lines[end:])


@pytest.mark.slow
@pytest.mark.parametrize("name", RUN_PAGES)
def test_commands_of_page_run(name: str, tmp_path: Path) -> None:
    """Every command of the page works, in order, and prints what the page shows."""
    missing = [tool for tool in ("curl", "openssl") if shutil.which(tool) is None]
    if missing and name != "tutorial.md":
        skip_or_fail(ServerMissing(f"{missing[0]} is missing: apt-get install {missing[0]}", missing[0]))
    shell = Shell(tmp_path)
    try:
        proved = [shell.prove(block) for block in BLOCKS if block.page == name]
    finally:
        shell.stop()
    assert any(proved), "no command was run"


# --- examples ----------------------------------------------------------------------------------------------------


def test_example_rules_send_messages_where_expected() -> None:
    """examples/rules is a configuration without a mistake, and its check passes."""
    environment = {**os.environ, "PATH": f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}"}
    script = ROOT / "examples" / "rules" / "check.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ok") == 3


def test_documented_verification_of_sinks_accepts_our_signature(tmp_path: Path) -> None:
    """The code shown to receivers of a webhook sink takes what the product signs, and nothing else."""
    [block] = [b for b in BLOCKS if b.page == "how-to/forward-to-sinks.md" and b.mark == "file: verify.py"]
    shown: dict[str, Any] = {}
    exec(compile(block.text, "verify.py", "exec"), shown)
    secret, now = "whsec_" + "QUFB" * 8, datetime.now(UTC)
    headers = {
        "webhook-id": "event-1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("event-1", now, '{"a": 1}'),
    }
    assert shown["is_ours"](secret, headers, b'{"a": 1}')
    assert not shown["is_ours"](secret, headers, b'{"a": 2}')


PACKAGE = ROOT / "examples" / "channel_package"


class TextFilesWorld(ChannelWorld):
    """A folder; what was taken has another ending."""

    def __init__(self, tmp_path: Path) -> None:
        self._folder, self._context = tmp_path, make_context(tmp_path)
        self.parse = import_module("complaint_router_textfiles.parse").parse
        self._make()

    def _make(self) -> None:
        config = import_module("complaint_router_textfiles.config").Config(path=self._folder)
        create = import_module("complaint_router_textfiles.channel").create
        self.channel = create("counter", config, self._context)

    async def push(self, key: str, text: str) -> None:
        (self._folder / f"{key}.txt").write_text(text, encoding="utf-8")

    async def acknowledged(self) -> set[str]:
        return {path.stem for path in self._folder.glob("*.done")}

    async def restart(self) -> None:
        await self.channel.close()
        self._make()


class TestExampleChannel(ChannelContract):
    """The channel of the example package keeps the contract of those that ship."""

    can_send = False

    @pytest.fixture(autouse=True)
    def _installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.syspath_prepend(str(PACKAGE))

    async def make_world(self, tmp_path: Path) -> ChannelWorld:
        return TextFilesWorld(tmp_path)


def test_example_channel_is_found_by_its_entry_point(tmp_path: Path) -> None:
    """With the package's entry point on the path, its kind can be configured, and its settings are checked."""
    site = tmp_path / "site" / "complaint_router_textfiles-0.1.0.dist-info"
    site.mkdir(parents=True)
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (site / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 0.1.0\n", encoding="utf-8"
    )
    points = "\n".join(
        f"[{group}]\n" + "\n".join(f"{name} = {value}" for name, value in entries.items())
        for group, entries in project["entry-points"].items()
    )
    (site / "entry_points.txt").write_text(points + "\n", encoding="utf-8")
    folder = tmp_path / "config"
    shutil.copytree(shipped_config(), folder, ignore=shutil.ignore_patterns("data", "schema"))
    (folder / "channels.yaml").write_text(
        "channels:\n  - {kind: textfiles, account: counter, path: notes}\n", encoding="utf-8"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site.parent), str(PACKAGE)])}
    command = [sys.executable, "-m", "router.cli.main", "doctor", "--config", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "textfiles:counter" in done.stdout
    assert "make this folder" in done.stdout
