# SPDX-License-Identifier: Apache-2.0
"""Statutory deadlines as presets. Each names where it comes from; whether it binds you is for your lawyers to say.

Their own calendars count whole days: the day of receipt is day 0, the last day ends at midnight.
"""

from __future__ import annotations

from dataclasses import dataclass

from router.deadlines.duration import Ends
from router.deadlines.records import ClockKind
from router.deadlines.settings import CalendarSettings

__all__ = ["PRESETS", "PRESET_CALENDARS", "Preset"]


@dataclass(frozen=True)
class Preset:
    """One clock of one regime. ``within`` is written as operators write it."""

    clock: ClockKind
    within: str
    calendar: str
    source: str  # document and section
    note: str  # what it asks for, and what it does not say
    ends: Ends = "midnight"
    warn_before: tuple[str, ...] = ()


_WHOLE_DAYS = ("00:00-24:00",)

PRESET_CALENDARS: dict[str, CalendarSettings] = {
    "preset-uk": CalendarSettings(zone="Europe/London", hours={"mon-fri": _WHOLE_DAYS}, holidays=("GB-ENG",)),
    "preset-es": CalendarSettings(zone="Europe/Madrid", hours={"mon-fri": _WHOLE_DAYS}, holidays=("ES",)),
    "preset-us": CalendarSettings(zone="America/New_York", hours={"mon-fri": _WHOLE_DAYS}, holidays=("US",)),
}

PRESETS: dict[str, Preset] = {
    "uk-acknowledgement": Preset(
        clock="acknowledgement",
        within="5 business days",
        calendar="preset-uk",
        source="FCA Handbook, DISP 1.6.1R",
        note="A complaint is to be acknowledged promptly, in writing. The rule gives no number; five business days are "
        "this product's outer limit, so set your own.",
        warn_before=("1 business day",),
    ),
    "uk-summary-resolution": Preset(
        clock="resolution",
        within="3 business days",
        calendar="preset-uk",
        source="FCA Handbook, DISP 1.5.1R to 1.5.4R",
        note="Resolved by the close of the third business day after the day of receipt, a summary resolution "
        "communication takes the place of a final response. Missing it is no breach: the longer clock goes on.",
        ends="close",
        warn_before=("1 business day",),
    ),
    "uk-final-response": Preset(
        clock="resolution",
        within="8 weeks",
        calendar="preset-uk",
        source="FCA Handbook, DISP 1.6.2R",
        note="By the end of eight weeks after receipt a final response, or a written one that says why there is none "
        "yet, when to expect it, and that the ombudsman may be asked.",
        warn_before=("4 weeks", "1 week"),
    ),
    "uk-payments": Preset(
        clock="resolution",
        within="15 business days",
        calendar="preset-uk",
        source="FCA Handbook, DISP 1.6.2AR; Payment Services Regulations 2017, regulation 101",
        note="Payment services and electronic money: a final response within fifteen business days of receipt. Where "
        "that is impossible for reasons beyond control, a holding response by then, and 'uk-payments-exceptional'.",
        warn_before=("5 business days", "1 business day"),
    ),
    "uk-payments-exceptional": Preset(
        clock="resolution",
        within="35 business days",
        calendar="preset-uk",
        source="FCA Handbook, DISP 1.6.2AR; Payment Services Regulations 2017, regulation 101",
        note="Payment services and electronic money, after a holding response: the final one within thirty-five "
        "business days of receipt.",
        warn_before=("5 business days", "1 business day"),
    ),
    "es-customer-service": Preset(
        clock="resolution",
        within="15 business days",
        calendar="preset-es",
        source="Spain, Ley 10/2025 on customer services (in force 28 December 2025; to be met by 28 December 2026)",
        note="Complaints are answered within fifteen working days in general. The calendar knows national holidays "
        "only: name one of your own with your region, such as ES-MD.",
        warn_before=("5 business days", "1 business day"),
    ),
    "us-cfpb-response": Preset(
        clock="first_response",
        within="15 calendar days",
        calendar="preset-us",
        source="CFPB Company Portal Manual; 12 U.S.C. 5534",
        note="Complaints passed on by the bureau: a response within fifteen calendar days; one that is not final is "
        "marked as in progress.",
        warn_before=("5 calendar days", "1 calendar day"),
    ),
    "us-cfpb-final": Preset(
        clock="resolution",
        within="60 calendar days",
        calendar="preset-us",
        source="CFPB Company Portal Manual",
        note="After a response marked as in progress: the final one within sixty calendar days of receipt.",
        warn_before=("15 calendar days", "5 calendar days"),
    ),
}
