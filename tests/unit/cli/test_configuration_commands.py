# SPDX-License-Identifier: Apache-2.0
"""init, check, doctor and user: setting an installation up, and being told what is wrong with it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from classifiers.default import load_default
from router.cli.main import app

COMMANDS = [
    "", "init", "run", "demo", "check", "test", "replay", "doctor", "ingest", "cases", "deadlines", "assignments",
    "explain", "parse", "classify", "train", "evaluate", "label", "drift", "rules", "rules log", "rules show",
    "rules diff", "rules rollback", "user", "user add", "user list", "models", "models list", "models show",
    "models promote", "models rollback", "incidents", "incidents list", "incidents show", "incidents close",
    "incidents update", "incidents reopen", "incidents mute", "incidents unmute", "incidents add", "incidents remove",
    "incidents stop",
]  # fmt: skip
HEAVY = {"sqlalchemy", "sklearn", "numpy", "scipy", "aiohttp", "telegram", "tweepy", "alembic", "imaplib2",
         "structlog", "ruamel", "jinja2"}  # fmt: skip
_HELP = """
import sys
from router.cli.main import app
for words in {commands!r}:
    try:
        app([*words.split(), "--help"], standalone_mode=True)
    except SystemExit as end:
        assert end.code == 0, words
print("LOADED", *sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


def test_help_imports_nothing_heavy() -> None:
    """The help of every command is there without the libraries that take long to load."""
    program = _HELP.format(commands=COMMANDS)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    loaded = set(done.stdout.rpartition("LOADED")[2].split())
    assert loaded & HEAVY == set()


def test_help_covers_every_command(run: Any) -> None:
    """Each command says in a sentence what it does, and has --json unless it runs until stopped."""
    import typer.main

    group: Any = typer.main.get_command(app)
    for name, command in group.commands.items():
        assert command.help, name
        options = {option for parameter in command.params for option in parameter.opts}
        assert "--json" in options or name in {"run", "demo", "user", "rules", "incidents", "models", "label"}, name
        assert name in COMMANDS
    assert "complaint-router" in run("--version").stdout


def test_no_command_shows_help(run: Any) -> None:
    """Called without a command, it says what there is and that this was no command."""
    assert "check" in run(code=2).output


def test_init_makes_a_good_configuration(run: Any, rows: Any, tmp_path: Path) -> None:
    """What init writes passes check at once, and the next steps name its folder."""
    shown = run("init", "my conf").stdout
    assert "complaint-router check --config" in shown
    assert (tmp_path / "my conf" / "rules.yaml").is_file()
    [said] = rows("check", "--config", "my conf")
    assert (said["ok"], said["mistakes"]) == (True, [])
    assert {"channels", "teams", "digest"} <= set(said)
    assert "triage" in run("check", "--config", "my conf").stdout


def test_init_overwrites_only_when_told(run: Any, rows: Any, conf: Path) -> None:
    """What somebody has edited is safe from a second init, unless it is forced."""
    (conf / "rules.yaml").write_text("mine", encoding="utf-8")
    assert "--force" in run("init", conf, code=2).stderr
    assert (conf / "rules.yaml").read_text(encoding="utf-8") == "mine"
    [said] = rows("init", conf, "--force")
    assert "rules.yaml" in said["files"]
    assert (conf / "rules.yaml").read_text(encoding="utf-8") != "mine"


def test_init_where_a_file_is_in_the_way(run: Any, tmp_path: Path) -> None:
    """A target that is no folder is refused in a sentence."""
    (tmp_path / "file").write_text("x", encoding="utf-8")
    assert "file" in run("init", "file", code=2).stderr


def test_check_lists_every_mistake_at_once(run: Any, rows: Any, conf: Path) -> None:
    """Mistakes in two files are all listed, each with file, line, column, key path and the way out."""
    rules, teams = conf / "rules.yaml", conf / "teams.yaml"
    rules.write_text(rules.read_text(encoding="utf-8").replace("kind: praise", "knd: praise"), encoding="utf-8")
    teams.write_text(
        teams.read_text(encoding="utf-8").replace("  - name: delivery", "  - nme: delivery"), encoding="utf-8"
    )
    [said] = rows("check", "--config", conf, code=2)
    assert not said["ok"]
    assert {mistake["file"] for mistake in said["mistakes"]} == {"rules.yaml", "teams.yaml"}
    for mistake in said["mistakes"]:
        assert set(mistake) == {"file", "line", "column", "path", "sentence", "message"}
        assert mistake["line"] > 0
    shown = run("check", "--config", conf, code=2)
    assert "did you mean 'kind'" in shown.stderr
    assert f"{len(said['mistakes'])} mistakes" in shown.stderr
    assert shown.stdout == ""


@pytest.mark.parametrize("command", ["check", "doctor", "cases", "user list", "run"])
def test_commands_name_a_missing_folder(run: Any, command: str) -> None:
    """Where there is no configuration, the command that makes one is named."""
    assert "complaint-router init nowhere" in run(*command.split(), "--config", "nowhere", code=2).stderr


@pytest.mark.parametrize("command", ["doctor", "cases", "user list", "run", "ingest ."])
def test_commands_refuse_a_configuration_with_mistakes(run: Any, conf: Path, command: str) -> None:
    """No command works with half a configuration; all mistakes are shown."""
    (conf / "router.yaml").write_text("company: X\nlimits: {attempts: 0}\nweb: {port: 99999}\n", encoding="utf-8")
    shown = run(*command.split(), "--config", conf, code=2).stderr
    assert "router.yaml:2:" in shown
    assert "router.yaml:3:" in shown
    assert "nothing was loaded" in shown


def test_check_names_secrets_that_cannot_be_read(rows: Any, conf: Path) -> None:
    """A secret that is missing is a mistake before anything starts."""
    (conf / "channels.yaml").write_text(
        "channels: [{kind: webhook, account: shop, secrets: [{env: NO_SUCH_SECRET}]}]", encoding="utf-8"
    )
    [said] = rows("check", "--config", conf, code=2)
    assert [mistake["sentence"] for mistake in said["mistakes"]] == [
        "the environment variable NO_SUCH_SECRET is not set"
    ]


@pytest.mark.parametrize("secret", ["{env: NO_SUCH_SECRET}", "{file: nowhere}", "{file: rules.yaml/x}"])
def test_commands_name_the_key_that_cannot_be_read(run: Any, conf: Path, secret: str) -> None:
    """The installation's own secret is named when it is not there, by every command that needs it."""
    with (conf / "router.yaml").open("a", encoding="utf-8") as file:
        file.write(f"\nsecret: {secret}\n")
    assert "router.yaml: secret: " in run("cases", "--config", conf, code=2).stderr


def test_commands_name_a_data_folder_that_is_none(run: Any, conf: Path) -> None:
    """A file where the data should be is named, not a traceback."""
    (conf / "data").write_text("x", encoding="utf-8")
    assert "data" in run("cases", "--config", conf, code=2).stderr


def test_doctor_looks_at_everything(run: Any, rows: Any, conf: Path) -> None:
    """Disk, model, database and every channel have a line; a good installation ends with 0."""
    found = rows("doctor", "--config", conf)
    assert [row["what"] for row in found] == ["disk", "model", "store", "webform:support", "call:desk"]
    assert all(set(row) == {"what", "ok", "detail"} and row["ok"] for row in found)
    assert "ok" in run("doctor", "--config", conf).stdout


def test_doctor_names_types_that_the_model_does_not_know(
    rows: Any, conf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A type of one's own that nothing was trained for is no failure, and is said."""
    monkeypatch.setattr("classifiers.default.load_default", load_default)  # the real one, which others do without
    path = conf / "router.yaml"
    own = path.read_text(encoding="utf-8").replace("  own: []", "  own: [{name: noise, title: Noise}]", 1)
    path.write_text(own, encoding="utf-8")
    [said] = [row for row in rows("doctor", "--config", conf) if row["what"] == "types"]
    assert said["ok"]
    assert "does not know noise; train it" in said["detail"]


def test_doctor_says_what_does_not_work(rows: Any, conf: Path) -> None:
    """A secret that is missing is a failed line, the rest is looked at all the same, and the exit code says so."""
    (conf / "channels.yaml").write_text(
        "channels: [{kind: webhook, account: shop, secrets: [{env: NO_SUCH_SECRET}]}]", encoding="utf-8"
    )
    found = rows("doctor", "--config", conf, code=1)
    assert [(row["what"], row["ok"]) for row in found] == [
        ("secret", False), ("disk", True), ("model", True), ("store", True),
    ]  # fmt: skip


def test_user_add_and_list(run: Any, rows: Any, conf: Path, tmp_path: Path) -> None:
    """A user is added with a hashed password that no output shows, changed by adding again, and listed."""
    (tmp_path / "pw").write_text("a password for tests\n", encoding="utf-8")
    words = ("user", "add", "aino", "--config", conf, "--password-file", "pw")
    [said] = rows(*words, "--team", "delivery", "--team", "billing", "--display-name", "Aino A.")
    assert said == {
        "name": "aino", "display_name": "Aino A.", "role": "agent", "teams": ["delivery", "billing"], "disabled": False,
    }  # fmt: skip
    assert "password" not in run(*words, "--role", "manager", "--disable").output
    [listed] = rows("user", "list", "--config", conf)
    assert (listed["role"], listed["teams"], listed["disabled"]) == ("manager", ["delivery", "billing"], True)
    assert "disabled" in run("user", "list", "--config", conf).stdout
    run("user", "link", "aino", "--config", conf, code=1)  # locked out
    rows("user", "add", "aino", "--enable", "--config", conf)
    assert "/login/" in run("user", "link", "aino", "--config", conf).output


def test_user_add_asks_for_the_password_twice(run: Any, conf: Path) -> None:
    """Without a file the password is asked for, not shown, and must be typed alike."""
    word = "a password for tests"
    run("user", "add", "aino", "--team", "delivery", "--config", conf, text=f"{word}\n{word}\n")
    run("user", "add", "eero", "--config", conf, text=f"{word}\nanother one\n", code=1)
    assert run("user", "list", "--config", conf).stdout.split() == ["aino", "agent", "delivery"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["aino", "--team", "delivry"], "unknown team 'delivry'; known: triage"),
        (["aino", "--role", "boss"], "role"),
        (["Aino Ä"], "name"),
    ],
    ids=["team", "role", "name"],
)
def test_user_add_refuses_mistakes(run: Any, conf: Path, tmp_path: Path, words: list[str], sentence: str) -> None:
    """An unknown team or role and an impossible name are refused, naming what is wrong."""
    (tmp_path / "pw").write_text("a password for tests", encoding="utf-8")
    assert sentence in run("user", "add", *words, "--config", conf, "--password-file", "pw", code=2).stderr


@pytest.mark.parametrize("content", ["short", None], ids=["short", "missing"])
def test_user_add_refuses_the_password(run: Any, conf: Path, tmp_path: Path, content: str | None) -> None:
    """A password that is too short, or a file that is not there, adds nobody."""
    if content is not None:
        (tmp_path / "pw").write_text(content, encoding="utf-8")
    run("user", "add", "aino", "--config", conf, "--password-file", "pw", code=2)
    assert run("user", "list", "--config", conf).stdout == ""
