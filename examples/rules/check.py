#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check rules against sample messages: every message of expected.json must go where it says there.

    python check.py [FOLDER]

FOLDER holds the configuration, messages/ and expected.json; without one it is the folder of this file. Keeps nothing.
"""

import json
import subprocess
import sys
from pathlib import Path


def decision(folder: Path, message: Path) -> dict[str, object]:
    """Where the message would go, asked of the installed product."""
    command = ["complaint-router", "explain", str(message), "--config", str(folder), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if done.returncode:
        sys.exit(done.stderr)
    found: dict[str, object] = json.loads(done.stdout)["decision"]
    return found


def main(folder: Path) -> int:
    """The number of messages that go elsewhere."""
    wrong = 0
    for name, wanted in json.loads((folder / "expected.json").read_text(encoding="utf-8")).items():
        found = decision(folder, folder / "messages" / name)
        differs = {key: found[key] for key in wanted if found[key] != wanted[key]}
        wrong += bool(differs)
        sys.stdout.write(
            f"{'WRONG' if differs else 'ok   '} {name} {found['route']}{f' {differs}' if differs else ''}\n"
        )
    return wrong


if __name__ == "__main__":
    sys.exit(min(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent), 1))
