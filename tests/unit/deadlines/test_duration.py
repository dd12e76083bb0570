# SPDX-License-Identifier: Apache-2.0
"""How lengths of time are written."""

import pytest

from router.deadlines.duration import Duration, parse_duration


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("4h", Duration(14_400, "time")),
        ("1h 30m", Duration(5400, "time")),
        ("90 minutes", Duration(5400, "time")),
        ("45s", Duration(45, "time")),
        ("2d", Duration(2, "business_days")),
        ("1 business day", Duration(1, "business_days")),
        ("15 working days", Duration(15, "business_days")),
        ("15 calendar days", Duration(15, "days")),
        ("8 weeks", Duration(8, "weeks")),
        ("8w", Duration(8, "weeks")),
        ("2 months", Duration(2, "months")),
    ],
)
def test_parse_duration_reads(text: str, meant: Duration) -> None:
    """Each form means one thing, and reads back as written out."""
    assert parse_duration(text) == meant
    assert parse_duration(str(meant)) == meant


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("15 days", "business days"),
        ("", "no length"),
        ("4", "no length"),
        ("-4h", "no length"),
        ("0h", "no time"),
        ("4h soon", "no length"),
        ("9999 weeks", "ten years"),
        ("999999h", "ten years"),
        ("5mo", "no length"),
    ],
)
def test_parse_duration_refuses(text: str, hint: str) -> None:
    """What is unclear, empty or absurd is refused with what to write."""
    with pytest.raises(ValueError, match=hint):
        parse_duration(text)
