# SPDX-License-Identifier: Apache-2.0
"""New words told from history for the mail programs people use, in the product's twelve languages. All made up."""

from __future__ import annotations

import pytest

from channels.text import reply_text

WHO = "Shop Support <help@example.com>"
NEW = {
    "en": "The second parcel is missing as well.", "fi": "Toinenkin paketti puuttuu.",
    "fr": "Le deuxième colis manque aussi.", "et": "Ka teine pakk on puudu.", "hr": "I drugi paket nedostaje.",
    "de": "Auch das zweite Paket fehlt.", "es": "También falta el segundo paquete.",
    "it": "Manca anche il secondo pacco.", "pt": "O segundo pacote também falta.",
    "nl": "Het tweede pakket ontbreekt ook.", "sv": "Det andra paketet saknas också.",
    "pl": "Brakuje też drugiej paczki.",
}  # fmt: skip
ATTRIBUTIONS = {
    "gmail": {
        "en": [f"On Mon, 3 Jun 2024 at 10:15, {WHO} wrote:", f"On Mon, Jun 3, 2024 at 10:15\u202fAM {WHO} wrote:"],
        "fi": ["ma 3. kesäk. 2024 klo 10.15 Shop Support (help@example.com) kirjoitti:"],
        "fr": [f"Le lun. 3 juin 2024 à 10:15, {WHO} a écrit :"],
        "et": ["Kuupäev E, 3. juuni 2024 kell 10:15 kirjutas Shop Support (<help@example.com>):",
               "Shop Support (<help@example.com>) kirjutas kuupäeval E, 3. juuni 2024 kell 10:15:"],
        "hr": [f"pon, 3. lip 2024. u 10:15 {WHO} napisao je:", f"pon, 3. lip 2024. u 10:15 {WHO} napisao/la je:"],
        "de": [f"Am Mo., 3. Juni 2024 um 10:15 Uhr schrieb {WHO}:"],
        "es": ["El lun, 3 jun 2024 a las 10:15, Shop Support (<help@example.com>) escribió:"],
        "it": [f"Il giorno lun 3 giu 2024 alle ore 10:15 {WHO} ha scritto:"],
        "pt": [f"Em seg., 3 de jun. de 2024 às 10:15, {WHO} escreveu:",
               f"{WHO} escreveu (segunda, 3/06/2024 à(s) 10:15):"],
        "nl": [f"Op ma 3 jun 2024 om 10:15 schreef {WHO}:"],
        "sv": [f"Den mån 3 juni 2024 kl 10:15 skrev {WHO}:"],
        "pl": [f"pon., 3 cze 2024 o 10:15 {WHO} napisał(a):"],
    },
    "thunderbird": {
        "en": ["On 03/06/2024 10:15, Shop Support wrote:"],
        "fi": ["Shop Support kirjoitti 3.6.2024 klo 10.15:"],
        "fr": ["Le 03/06/2024 à 10:15, Shop Support a écrit :"],
        "et": ["Shop Support kirjutas 03.06.2024 10:15:", "03.06.2024 10:15 Shop Support kirjutas:"],
        "hr": ["Dana 3.6.2024. u 10:15, Shop Support je napisao/la:", "3.6.2024. u 10:15, Shop Support napisa:"],
        "de": ["Am 03.06.24 um 10:15 schrieb Shop Support:"],
        "es": ["El 3/6/24 a las 10:15, Shop Support escribió:"],
        "it": ["Il 03/06/2024 10:15, Shop Support ha scritto:"],
        "pt": ["Em 03/06/2024 10:15, Shop Support escreveu:", "Às 10:15 de 03/06/2024, Shop Support escreveu:"],
        "nl": ["Op 03-06-2024 om 10:15 schreef Shop Support:"],
        "sv": ["Den 2024-06-03 kl. 10:15, skrev Shop Support:"],
        "pl": ["W dniu 3.06.2024 o 10:15, Shop Support pisze:"],
    },
    "apple": {
        "en": [f"On 3 Jun 2024, at 10:15, {WHO} wrote:", f"On Jun 3, 2024, at 10:15 AM, {WHO} wrote:"],
        "fi": [f"{WHO} kirjoitti 3.6.2024 kello 10.15:"],
        "fr": [f"Le 3 juin 2024 à 10:15, {WHO} a écrit :"],
        "et": [f"{WHO} kirjutas 3. juuni 2024 kell 10:15:"],
        "hr": [f"Dana 3. 6. 2024. u 10:15, {WHO} napisao/la je:", f"{WHO} je napisao dana 3. lip 2024. u 10:15:"],
        "de": [f"Am 03.06.2024 um 10:15 schrieb {WHO}:"],
        "es": [f"El 3 jun 2024, a las 10:15, {WHO} escribió:"],
        "it": [f"Il giorno 3 giu 2024, alle ore 10:15, {WHO} ha scritto:"],
        "pt": [f"No dia 03/06/2024, às 10:15, {WHO} escreveu:",
               f"Em 3 de jun. de 2024, à(s) 10:15, {WHO} escreveu:"],
        "nl": [f"Op 3 jun 2024, om 10:15 heeft {WHO} het volgende geschreven:"],
        "sv": [f"3 juni 2024 kl. 10:15 skrev {WHO}:"],
        "pl": [f"Wiadomość napisana przez {WHO} w dniu 3 cze 2024, o godz. 10:15:"],
    },
    "yahoo": {
        "en": [f"On Monday, June 3, 2024 at 10:15:00 AM GMT+2, {WHO} wrote:"],
        "fi": [f"maanantai 3. kesäkuuta 2024 klo 10.15.00 UTC+3 {WHO} kirjoitti:"],
        "fr": [f"Le lundi 3 juin 2024 à 10:15:00 UTC+2, {WHO} a écrit :"],
        "et": [f"Esmaspäev, 3. juuni 2024 10:15:00 EEST kirjutas {WHO}:"],
        "hr": [f"Ponedjeljak, 3. lipnja 2024. 10:15:00 CEST, {WHO} je napisao/la:"],
        "de": [f"Am Montag, 3. Juni 2024 um 10:15:00 MESZ hat {WHO} Folgendes geschrieben:"],
        "es": [f"El lunes, 3 de junio de 2024, 10:15:00 CEST, {WHO} escribió:"],
        "it": [f"Il lunedì 3 giugno 2024 alle ore 10:15:00 CEST, {WHO} ha scritto:"],
        "pt": [f"Em segunda-feira, 3 de junho de 2024 10:15:00 BRT, {WHO} escreveu:"],
        "nl": [f"Op maandag 3 juni 2024 om 10:15:00 CEST schreef {WHO}:"],
        "sv": [f"Den måndag 3 juni 2024 10:15:00 CEST, {WHO} skrev:"],
        "pl": [f"poniedziałek, 3 czerwca 2024 10:15:00 CEST, {WHO} napisał(a):"],
    },
    "k9": {
        "en": [f"On 3 June 2024 10:15:00 CEST, {WHO} wrote:"],
        "fi": [f"{WHO} kirjoitti 3. kesäkuuta 2024 klo 10.15.00:"],
        "fr": [f"Le 3 juin 2024 10:15:00 GMT+02:00, {WHO} a écrit :"],
        "et": [f"{WHO} kirjutas 3. juuni 2024 10:15:00 GMT+03:00:"],
        "hr": [f"Dana 3. lipnja 2024. 10:15:00 CEST, {WHO} je napisao/la:"],
        "de": [f"Am 3. Juni 2024 10:15:00 MESZ schrieb {WHO}:"],
        "es": [f"El 3 de junio de 2024 10:15:00 CEST, {WHO} escribió:"],
        "it": [f"Il 3 giugno 2024 10:15:00 CEST, {WHO} ha scritto:"],
        "pt": [f"Em 3 de junho de 2024 10:15:00 WEST, {WHO} escreveu:"],
        "nl": [f"Op 3 juni 2024 10:15:00 CEST schreef {WHO}:"],
        "sv": [f"Den 3 juni 2024 10:15:00 CEST skrev {WHO}:"],
        "pl": [f"Dnia 3 czerwca 2024 10:15:00 CEST, {WHO} napisał/a:"],
    },
    "proton, yandex, mail.ru": {
        "en": ["On Monday, June 3rd, 2024 at 10:15, Shop Support <help@example.com> wrote:",
               '03.06.2024, 10:15, "Shop Support" <help@example.com>:',
               f"Monday, 3 June 2024, 10:15 +03:00 from {WHO}:"],
        "de": ["Shop Support <help@example.com> schrieb am Montag, 3. Juni 2024 um 10:15:",
               f"Montag, 3. Juni 2024, 10:15 +02:00 von {WHO}:"],
        "fr": [f"Le lundi 3 juin 2024 à 10:15, {WHO} a écrit :"],
        "pl": [f"poniedziałek, 3 czerwca 2024 10:15 od {WHO}:"],
    },
}  # fmt: skip
LABELS = {  # From, Sent or Date, To, Subject as Outlook writes them
    "en": ("From", "Sent", "To", "Subject"), "fi": ("Lähettäjä", "Lähetetty", "Vastaanottaja", "Aihe"),
    "fr": ("De", "Envoyé", "À", "Objet"), "et": ("Saatja", "Saadetud", "Adressaat", "Teema"),
    "hr": ("Šalje", "Poslano", "Prima", "Predmet"), "de": ("Von", "Gesendet", "An", "Betreff"),
    "es": ("De", "Enviado el", "Para", "Asunto"), "it": ("Da", "Inviato", "A", "Oggetto"),
    "pt": ("De", "Enviada em", "Para", "Assunto"), "nl": ("Van", "Verzonden", "Aan", "Onderwerp"),
    "sv": ("Från", "Skickat", "Till", "Ämne"), "pl": ("Od", "Wysłano", "Do", "Temat"),
}  # fmt: skip
DATES = {"en": "Date", "fi": "Päivämäärä", "fr": "Date", "et": "Kuupäev", "hr": "Datum", "de": "Datum", "es": "Fecha",
         "it": "Data", "pt": "Data", "nl": "Datum", "sv": "Datum", "pl": "Data"}  # fmt: skip
