# SPDX-License-Identifier: Apache-2.0
"""HTML to text, the new words of a message, and splitting to a limit."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.text import html_to_text, read_html, reply_text, safe_html, split_text, utf16_length

NEW = "The parcel never came."

ATTRIBUTIONS = {
    "en": "On Tue, Jun 4, 2024 at 9:00 AM Help Desk <help@example.com> wrote:",
    "en-wrapped": "On Tue, 4 Jun 2024 at 09:00, Help Desk of the Example Company\n<help@example.com> wrote:",
    "fi": "ti 4. kesäk. 2024 klo 9.00 Asiakaspalvelu (help@example.com) kirjoitti:",
    "fr": "Le mar. 4 juin 2024 à 09:00, Service <help@example.com> a écrit :",
    "et": "Kuupäev T, 4. juuni 2024 kell 09:00 kirjutas Abi (<help@example.com>):",
    "hr": "uto, 4. lip 2024. u 09:00 Pomoć <help@example.com> napisao je:",
    "de": "Am Di., 4. Juni 2024 um 09:00 Uhr schrieb Hilfe <help@example.com>:",
    "es": "El mar, 4 jun 2024 a las 9:00, Ayuda (<help@example.com>) escribió:",
    "it": "Il giorno mar 4 giu 2024 alle ore 09:00 Aiuto <help@example.com> ha scritto:",
    "pt": "Ajuda <help@example.com> escreveu (terça, 4/06/2024 à(s) 09:00):",
    "nl": "Op di 4 jun 2024 om 09:00 schreef Hulp <help@example.com>:",
    "sv": "Den tis 4 juni 2024 kl 09:00 skrev Hjälp <help@example.com>:",
    "pl": "wt., 4 cze 2024 o 09:00 Pomoc <help@example.com> napisał(a):",
    "no-verb": "2024-06-04 9:00 GMT+02:00 Help Desk <help@example.com>:",
}

HEADERS = {
    "en": "From: Help <help@example.com>\nSent: Tuesday, June 4, 2024 9:00 AM\nTo: Me\nSubject: Your order",
    "fi": "Lähettäjä: Apu <help@example.com>\nLähetetty: tiistai 4. kesäkuuta 2024 9.00\nAihe: Tilaus",
    "fr": "De : Aide <help@example.com>\nEnvoyé : mardi 4 juin 2024 09:00\nÀ : Moi\nObjet : Commande",
    "et": "Saatja: Abi <help@example.com>\nSaadetud: teisipäev, 4. juuni 2024 09:00\nTeema: Tellimus",
    "hr": "Šalje: Pomoć <help@example.com>\nPoslano: utorak, 4. lipnja 2024. 09:00\nPredmet: Narudžba",
    "de": "Von: Hilfe <help@example.com>\nGesendet: Dienstag, 4. Juni 2024 09:00\nAn: Mich\nBetreff: Bestellung",
    "es": "De: Ayuda <help@example.com>\nEnviado el: martes, 4 de junio de 2024 9:00\nPara: Yo\nAsunto: Pedido",
    "it": "Da: Aiuto <help@example.com>\nInviato: martedì 4 giugno 2024 09:00\nA: Me\nOggetto: Ordine",
    "pt": "De: Ajuda <help@example.com>\nEnviada em: terça-feira, 4 de junho de 2024 09:00\nPara: Eu\nAssunto: Pedido",
    "nl": "Van: Hulp <help@example.com>\nVerzonden: dinsdag 4 juni 2024 09:00\nAan: Mij\nOnderwerp: Bestelling",
    "sv": "Från: Hjälp <help@example.com>\nSkickat: den 4 juni 2024 09:00\nTill: Mig\nÄmne: Beställning",
    "pl": "Od: Pomoc <help@example.com>\nWysłano: wtorek, 4 czerwca 2024 09:00\nDo: Mnie\nTemat: Zamówienie",
}

SIGNATURES = {
    "en": "Kind regards,\nMary Example\nTel. 555 0100",
    "fi": "Ystävällisin terveisin\nMatti Esimerkki",
    "fr": "Cordialement,\nJeanne Exemple",
    "et": "Lugupidamisega\nMari Näidis",
    "hr": "Srdačan pozdrav,\nIva Primjer",
    "de": "Mit freundlichen Grüßen\nMax Muster",
    "es": "Un saludo,\nJuan Ejemplo",
    "it": "Cordiali saluti\nGiulia Esempio",
    "pt": "Atenciosamente,\nMaria Exemplo",
    "nl": "Met vriendelijke groet,\nJan Voorbeeld",
    "sv": "Med vänliga hälsningar\nSven Exempel",
    "pl": "Z poważaniem\nAnna Przykład",
    "dashes": "-- \nMary Example\nExample Street 1",
    "phone": "Sent from my iPhone",
    "phone-de": "Von meinem iPhone gesendet",
    "phone-fi": "Lähetetty iPhonesta",
    "outlook": "Get Outlook for iOS<https://example.org>",
}


@pytest.mark.parametrize("line", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS)
@pytest.mark.parametrize("mark", ["> ", ""], ids=["quoted", "bare"])
def test_reply_text_cuts_history_below_an_attribution(line: str, mark: str) -> None:
    """What stands below "On ... wrote:" is history, with quote marks or without."""
    text = f"{NEW}\n\n{line}\n\n{mark}Dear customer,\n{mark}we are looking into it.\n"
    assert reply_text(text) == NEW


@pytest.mark.parametrize("block", HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("rule", ["", "________________________________\n", "-----Original Message-----\n"])
def test_reply_text_cuts_history_below_a_quoted_header(block: str, rule: str) -> None:
    """What stands below a quoted header is history, with a rule above it or without."""
    assert reply_text(f"{NEW}\n\n{rule}{block}\n\nDear customer,\nwe are looking into it.") == NEW


@pytest.mark.parametrize("signature", SIGNATURES.values(), ids=SIGNATURES)
def test_reply_text_cuts_the_signature(signature: str) -> None:
    """A signature is not among the new words."""
    assert reply_text(f"{NEW}\n\n{signature}\n") == NEW


def test_reply_text_keeps_answers_between_quotes() -> None:
    """Answers written between quoted lines are all new words."""
    text = "On 4 Jun 2024 Help <help@example.com> wrote:\n> Which order?\n\nNumber 4711.\n\n> Which colour?\n\nBlue.\n"
    assert reply_text(text).split() == ["Number", "4711.", "Blue."]


@pytest.mark.parametrize(
    "text",
    [
        "From: Berlin\nTo: Hamburg\nDate: 5 May\n\nThe train was two hours late.",
        "One thing is odd: the invoice names 12.05.2024 as the date.\nWhy?",
        "My neighbour wrote:\nthe parcel lies in the garden. It was wet.",
        "On Monday I rang you and you said:\nwait. I waited.",
        "- the lid is broken\n- the cable is missing\n- the box was open",
        "Thank you very much.",
        "Sent from my desk, this is the third letter about order 5.",
        "Thanks for nothing, the third delivery has failed now.",
    ],
)
def test_reply_text_keeps_what_only_looks_like_history(text: str) -> None:
    """A complaint without history or signature comes back whole."""
    assert reply_text(text) == text


def test_reply_text_of_a_forward_has_both_words() -> None:
    """Of a forwarded message the forwarder's and the original words stay, without the header between them."""
    text = f"See below.\n\nBegin forwarded message:\n\n> From: Ann <ann@example.org>\n> Subject: Kettle\n>\n> {NEW}\n"
    assert reply_text(text, forwarded=True).split("\n")[0] == "See below."
    assert reply_text(text, forwarded=True).endswith(NEW)
    assert "ann@example.org" not in reply_text(text, forwarded=True)


