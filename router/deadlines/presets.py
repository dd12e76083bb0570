# SPDX-License-Identifier: Apache-2.0
"""Statutory deadlines as presets. Each names where it comes from; whether it binds you is for your lawyers to say.

The day of receipt is day 0, whatever hour it is. Their own calendars count whole days, so that the last one ends at
midnight; only "close of business" asks for hours.
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

# Not checked at every start, since the library of holidays would be loaded for that, but by the tests.
_made = CalendarSettings.model_construct

PRESET_CALENDARS: dict[str, CalendarSettings] = {
    "preset-uk": _made(zone="Europe/London", hours={"mon-fri": _WHOLE_DAYS}, holidays=("GB-ENG",)),
    "preset-uk-office": _made(zone="Europe/London", hours={"mon-fri": ("09:00-17:00",)}, holidays=("GB-ENG",)),
    "preset-es": _made(zone="Europe/Madrid", hours={"mon-fri": _WHOLE_DAYS}, holidays=("ES",)),
    "preset-us": _made(zone="America/New_York", hours={"mon-fri": _WHOLE_DAYS}, holidays=("US",)),
}

PRESETS: dict[str, Preset] = {
    "uk-acknowledgement": Preset(
        clock="acknowledgement",
        within="5 business days",
        calendar="preset-uk",
        source="FCA Handbook, DISP 1.6.1R(1)",
        note="A prompt written acknowledgement, which by the handbook as of June 2026 also says when the answer comes "
        "(within 15 or 35 business days, or 8 weeks): put that into your template. No number of days is given for "
        "prompt; five business days are this product's outer limit, so set your own.",
        warn_before=("1 business day",),
    ),
    "uk-summary-resolution": Preset(
        clock="resolution",
        within="3 business days",
        calendar="preset-uk-office",
        source="FCA Handbook, DISP 1.5.1R, 1.5.2AR and 1.5.4R",
        note="Accepted by the complainant before the close of business on the third business day after the day of "
        "receipt, a complaint needs a summary resolution communication and no final response. Receipt in the evening "
        "or on a holiday moves nothing (DISP 1.5.3G is deleted). When business closes is not defined: 17:00 here, name "
        "your own calendar. Missing it is no breach: the longer clock goes on.",
        ends="close",
        warn_before=("1 business day",),
    ),
    "uk-final-response": Preset(
        clock="resolution",
        within="8 weeks",
        calendar="preset-uk",
        source="FCA Handbook, DISP 1.6.2R",
        note="By the end of eight weeks after receipt a final response, or a written one that says why there is none "
        "yet, when to expect it, and that the ombudsman may be asked. Weeks are of the calendar; a holiday at the end "
        "moves nothing.",
        warn_before=("4 weeks", "1 week"),
    ),
    "uk-payments": Preset(
        clock="resolution",
        within="15 business days",
        calendar="preset-uk",
        source="FCA Handbook, DISP 1.6.2AR(1); Payment Services Regulations 2017, regulation 101",
        note="Payment services and electronic money: a final response within fifteen business days of receipt. In "
        "exceptional circumstances a holding response by then, and 'uk-payments-exceptional'.",
        warn_before=("5 business days", "1 business day"),
    ),
    "uk-payments-exceptional": Preset(
        clock="resolution",
        within="35 business days",
        calendar="preset-uk",
        source="FCA Handbook, DISP 1.6.2AR(2); Payment Services Regulations 2017, regulation 101",
        note="Payment services and electronic money, after a holding response: the final one within thirty-five "
        "business days of receipt.",
        warn_before=("5 business days", "1 business day"),
    ),
    "es-customer-service": Preset(
        clock="resolution",
        within="15 business days",
        calendar="preset-es",
        source="Spain, Ley 10/2025 (BOE-A-2025-26698), article 17.1; to be met by 28 December 2026",
        note="Complaints and enquiries in general, where the law of the sector sets no other time. The calendar knows "
        "national holidays only: name one of your own with your region, such as ES-MD.",
        warn_before=("5 business days", "1 business day"),
    ),
    "es-continuity": Preset(
        clock="first_response",
        within="2h",
        calendar="always",
        source="Spain, Ley 10/2025 (BOE-A-2025-26698), article 17.2; to be met by 28 December 2026",
        note="Whether a basic service that runs all the time, such as electricity or water, is cut off: two hours, at "
        "any hour of any day. Give it a 'when', or let a route name it with 'automatic: false'.",
        warn_before=("1h",),
    ),
    "es-billing": Preset(
        clock="resolution",
        within="5 calendar days",
        calendar="preset-es",
        source="Spain, Ley 10/2025 (BOE-A-2025-26698), article 17.3; to be met by 28 December 2026",
        note="Bills and undue charges. Summaries differ on whether these five days are working days; the shorter "
        "reading stands here.",
        warn_before=("2 calendar days", "1 calendar day"),
    ),
    "us-cfpb-response": Preset(
        clock="first_response",
        within="15 calendar days",
        calendar="preset-us",
        source="CFPB Company Portal Manual, section on a timely response; 12 U.S.C. 5534(b)",
        note="Complaints passed on by the bureau: a response within fifteen calendar days of being sent to the "
        "company; one that is not final is marked as in progress.",
        warn_before=("5 calendar days", "1 calendar day"),
    ),
    "us-cfpb-final": Preset(
        clock="resolution",
        within="60 calendar days",
        calendar="preset-us",
        source="CFPB Company Portal Manual, section on a timely response",
        note="After a response marked as in progress: the final one within sixty calendar days of being sent to the "
        "company, not of the first response.",
        warn_before=("15 calendar days", "5 calendar days"),
    ),
}
