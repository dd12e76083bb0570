# SPDX-License-Identifier: Apache-2.0
"""What only looks like history, signature or footer stays: the complaint itself must never be cut away. All made up."""

from __future__ import annotations

import pytest

from channels.text import reply_text

FIRST_PARAGRAPHS = {
    "en": "The contents of this box were for my aunt, the recipient on the label. The recipient has nothing.",
    "fi": "Tämä viesti koskee tilausta. Vastaanottaja oli väärä, ja oikea vastaanottaja jäi ilman. Rahat takaisin.",
    "fr": "Les informations du destinataire étaient justes, le destinataire attend encore. Remboursez la somme.",
    "et": "See kiri on kaebus teie kulleri peale: saaja oli kodus, aga paberil on, et saaja ei avanud. Raha tagasi!",
    "hr": "Ova poruka je prigovor: primatelj je bio kod kuće, a piše da primatelj nije otvorio. Vratite novac.",
    "de": "Bitte prüfen Sie den Drucker noch einmal: beim Drucken zieht er zwei Blätter ein und druckt nichts.",
    "es": "La información del destinatario era buena y el destinatario estaba en casa. Devuélvanme el dinero.",
    "it": "Ai sensi del Codice del Consumo recedo: il destinatario era in casa, il destinatario non ha ricevuto nulla.",
    "pt": "Esta mensagem é uma queixa: o destinatário esteve em casa e o destinatário nada recebeu. Quero o dinheiro.",
    "nl": "De inhoud van de doos klopt niet: de ontvanger kreeg inkt en geen printer. De ontvanger wil zijn geld.",
    "sv": "Detta meddelande är ett klagomål. Paketet var avsett för en granne, mottagaren fick inget. Betala tillbaka.",
    "pl": "Uwaga: adresat na paczce jest błędny, właściwy adresat czeka trzy tygodnie. Proszę wysłać ją jeszcze raz.",
}
FOOTERS = {
    "en": "This e-mail is confidential and meant for the addressee only. If it reached you by mistake, delete it.",
    "fi": "Tämä viesti on luottamuksellinen ja tarkoitettu vain vastaanottajalle. Jos sait sen vahingossa, poista.",
    "fr": "Ce message est confidentiel. Si vous l'avez reçu par erreur, merci de le supprimer et de nous avertir.",
    "et": "See kiri on konfidentsiaalne ja mõeldud ainult saajale. Kui see jõudis teieni eksikombel, kustutage see.",
    "hr": "Ova poruka je povjerljiva i namijenjena primatelju. Ako ste je dobili greškom, obrišite je i javite nam.",
    "de": "Diese E-Mail ist vertraulich und nur für den Empfänger gedacht. Wer sie irrtümlich erhält, lösche sie.",
    "es": "Este mensaje es confidencial y va dirigido a su destinatario. Si lo recibe por error, elimínelo y avísenos.",
    "it": "Questo messaggio è riservato al destinatario. Chi lo riceve per errore lo cancelli e informi il mittente.",
    "pt": "Esta mensagem é confidencial e só para o destinatário. Quem a receber por engano deve eliminá-la já.",
    "nl": "Dit bericht is vertrouwelijk en voor de ontvanger bedoeld. Wie het bij vergissing krijgt, verwijdere het.",
    "sv": "Detta meddelande är konfidentiellt och avsett för mottagaren. Den som fått det av misstag bör radera det.",
    "pl": "Ta wiadomość jest poufna i przeznaczona dla adresata. Kto otrzymał ją omyłkowo, proszony jest o usunięcie.",
    "printing": "Please consider the environment before printing this e-mail, and print it on both sides if you must.",
}
STORIES = {
    "en": "On 5 June 2026 your agent wrote:\nthat the refund was on its way. It never came.",
    "fi": "5.6.2026 asiakaspalvelunne kirjoitti:\nettä rahat palautetaan. Ei ole palautettu.",
    "fr": "Le 5 juin 2026 votre service a écrit :\nque tout serait remboursé. Rien n'est arrivé.",
    "de": "Am 12.03.2026 schrieb mir Ihre Kollegin:\ndie Ware sei unterwegs. Bis heute ist nichts da.",
    "es": "El 5 de junio de 2026 su agente escribió:\nque el reembolso estaba hecho. Es mentira.",
    "pl": "W dniu 5.06.2026 wasz pracownik napisał:\nże pieniądze wrócą. Nie wróciły.",
}


@pytest.mark.parametrize("language", FIRST_PARAGRAPHS)
def test_reply_text_keeps_a_first_paragraph_that_begins_like_a_footer(language: str) -> None:
    """Parcels have recipients and printers print: a legal footer speaks of who may read the mail."""
    text = f"Hello,\n\n{FIRST_PARAGRAPHS[language]}\n\nJane"
    assert reply_text(text) == text


@pytest.mark.parametrize("language", FOOTERS)
def test_reply_text_drops_a_legal_footer(language: str) -> None:
    """What says who may read the mail, and what to do with paper, is no complaint."""
    assert reply_text(f"The lamp burnt my hand.\n\n{FOOTERS[language]}") == "The lamp burnt my hand."


@pytest.mark.parametrize("language", STORIES)
@pytest.mark.parametrize("answers", [True, False])
def test_reply_text_keeps_a_story_of_who_wrote_what(language: str, answers: bool) -> None:
    """A mail program names an address or the time of day, or quotes below; a customer does not."""
    text = f"Hello,\n\n{STORIES[language]}\n\nJane"
    assert reply_text(text, answers=answers) == text


@pytest.mark.parametrize(
    "text",
    [
        "Missing:\n\n--\n1. the chair\n2. the table, which I need on Monday",
        "Missing:\n\n- Lamp\n\n- Chair",
        "What I miss:\n\n- Door",
        "Where is it?\nsent via DHL 00340434 from Berlin",
        "Hola\nno funciona.\nSaludos\nPD: el pedido es el 4711 y quiero otro",
        "The tap broke.\n\nThanks\nplease call me today on my number\nbecause the kitchen is under water",
        "It came at last.\n\nBest\nwas that the box was empty\nand you charged me twice for it",
    ],
    ids=["list below dashes", "list", "list of one", "parcel number", "postscript", "plea below thanks", "best"],
)
def test_reply_text_keeps_what_reads_like_a_signature(text: str) -> None:
    """Lists, parcel numbers, postscripts and sentences below a closing are said to the reader."""
    assert reply_text(text) == text


def test_reply_text_keeps_a_form_that_came_as_a_mail() -> None:
    """Forms of web sites send what was filled in below labels; where nothing is answered, that is no history."""
    text = "New submission\n\nFrom: Jane <jane@example.org>\nSubject: lamp\n\nMessage: the lamp burnt my hand"
    assert reply_text(text, answers=False) == text
    assert reply_text(text) == "New submission"


def test_reply_text_drops_a_whole_header_even_where_nothing_is_answered() -> None:
    """Some programs answer without saying so; the header they quote has all its lines."""
    header = "From: Shop <help@example.com>\nSent: Monday 10:15\nTo: Jane\nSubject: Lamp"
    assert reply_text(f"It burnt my hand.\n\n{header}\n\nHow is the lamp?", answers=False) == "It burnt my hand."