def test_reply_text_cuts_what_stands_below_the_reply_line() -> None:
    """Our own line "please reply above this line" ends the new words."""
    assert reply_text(f"{NEW}\n\n##- Please type your reply above this line -##\nold words") == NEW


@given(st.text(alphabet=st.sampled_from("a >\n:-_<@.1FromOnwrote"), max_size=400))
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_reply_text_never_invents_words(text: str) -> None:
    """Every line of the result stands in the text."""
    lines = {line.strip() for line in text.replace(">", "").split("\n")}
    assert {line.strip() for line in reply_text(text).replace(">", "").split("\n")} <= lines | {""}


def test_html_to_text_shows_lines_as_displayed() -> None:
    """Blocks are lines, paragraphs are set apart, list items and cells can be told."""
    html = "<div>a</div><div><br></div><div>b<br></div><p>c</p><ul><li>d</li></ul><table><tr><td>1<td>2</table>"
    assert html_to_text(html) == "a\n\nb\n\nc\n\n- d\n1\t2"


def test_read_html_leaves_out_hidden_text_and_says_so() -> None:
    """Hidden text does not decide anything."""
    shown = read_html('<p>seen</p><p style="display:none">secret</p><span style="font-size:0px">small</span>')
    assert (shown.text, shown.has_hidden) == ("seen", True)