MARKS = {
    "en": "Original message", "fi": "Alkuperäinen viesti", "fr": "Message d'origine", "et": "Algne teade",
    "hr": "Izvorna poruka", "de": "Ursprüngliche Nachricht", "es": "Mensaje original", "it": "Messaggio originale",
    "pt": "Mensagem original", "nl": "Oorspronkelijk bericht", "sv": "Originalmeddelande", "pl": "Oryginalna wiadomość",
}  # fmt: skip
NOTES = {
    "en": [
        "Sent from my iPhone",
        "Get Outlook for iOS<https://aka.ms/x>",
        "Sent from my Galaxy",
        "Sent from Yahoo Mail on Android",
        "Sent with Proton Mail secure email.",
        "Sent from Outlook for Android",
    ],
    "fi": ["Lähetetty iPhonesta", "Hanki Outlook for iOS", "Lähetetty Galaxysta", "Lähetetty iPhonestani"],
    "fr": [
        "Envoyé de mon iPhone",
        "Télécharger Outlook pour iOS",
        "Obtenir Outlook pour Android",
        "Envoyé depuis mon Galaxy",
        "Envoyé à partir d’Outlook pour iOS",
    ],
    "et": [
        "Saadetud minu iPhone'ist",
        "Hankige Outlook for iOS",
        "Saadetud minu Galaxyst",
        "Saadetud Outlook for Androidist",
    ],
    "hr": [
        "Poslano s mog iPhonea",
        "Nabavite Outlook za iOS",
        "Preuzmite Outlook za Android",
        "Poslano s mobitela Galaxy",
    ],
    "de": [
        "Von meinem iPhone gesendet",
        "Outlook für iOS herunterladen",
        "Holen Sie sich Outlook für Android",
        "Gesendet von Outlook für iOS",
        "Von meinem/meiner Galaxy gesendet",
        "Diese Nachricht wurde von meinem Android-Gerät gesendet.",
    ],
    "es": [
        "Enviado desde mi iPhone",
        "Obtener Outlook para iOS",
        "Enviado desde mi Galaxy",
        "Descargar Outlook para Android",
    ],
    "it": ["Inviato da iPhone", "Scarica Outlook per iOS", "Ottieni Outlook per Android", "Inviato dal mio Galaxy"],
    "pt": [
        "Enviado do meu iPhone",
        "Obter o Outlook para iOS",
        "Baixe o Outlook para Android",
        "Enviado do meu Galaxy",
    ],
    "nl": [
        "Verstuurd vanaf mijn iPhone",
        "Outlook voor iOS downloaden",
        "Download Outlook voor Android",
        "Verzonden vanaf mijn Galaxy",
    ],
    "sv": ["Skickat från min iPhone", "Hämta Outlook för iOS", "Skaffa Outlook för Android", "Skickat från min Galaxy"],
    "pl": [
        "Wysłane z iPhone'a",
        "Pobierz program Outlook dla systemu iOS",
        "Uzyskaj Outlook dla systemu Android",
        "Wysłano z mojego Galaxy",
    ],
}

