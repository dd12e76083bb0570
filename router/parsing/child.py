# SPDX-License-Identifier: Apache-2.0
"""The child that reads messages: no network of its own to use, no secrets, little memory, little time.

Run as ``python -m router.parsing.child MEMORY_BYTES CHANNEL...``. Says that it is ready once the channels are imported;
then questions come on standard input, answers go to standard output.
"""

from __future__ import annotations

import math
import os
import resource
import sys
from contextlib import suppress
from typing import BinaryIO

from router.errors import ParseError
from router.parsing.enrich import enriched
from router.parsing.frames import HEAD, READY, Answer, Question, unpack_raw
from router.registry import channel_parse

__all__ = ["answer", "main"]

_MAX_MESSAGES = 5_000  # of one payload; a page of any platform has at most a thousand


def answer(question: Question, body: bytes) -> Answer:
    """Read one message; whatever a reader raises becomes a reason."""
    try:
        found = channel_parse(question.channel)(unpack_raw(question, body), question.options)
        if len(found) > _MAX_MESSAGES:
            reason = f"it holds {len(found)} messages, more than the {_MAX_MESSAGES} that are read at once"
            return Answer(error=reason, final=True)
        read = tuple(enriched(message, question.options) for message in found)
    except ParseError as error:
        return Answer(error=str(error), final=True)
    except MemoryError:
        return Answer(error="reading took more memory than allowed")
    except Exception as error:
        return Answer(error=f"the reader failed: {type(error).__name__}")
    return Answer(messages=read)


def _limit_cpu(seconds: float) -> None:
    """Give the next message its own share of processor time; the kernel ends us past it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _serve(source: BinaryIO, sink: BinaryIO) -> None:
    while head := source.read(HEAD.size):
        text_size, body_size = HEAD.unpack(head)
        question = Question.model_validate_json(source.read(text_size))
        _limit_cpu(question.cpu_seconds)
        text = answer(question, source.read(body_size)).model_dump_json(exclude_defaults=True).encode()
        sink.write(HEAD.pack(len(text), 0) + text)
        sink.flush()


def main() -> None:
    """Serve until standard input ends."""
    memory = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a stray print in a library cannot garble the answers
    for kind in sys.argv[2:]:
        with suppress(Exception):  # of one channel: its first message says why, the others' are read
            channel_parse(kind)
    answers.write(READY)
    answers.flush()
    _serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