@pytest.mark.parametrize(
    "quote",
    [
        '<div class="gmail_quote">old</div>',
        '<blockquote type="cite">old</blockquote>',
        '<div id="appendonsend"></div><div>old</div>',
        '<div id="divRplyFwdMsg">From: x</div><p>old</p>',
        '<div class="yahoo_quoted">old</div>',
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt">From: x</div><p>old</p>',
        '<div class="gmail_signature">old</div>',
    ],
)
def test_read_html_knows_the_marks_of_mail_programs(quote: str) -> None:
    """What a mail program marked as history or signature is not among the new words."""
    assert read_html(f"<div>new</div>{quote}").new == "new"


@pytest.mark.parametrize(
    "html",
    [
        '<img src="https://example.org/x.gif">',
        "<script>x()</script>",
        '<a href="javascript:x()">a</a>',
        '<p onclick="x()" style="background:url(https://example.org)">a</p>',
        '<form action="https://example.org"><input name="p"></form>',
        '<iframe src="https://example.org"></iframe>',
        '<link rel="stylesheet" href="https://example.org"><base href="https://example.org">',
        '<svg><a xlink:href="javascript:x()">a</a></svg>',
        '<img src="data:image/svg+xml;base64,AAAA">',
        '<table background="https://example.org/x.gif"><tr><td>a</table>',
        '<video src="https://example.org/x" poster="https://example.org/y"></video>',
    ],
)
def test_safe_html_runs_and_loads_nothing(html: str) -> None:
    """Nothing is left that runs, posts or fetches."""
    safe = safe_html(html).lower()
    assert not any(
        word in safe for word in ("example.org", "javascript", "onclick", "script", "data:", "style", "form")
    )


def test_safe_html_keeps_words_links_and_parts_of_the_message() -> None:
    """Text, links and images that travel with the message stay."""
    safe = safe_html('<p>Hi <a href="https://example.org/a">there</a><img src="cid:1@example.org" alt="x"></p>')
    assert 'href="https://example.org/a"' in safe
    assert 'rel="noopener noreferrer nofollow"' in safe
    assert 'src="cid:1@example.org"' in safe


@pytest.mark.parametrize("html", ["<div>" * 20_000 + "x", "<p " + "a=1 " * 20_000 + ">x", "<" * 50_000, "<!--" * 9_000])
def test_html_that_would_be_slow_is_flattened(html: str) -> None:
    """Markup made to cost time is read as plain text or not at all."""
    assert len(read_html(html).text) <= len(html)
    assert len(safe_html(html)) <= 6 * len(html)


def test_split_text_cuts_at_the_best_place() -> None:
    """Paragraphs come before lines, lines before words."""
    assert split_text("one two\n\nthree four", 12) == ["one two", "three four"]
    assert split_text("one two three", 8) == ["one two", "three"]
    assert split_text("", 5) == []


def test_split_text_counts_as_the_channel_does() -> None:
    """The measure decides what fits; a joined emoji is not cut inside where that can be avoided."""
    assert split_text("😀😀😀", 4, measure=utf16_length) == ["😀😀", "😀"]
    assert split_text("aaaa👩‍👧b", 6) == ["aaaa", "👩‍👧b"]


def test_split_text_refuses_a_limit_nothing_fits() -> None:
    """A limit below one character is the caller's mistake."""
    with pytest.raises(ValueError, match="limit"):
        split_text("a", 0)
    with pytest.raises(ValueError, match="longer than the limit"):
        split_text("😀", 1, measure=utf16_length)


@given(st.text(max_size=200), st.integers(min_value=2, max_value=30))
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
def test_split_text_loses_only_white_space(text: str, limit: int) -> None:
    """All characters but white space come back in order, and every piece fits."""
    pieces = split_text(text, limit)
    assert all(len(piece) <= limit for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())