LINES = [
    (client, language, line) for client, by in ATTRIBUTIONS.items() for language, lines in by.items() for line in lines
]


@pytest.mark.parametrize(
    "history", ["> old words\n> and more of them", "old words\nand more of them"], ids=["quoted", "bare"]
)
@pytest.mark.parametrize(
    ("client", "language", "line"), LINES, ids=[f"{c}-{la}-{n}" for n, (c, la, _) in enumerate(LINES)]
)
def test_reply_text_knows_attributions(client: str, language: str, line: str, history: str) -> None:
    """The line that says who wrote when, and all below it, is history."""
    assert reply_text(f"{NEW[language]}\n\n{line}\n\n{history}\n") == NEW[language]


@pytest.mark.parametrize(
    ("client", "language", "line"), LINES, ids=[f"{c}-{la}-{n}" for n, (c, la, _) in enumerate(LINES)]
)
def test_reply_text_knows_attributions_that_were_wrapped(client: str, language: str, line: str) -> None:
    """Programs that wrap at 78 characters break the line before the address."""
    head, _, tail = line.rpartition(" <" if " <" in line else " ")
    wrapped = f"{head}\n{'<' if ' <' in line else ''}{tail}"
    assert reply_text(f"{NEW[language]}\n\n{wrapped}\n\n> old words\n> and more\n") == NEW[language]


