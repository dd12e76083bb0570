# SPDX-License-Identifier: Apache-2.0
"""Further subjects of automatic answers, one line a language; fragments of one regular expression."""

from __future__ import annotations

__all__ = ["MORE_SUBJECTS"]

MORE_SUBJECTS = (
    r"out\s?of\s?office|ooo(?=\s*[:\-–—]|\s*\Z)|autoresponse|auto\s+response|(?:currently\s+)?(?:on|away\s+on)\s+(?:annual\s+)?(?:leave|vacation|holiday)"
    r"|away\s+(?:message|notice)|absence\s+notification"
    r"|automatische\s+(?:e-?mail(?:-?antwort)?|abwesenheit\w*|eingangsbestätigung)|abwesenheit|nicht\s+im\s+büro|außer\s+haus"
    r"|urlaubs(?:notiz|meldung|abwesenheit)|abwesenheitsassistent|automatisch\s+generierte\s+antwort"
    r"|réponse\s+(?:d['’]absence|automatis[ée]e)|absente?\s+du\s+bureau|(?:notification|avis|message)\s+d['’]absence|en\s+congés?|je\s+suis\s+absente?"
    r"|respuesta\s+(?:autom[aá]tica|de\s+ausencia)|ausente(?:\s+de\s+la\s+oficina)?|mensaje\s+de\s+ausencia|de\s+vacaciones|ausencia(?:\s+temporal)?"
    r"|risposta\s+(?:automatica|di\s+assenza)|assenza(?:\s+dall['’]ufficio)?|fuori\s+(?:dall['’])?ufficio|messaggio\s+(?:automatico|di\s+assenza)|in\s+ferie"
    r"|resposta\s+(?:autom[aá]tica|de\s+aus[eê]ncia)|aus[eê]ncia(?:\s+tempor[aá]ria|\s+do\s+escrit[oó]rio)?|ausente\s+do\s+escrit[oó]rio|de\s+f[eé]rias"
    r"|automatisch(?:e)?\s+(?:antwoord|reactie|reply)|afwezigheid(?:s(?:bericht|melding|assistent))?|niet\s+op\s+kantoor|buiten\s+kantoor|op\s+vakantie|met\s+verlof"
    r"|automatiskt?\s+(?:svar(?:smeddelande)?|meddelande)|frånvaro(?:meddelande|besked)?|frånvarande|ej\s+på\s+(?:kontoret|plats)|på\s+semester|inte\s+på\s+kontoret"
    r"|autoodpowied[zź]|automatyczna\s+odpowied[zź]|odpowied[zź]\s+automatyczna|nieobecno[sś][cć](?:\s+w\s+biurze)?|jestem\s+nieobecn[ya]|na\s+urlopie|urlop"
    r"|automaattinen\s+(?:vastaus(?:viesti)?|poissaolo\w*)|automaattivastaus|poissa(?:\s+toimistolta|oloviesti|oloilmoitus)?|lomavastaaja|lomalla|en\s+ole\s+paikalla"
    r"|automaat(?:ne\s+)?(?:vastus|teade|kiri)|automaatvastaja|puhkuse?l|kontorist\s+(?:eemal|väljas|ära)|ei\s+viibi\s+kontoris|äraoleku\s+teade"
    r"|automatski\s+(?:odgovor|generirani?\s+odgovor)|izvan\s+ureda|nisam\s+u\s+uredu|odsut(?:na?|an|nost)(?:\s+(?:iz|s)\s+ureda)?|na\s+godišnjem(?:\s+odmoru)?|obavijest\s+o\s+odsutnosti"
    r"|automatisk\s+svar|ikke\s+på\s+kontoret|fravær(?:smelding|sbesked)?|automatická\s+odpověď|mimo\s+kancelář|automatikus\s+válasz"
    r"|自動返信|自动回复|自動回覆"
)
