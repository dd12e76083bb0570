# SPDX-License-Identifier: Apache-2.0
"""The Dockerfile and compose file, as far as they can be judged without an engine."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
KNOWN = {
    "FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT",
    "CMD",
}  # fmt: skip


def instructions() -> list[tuple[str, str]]:
    """Every instruction with its words, continued lines joined."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


def test_dockerfile_instructions_are_known() -> None:
    """No misspelt instruction, and it begins with an image whose version is named."""
    assert {name for name, _ in instructions()} <= KNOWN
    images = [rest.split()[0] for name, rest in instructions() if name == "FROM"]
    assert all(re.search(r":[0-9]", image) for image in images)


@pytest.mark.parametrize("words", [rest for name, rest in instructions() if name == "COPY" and "--from" not in rest])
def test_dockerfile_copies_what_exists(words: str) -> None:
    """Each source of a COPY is in the repository."""
    *sources, _ = words.split()
    assert all((ROOT / source).exists() for source in sources)


def test_dockerfile_runs_as_nobody_special() -> None:
    """The last image ends as a user of its own, and the command is the product's."""
    names = [name for name, _ in instructions()]
    assert names.index("USER") > len(names) - names[::-1].index("FROM") - 1
    assert ("ENTRYPOINT", '["complaint-router"]') in instructions()


def test_compose_refers_to_what_it_defines() -> None:
    """Volumes, secrets and services that are named exist; no password stands in the file."""
    said = YAML(typ="safe").load(ROOT / "compose.yaml")
    services = said["services"]
    for service in services.values():
        assert set(service.get("secrets", ())) <= set(said["secrets"])
        assert set(service.get("depends_on", ())) <= set(services)
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source.startswith("./") or source in said["volumes"]
        assert not any("PASSWORD" in key and not key.endswith("_FILE") for key in service.get("environment", {}))
