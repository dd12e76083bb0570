# SPDX-License-Identifier: Apache-2.0
"""The words by which history, signatures and footers are recognised, in the product's twelve languages and a few more.

Each entry is a fragment of a regular expression without nested repetition, matched against one short line at a time.
"""

from __future__ import annotations

__all__ = [
    "ABOVE_THIS_LINE", "AUTO_SUBJECT", "CLOSINGS", "CONFIDENTIAL", "FOOTER_STARTS", "FOOTER_WORDS", "FORWARD_MARKS",
    "FORWARD_PREFIX", "LABEL_CC", "LABEL_DATE", "LABEL_FROM", "LABEL_SENT", "LABEL_SUBJECT", "LABEL_TO", "ON",
    "ORIGINAL_MARKS", "REPLY_PREFIX", "SENT_FROM", "THANKS", "WROTE",
]  # fmt: skip

# "On 5 June 2024, Name wrote:": the verb ...
WROTE = (
    r"wrote|writes|schrieb|schrieben|geschrieben|a\s+écrit|a\s+ecrit|a\s+répondu|écrivait|écrit|escribió|escribio"
    r"|ha\s+scritto|scrive|escreveu|escreveram|schreef|geschreven|skrev|har\s+skrevet|napisał\(a\)|napisał/a|napisała?|wiadomość\s+napisana\s+przez"
    r"|nadesłał|pisze|kirjoitti|kirjutas|kirjutasid|napisao(?:/la)?|napisala|napisa|je\s+napisa[ol]a?|piše|napsala?|napsal\(a\)"
    r"|написала?|написал\(а\)|пишет|пише|şunları\s+yazdı|yazdı|ezt\s+írta|írta|a\s+scris|έγραψε|viết|menulis"
    r"|さんは書きました|のメール|のメッセージ|ha\s+escrit|写道|寫道|作成|작성"
)
# ... and the word, or the day, before the date.
ON = (
    r"on|am|le|el|il(?:\s+giorno)?|em|a|op|den|dnia|w\s+dniu|dana|u|kuupäev(?:al)?|il\s+g(?:iorno)?|dne|pe|στις"
    r"|vào|pada|vom|ons|tors|fre|lör|sön|mån|tis|ma|ti|ke|to|la|su|pon|uto|sri|čet|pet|sub|ned|śr|wt|czw|pt|sob"
    r"|niedz"
)
# The labels of a quoted header.
LABEL_FROM = (
    r"from|von|de|expéditeur|da|mittente|van|från|fra|od|nadawca|lähettäjä|saatja|kellelt|šalje|pošiljatelj|от|差出人"
    r"|发件人|寄件者|보낸\s?사람|feladó|kimden"
)
LABEL_SENT = (
    r"sent|gesendet|envoyé(?:\s+le)?|message\s+du|enviado(?:\s+el|\s+em)?|enviada(?:\s+em)?|inviato|verzonden"
    r"|skickat|sendt|wysłano|wysłane|lähetetty|saadetud|saatmisaeg|poslano|отправлено|送信日時|发送时间|보낸\s?날짜|odesláno"
    r"|elküldve|gönderilen"
)
LABEL_DATE = r"date|datum|fecha|data|dato|päivämäärä|päiväys|pvm|kuupäev|дата|日付|日時|tarih"
LABEL_TO = (
    r"to|an|à|a|para|per|aan|till|til|do|komu|adresat|vastaanottaja|saaja|kellele|prima|za|primatelj|кому|宛先|收件人"
    r"|받는\s?사람"
)
LABEL_CC = (
    r"cc|kopie|copie|kopia|kopi|dw|kopio|koopia|kopija|copia|cópia|копия|抄送|参照|reply-to|antwort\s+an|répondre\s+à"
    r"|organi[sz]ation"
)
LABEL_SUBJECT = (
    r"subject|betreff|objet|sujet|asunto|oggetto|assunto|onderwerp|ämne|emne|temat|aihe|teema|predmet|předmět|тема"
    r"|件名|主题|제목|tárgy|konu"
)
# The dividers above an earlier or a forwarded message.
ORIGINAL_MARKS = (
    r"original\s+(?:message|appointment)|reply\s+message|ursprüngliche\s+(?:nachricht|mail)|originalnachricht"
    r"|original-?nachricht|message\s+d['’]origine|message\s+original|mensaje\s+original|messaggio\s+originale"
    r"|mensagem\s+original|oorspronkelijk\s+bericht|originele\s+bericht|ursprungligt\s+meddelande"
    r"|originalmeddelande|oprindelig\s+meddelelse|opprinnelig\s+melding|oryginalna\s+wiadomość"
    r"|wiadomość\s+oryginalna|alkuperäinen\s+viesti|algne\s+(?:kiri|sõnum|teade)|algsõnum|izvorna\s+poruka"
    r"|originalna\s+poruka|původní\s+zpráva|исходное\s+сообщение|original\s+mail"
)
FORWARD_MARKS = (
    r"forwarded\s+(?:message|by|mail)|weitergeleitete\s+nachricht|message\s+(?:transféré|transmis|réexpédié)"
    r"|mensaje\s+reenviado|messaggio\s+inoltrato|mensagem\s+(?:encaminhada|reencaminhada)|doorgestuurd\s+bericht"
    r"|vidarebefordrat\s+(?:meddelande|brev|mail)|videresendt\s+(?:meddelelse|melding)|przekazana\s+wiadomość"
    r"|wiadomość\s+przekazana|(?:edelleen)?(?:lähetetty|välitetty)\s+viesti|välitetty\s+viesti"
    r"|edastatud\s+(?:kiri|sõnum|teade)|proslijeđena\s+poruka|пересылаемое\s+сообщение|begin\s+forwarded\s+message"
    r"|anfang\s+der\s+weitergeleiteten\s+nachricht|début\s+du\s+message\s+(?:transféré|réexpédié)"
    r"|inizio\s+(?:del\s+)?messaggio\s+inoltrato|inicio\s+del\s+mensaje\s+reenviado"
    r"|início\s+da\s+mensagem\s+(?:re)?encaminhada|begin\s+doorgestuurd\s+bericht"
)
# "VS:" is not among them: a forward in Danish and Norwegian, but an answer in Finnish.
REPLY_PREFIX = (
    r"re|vs|sv|aw|antw|antwoord|odp|odg|rv|res|r|rif|réf?|ang|bls|ynt|vá|vast|απ|σχετ|отв(?:ет)?|ha|回复|回覆|答复"
    r"|返信|답장|회신"
)
FORWARD_PREFIX = r"fwd?|wg|wtr|tr|rv|enc|i|inoltro|doorst|vb|vl|edasi|pd|podaj\s+dalej|fs|proslijeđeno|prosl"
ABOVE_THIS_LINE = (
    r"above\s+this\s+line|oberhalb\s+dieser\s+(?:zeile|linie)|über\s+dieser\s+(?:zeile|linie)"
    r"|au-dessus\s+de\s+cette\s+ligne|(?:encima|arriba)\s+de\s+esta\s+línea|sopra\s+questa\s+(?:riga|linea)"
    r"|acima\s+desta\s+linha|boven\s+deze\s+(?:lijn|regel)"
    r"|(?:över|ovanför)\s+(?:den\s+här|denna)\s+(?:raden|linjen|rad|linje)"
    r"|(?:nad|powyżej)\s+(?:tą\s+linią|tej\s+linii)|tämän\s+(?:rivin|viivan)\s+yläpuolelle"
    r"|selle\s+(?:rea|joone)\s+kohale|iznad\s+(?:ove\s+)?(?:crte|linije)"
)
SENT_FROM = (
    r"sent\s+(?:from|via|with|by|using)|get\s+outlook\s+for|envoyé\s+(?:de|depuis|à\s+partir)"
    r"|télécharge[rz]\s+outlook|obten(?:ir|ez)\s+outlook|holen\s+sie\s+sich\s+outlook|gesendet\s+(?:von|mit|über|aus)|(?:diese\s+nachricht\s+wurde\s+)?von\s+meine[mr](?:/meiner)?\s+\S+(?:\s+\S+)?\s+gesendet"
    r"|outlook\s+für|enviado\s+(?:desde|de|do|a\s+partir|con|com|via)|(?:obtener|obtén|descarga[r]?)\s+outlook|(?:obter|obtenha|baixe|baixar)\s+o\s+outlook"
    r"|inviato\s+(?:da|con|dal)|ottieni\s+outlook|scarica\s+outlook|verzonden\s+(?:vanaf|met|via|vanuit)"
    r"|verstuurd\s+(?:vanaf|met|via)|outlook\s+voor|download\s+outlook|skickat\s+(?:från|med|via)|(?:hämta|skaffa)\s+outlook"
    r"|sendt\s+(?:fra|med|via)|hent\s+outlook|wysł(?:ane|ano)\s+(?:z|za)|(?:pobierz|uzyskaj)\s+(?:aplikację\s+|program\s+)?outlook"
    r"|lähetetty\s+\S+(?:stani|sta|stä|lla|llä|ni)|hanki\s+outlook|saadetud\s+(?:minu|mu|seadmest|outlook|yahoo)|han(?:gi|kige)\s+outlook"
    r"|poslano\s+(?:s|sa|iz|putem)|(?:preuzmite|nabavite)\s+outlook|отправлено\s+(?:с|из)|odesláno\s+(?:z|ze)"
)
# A closing of this kind may also be the last thing said; it opens a signature only with a name below it.
THANKS = (
    r"(?:many\s+)?thanks(?:\s+(?:in\s+advance|so\s+much|again|a\s+lot))?"
    r"|thank\s+you(?:\s+(?:in\s+advance|very\s+much|so\s+much))?|thx"
    r"|(?:vielen\s+|herzlichen\s+)?dank(?:e)?(?:\s+im\s+voraus)?|merci(?:\s+d['’]avance)?"
    r"|(?:muchas\s+)?gracias(?:\s+de\s+antemano)?|(?:molte\s+|mille\s+)?grazie(?:\s+in\s+anticipo|\s+mille)?"
    r"|(?:muito\s+)?obrigad[oa](?:\s+desde\s+já)?|(?:alvast\s+)?bedankt|dank\s+(?:u|je)|tack(?:\s+på\s+förhand)?"
    r"|tak(?:\s+på\s+forhånd)?|dziękuję(?:\s+z\s+góry)?|kiitos(?:\s+(?:jo\s+)?etukäteen)?"
    r"|(?:tänan|aitäh|tänud)(?:\s+ette)?|hvala(?:\s+unaprijed)?|спасибо"
)
CLOSINGS = (
    r"(?:(?:with\s+)?(?:(?:my|our)\s+)?(?:best|kind|kindest|warm|warmest|many)\s+)?regards|best(?:\s+wishes)?"
    r"|all\s+the\s+best|cheers|(?:yours\s+)?(?:sincerely|faithfully|truly)"
    r"|yours(?:\s+(?:sincerely|faithfully|truly))?|respectfully|br|rgds"
    r"|(?:mit\s+)?(?:(?:freundlichen?|besten?|vielen?|lieben?|herzlichen?|schönen?)\s+)?gr(?:ü|ue)(?:ß|ss)en?"
    r"|gru(?:ß|ss)|mfg|lg|vg|hochachtungsvoll|(?:bien\s+)?cordialement"
    r"|(?:meilleures\s+|sincères\s+)?salutations(?:\s+distinguées)?|bien\s+à\s+vous"
    r"|(?:un\s+|atentos\s+)?(?:cordial\s+)?saludos?(?:\s+cordial(?:es)?)?|atentamente|cordialmente"
    r"|(?:cordiali|distinti|cari)\s+saluti|(?:un\s+)?(?:cordiale\s+)?saluti?|atenciosamente"
    r"|(?:com\s+os\s+melhores\s+)?cumprimentos|(?:um\s+)?abra[çc]os?|att"
    r"|(?:met\s+)?(?:vriendelijke|hartelijke)\s+groet(?:en)?|groet(?:en|jes)?|mvg|hoogachtend"
    r"|(?:med\s+)?(?:vänlig(?:a)?|bästa|varma)\s+hälsning(?:ar)?|hälsningar|mvh|(?:med\s+)?venlig\s+hilsen"
    r"|(?:med\s+)?vennlig\s+hilsen|(?:de\s+)?bedste\s+hilsner|hilsen|kh"
    r"|(?:serdecznie\s+)?pozdrawiam(?:\s+serdecznie)?|z\s+(?:poważaniem|powazaniem|wyrazami\s+szacunku)"
    r"|pozdrowienia|(?:ystävällisin\s+|parhain\s+|terveisin\s+)?terveisin|ystävällisesti|kunnioittavasti|terv"
    r"|yst\.?\s*terv|(?:lugupidamise|tervituse|tervitades|austuse)ga?|parimate\s+soovidega|heade\s+soovidega"
    r"|tervitades|(?:srdačan\s+|lijep\s+|lijepi\s+)?pozdrav(?:i)?|s\s+(?:poštovanjem|štovanjem)|srdačno|lp"
    r"|с\s+уважением|s\s+pozdravem|üdvözlettel|saygılarımla"
)
# How legal footers begin, and of what they then speak.
FOOTER_STARTS = (
    r"confidential|disclaimer|caution|important\s+notice|privileged|legal\s+notice"
    r"|this\s+(?:e-?mail|message|communication|transmission)"
    r"|the\s+(?:information|contents?|content)\s+(?:contained\s+)?(?:in|of)\s+this"
    r"|if\s+you\s+(?:are\s+not|have\s+received)|please\s+consider\s+the\s+environment"
    r"|diese\s+(?:e-?mail|nachricht)|der\s+inhalt\s+dieser|die\s+(?:information|in\s+dieser)"
    r"|(?:wichtiger\s+|rechtlicher\s+)?hinweis:|bitte\s+(?:prüfen|denken)|ce\s+(?:message|courriel|mail|courrier)"
    r"|les\s+informations|avis\s+de\s+confid|este\s+(?:mensaje|correo|e-?mail)|la\s+información"
    r"|aviso\s+(?:legal|de\s+confid)|antes\s+de\s+imprimir|quest[oa]\s+(?:messaggio|e-?mail|comunicazione)"
    r"|le\s+informazioni|ai\s+sensi|esta\s+(?:mensagem|comunicação)|a\s+informação|as\s+informações"
    r"|dit\s+(?:e-?mail)?bericht|deze\s+(?:e-?mail|boodschap)|de\s+(?:informatie|inhoud)"
    r"|det(?:ta|\s+här)\s+(?:meddelande|e-post|mejl)|denna\s+e-post|informationen\s+i"
    r"|(?:ta|niniejsza)\s+(?:wiadomość|korespondencja)|niniejszy\s+e-?mail|treść\s+tej|uwaga:|informacje\s+zawarte"
    r"|tämä\s+(?:viesti|sähköposti)|(?:see|käesolev)\s+(?:kiri|e-kiri|sõnum|teade)"
    r"|ova\s+(?:poruka|e-poruka|elektronička)|sadržaj\s+ove|informacije\s+sadržane"
)
# What only they say, and what they say besides; parcels have recipients too, and printers print.
CONFIDENTIAL = (
    r"confiden|vertraulich|riservat|vertrouwelijk|konfiden|poufn|luottamuks|konfidents|povjerljiv|privileged"
    r"|(?:intended|named)\s+(?:only\s+)?(?:for\s+the\s+)?(?:use|recipient|addressee)|not\s+the\s+(?:intended|addressee)"
    r"|unauthori[sz]ed|irrtümlich|unbefugt|par\s+erreur|por\s+error|per\s+errore|por\s+engano|bij\s+vergissing"
    r"|av\s+misstag|omyłkowo|przez\s+pomyłkę|erehdyksessä|vahingossa|eksikombel|greškom|disclos|weitergabe|divulg"
    r"|before\s+printing|avant\s+d['’]imprimer|antes\s+de\s+imprimir|prima\s+di\s+stampare|ausdrucken|umwelt|environment"
    r"|viren(?:frei|geprüft)|legally\s+binding|rechtsverbindlich"
)
FOOTER_WORDS = (
    r"intended|bestimmt|destinat|dirigid|recipient|empfänger|ontvanger|mottagare|adresat|vastaanottaj|saaja|primatelj"
    r"|virus|print|drucken|imprim|stampare|geadresseerde|avsedd|tarkoitettu|delete|löschen|supprimer|elimin|verwijder"
    r"|radera|usun|poista|kustuta|izbriš|obriš|notify|inform|sender|absender|expéditeur|mittente|remetente|remitente"
    r"|afzender|avsändare|nadawc|lähettäj|saatja|pošiljatelj"
)
# Subjects of automatic answers, for the programs that mark them in no other way.
AUTO_SUBJECT = (
    r"automatic\s+reply|auto(?:matic|mated)?[\s-]?(?:reply|response|responder|answer)|out\s+of\s+(?:the\s+)?office"
    r"|i\s+am\s+out\s+of\s+(?:the\s+)?office|vacation\s+(?:reply|message|response)|away\s+from\s+(?:the\s+)?office"
    r"|automatische\s+(?:antwort|rückantwort|nachricht)|abwesenheits(?:notiz|nachricht|meldung|agent)|abwesend"
    r"|abwesenheit:|réponse\s+automatique|message\s+d['’]absence|absence\s+du\s+bureau|absen(?:t|ce)\s*:"
    r"|respuesta\s+automática|fuera\s+de\s+(?:la\s+)?oficina|contestación\s+automática|risposta\s+automatica"
    r"|fuori\s+(?:sede|ufficio)|assente|resposta\s+automática|fora\s+do\s+escritório|ausente\s*:"
    r"|automatisch\s+(?:antwoord|bericht)|afwezig(?:heid)?(?:sbericht)?\s*:|niet\s+aanwezig|automatiskt\s+svar"
    r"|autosvar|frånvaro(?:meddelande)?\s*:|automatisk\s+svar|ikke\s+til\s+stede|automatyczna\s+odpowiedź"
    r"|autoodpowiedź|odpowiedź\s+automatyczna|poza\s+biurem|nieobecność\s*:|automaattinen\s+vastaus"
    r"|automaattivastaus|poissaolo(?:ilmoitus|viesti)|automaatvastus|automaatne\s+vastus"
    r"|kontorist\s+(?:väljas|ära)|automatski\s+odgovor|automatska\s+(?:poruka|odgovor)|odsut(?:an|na|nost)\s*:"
    r"|автоответ|автоматический\s+ответ"
)
