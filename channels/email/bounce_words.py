# SPDX-License-Identifier: Apache-2.0
"""What the words and codes of a mail server mean: which failure it was, and whether trying again can help."""

from __future__ import annotations

import re

__all__ = ["REASON_CHARS", "find_status", "is_permanent"]

REASON_CHARS = 300

_OWNER = r"(?:user|recipient|mailbox|address|account|alias)\W{1,3}"
_SOME = r"(?:\w\S{0,60}\W{1,3}){0,5}?"
# Words of servers that give no status, most telling first.
_WORDS: dict[str, tuple[str, ...]] = {
    "4.2.2": (
        r"(?:mail ?box|quota|inbox|folder|postfach|account)\W{1,3}(?:\w{1,20}\W{1,3}){0,4}(?:full|exceeded|voll)\b",
        r"over (?:the )?(?:disk )?quota|full mailbox|quota exce|out of storage",
        r"insufficient (?:disk|system|mailbox) (?:space|storage)",
        r"bo[îi]te (?:aux lettres |de réception )?(?:est )?pleine",
        r"buz[óo]n (?:\w{1,20} ){0,4}llen[oa]|casella (?:\w{1,20} ){0,3}piena|caixa (?:\w{1,20} ){0,4}cheia",
        r"post(?:bus|vak) (?:\w{1,20} ){0,3}vol\b|(?:brevlådan|inkorgen) är full",
        r"skrzynka (?:\w{1,20} ){0,4}(?:pełna|przepełniona)|postilaatikko on täynnä|postkast on täis",
        r"sandučić (?:\w{1,20} ){0,3}pun",
    ),
    "5.1.2": (
        r"host (?:or domain name )?(?:unknown|not found)|unknown host|unrout?eable|no such (?:host|domain)|nxdomain",
        r"domain (?:does not exist|(?:name )?not found)|name service error|couldn't find any host",
        r"bad destination (?:host|domain)",
    ),
    "5.2.1": (rf"{_OWNER}(?:\w{{1,20}}\W{{1,3}}){{0,3}}(?:disabled|suspended|inactive|deactivated|locked|expired)",),
    "5.1.1": (
        rf"{_OWNER}{_SOME}(?:unknown|not found|does(?: not|n't) exist|invalid|not known|unavailable)",
        r"(?:unknown|no such|invalid|bad) (?:local )?(?:user|recipient|mailbox|address|account|part)",
        r"no mailbox here|not a valid (?:user|recipient|mailbox)|not listed in|recipnotfound",
        r"(?:couldn|wasn)['’]t (?:be )?found",
        r"existiert nicht|unbekannt|nicht gefunden|n['’]existe pas|inconnue?\b|introuvable|no existe|desconocid",
        r"no se (?:ha )?enc[ou]ntr|non esiste|sconosciut|não existe|não (?:foi )?encontrad|bestaat niet|niet gevonden",
        r"onbekend|finns inte|okänd|hittades inte|nie istnieje|nie znaleziono|nieznany|ei ole olemassa|ei löyty",
        r"tuntematon|ei leitud|pole olemas|tundmatu|ne postoji|nije pronađen|nepoznat",
    ),
    "5.3.4": (
        r"(?:message|mail|size) (?:\w{1,20} ){0,3}(?:too (?:large|big)|exceeds)|too large",
        r"exceeds? (?:\w{1,20} ){0,4}(?:size|limit)",
    ),
    "5.4.6": (r"mail loop|loop detected|too many hops|routing loop|loops back",),
    "4.4.7": (
        r"expired|giving up|too long in queue|maximum delivery attempts|delivery time|retry time",
        r"could not send message for",
    ),
    "4.4.1": (
        r"connection (?:refused|timed|was lost|reset)|unreachable|could not connect|timed? ?-?out|not responding",
        r"did not respond|no answer",
    ),
    "4.7.1": (
        r"gr[ea]ylist|try again later|temporarily (?:deferred|rejected|unavailable)|rate limit",
        r"too many (?:messages|connections)",
    ),
    "5.7.1": (
        r"spam|blocked|blacklist|block ?list|policy|denied|not (?:accepted|permitted|allowed|authori[sz]ed)|refused",
        r"rejected|relay|prohibited|dmarc|virus|malware|abgelehnt|verweigert|refusé|rechazad|rifiutat|rejeitad",
        r"geweigerd|avvisad|odrzucon|hylät|keelduti|odbijen",
    ),
}
_COMPILED = tuple((status, re.compile(f"(?i){'|'.join(words)}")) for status, words in _WORDS.items())
# "550 5.1.1", "550-5.1.1", "#5.1.1", "(5.1.1)": a status, not a version or an address of four numbers.
_ENHANCED = re.compile(
    r"(?<![\d.])(?:[2-5]\d\d[ -]{1,3}[#(]?|[#(\[]|\bstatus\b\W{1,4}|\b)([245]\.\d{1,3}\.\d{1,3})(?!\d|\.\d)"
)
_CODE = re.compile(
    r"(?i)(?<![\d.,:/-])(?:smtp[; ]{0,3}|error[: ]{1,3}|code[: ]{1,3}|said[: ]{1,3}|\b)([45][0-5]\d)(?=[ :-])"
    r"(?! (?:kb|mb|bytes|km|eur))"
)
_SMTP = {"552": "5.2.2", "551": "5.1.6", "553": "5.1.3", "421": "4.4.1", "452": "4.2.2"}


def find_status(text: str, *, sure: bool = True) -> str:
    """The RFC 3463 status in a server's words; read from the words themselves where none is written, else "".

    Args:
        text: The server's words, at most a few thousand characters.
        sure: False where the words may be about something else; then only codes count.
    """
    if match := _ENHANCED.search(text):
        return match[1]
    code = match[1] if (match := _CODE.search(text)) else ""
    if sure or code:
        for status, words in _COMPILED:
            if words.search(text):
                return f"{code[0]}{status[1:]}" if code and status[2:] not in ("2.2", "4.7", "4.1") else status
    if code:
        return _SMTP.get(code, f"{code[0]}.0.0")
    return ""


def is_permanent(action: str, status: str, reason: str) -> bool | None:
    """Whether trying again is useless. A full mailbox is emptied some day, whatever class the server gives it."""
    if action in ("delivered", "relayed", "expanded", "read") or status.startswith("2"):
        return None
    if action == "delayed" or status.startswith("4") or status.endswith(".2.2"):
        return False
    if status.startswith("5") or (not status and (status := find_status(reason)).startswith("5")):
        return not status.endswith(".2.2")
    return False if status.startswith("4") else None