@pytest.mark.parametrize("bold", ["", "*"], ids=["plain", "bold"])
@pytest.mark.parametrize(
    "above", ["", "________________________________\n", "-----{mark}-----\n"], ids=["bare", "rule", "mark"]
)
@pytest.mark.parametrize("language", LABELS)
def test_reply_text_knows_outlook_headers(language: str, above: str, bold: str) -> None:
    """The header that Outlook repeats above the earlier mail is history, with a rule or divider over it or without."""
    sender, sent, to, subject = (f"{bold}{label}{' ' if language == 'fr' else ''}:{bold}" for label in LABELS[language])
    head = f"{sender} {WHO}\n{sent} 3.6.2024 10:15\n{to} ann@example.org\n{subject} Order 12"
    text = f"{NEW[language]}\n\n{above.format(mark=MARKS[language])}{head}\n\nold words\nand more\n"
    assert reply_text(text) == NEW[language]


@pytest.mark.parametrize("language", LABELS)
def test_reply_text_knows_samsung_dividers(language: str) -> None:
    """The divider of Android's mail program and the header with a date below it."""
    sender, _, to, subject = LABELS[language]
    head = (
        f"{sender}: {WHO}\n{DATES[language]}: 03/06/2024 10:15 (GMT+01:00)\n{to}: ann@example.org\n{subject}: Order 12"
    )
    text = f"{NEW[language]}\n\n-------- {MARKS[language]} --------\n{head}\n\nold words\n"
    assert reply_text(text) == NEW[language]


@pytest.mark.parametrize(("language", "note"), [(la, note) for la, notes in NOTES.items() for note in notes])
def test_reply_text_leaves_out_notes_of_programs(language: str, note: str) -> None:
    """What a phone or program says of itself is not said by the customer."""
    assert reply_text(f"{NEW[language]}\n\n{note}\n") == NEW[language]
    assert (
        reply_text(f"{NEW[language]}\n\n{note}\n\n{ATTRIBUTIONS['gmail'][language][0]}\n> old words") == NEW[language]
    )
