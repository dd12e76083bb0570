# SPDX-License-Identifier: Apache-2.0
"""The signs by which delivery reports of mail servers without RFC 3464 are recognised."""

from __future__ import annotations

import re

__all__ = ["BODY", "DAEMON", "DAEMON_NAME", "POSTMASTER", "SMTP_EVIDENCE", "SUBJECT", "SURE_SUBJECT", "SYSTEM_NAME"]

# The local part of addresses that only mail servers write from ...
DAEMON = re.compile(
    r"(?i)mailer-?daemon|mdaemon|mail\.?delivery\.?(?:sub)?system|maildelivery|mail-?daemon|smtp.?mail.?service"
    r"|bounces?\Z|ndr\Z|mail-?system"
)
# ... the display name of such senders ...
SYSTEM_NAME = re.compile(r"(?i)mail(?:er)?[ .-]?delivery[ .-]?(?:sub)?system|mailer-daemon")
# ... and both where a person may be behind them too.
POSTMASTER = re.compile(r"(?i)\\?(?:post|mail)-?(?:master|admin|adm)(?!\w)|system ?administrator")
DAEMON_NAME = re.compile(
    r"(?i)mail(?:er)?[ .-]?(?:delivery|daemon)|delivery (?:sub)?system|postmaster|system administrator"
    r"|mail administrator|mailserver"
)
# What delivery reports have in their subject; a customer may write some of it.
SUBJECT = re.compile(
    r"(?i)undeliver|mail delivery warning|automatically rejected|returned (?:mail|to sender)"
    r"|return(?:ing|ed) (?:message )?to sender"
    r"|delivery (?:status )?(?:notification|report|fail|problem|error|warning)|delivery has failed|non-?delivery"
    r"|mail(?: system)? (?:error|delivery)|fail(?:ure|ed) (?:notice|delivery|mail)"
    r"|mail (?:failed|not delivered|could not)|could ?n[o']t be delivered"
    r"|(?:message|mail) (?:\S+ )?(?:has been )?(?:delayed|not yet been delivered|undelivered)|delayed mail"
    r"|permanent delivery|processing error|not delivered|user unknown"
    r"|(?:cannot|could not) (?:be )?(?:send|sent|deliver)|unzustellbar|nicht zugestellt"
    r"|zustellung fehlgeschlagen|konnte nicht zugestellt|non remis|échec de (?:la )?(?:remise|distribution)"
    r"|no se (?:puede|pudo|ha podido) entregar|no entregado|error de entrega|mancato recapito|non recapitabile"
    r"|impossibile recapitare|não (?:(?:foi|é) possível )?entreg|falha na entrega|onbestelbaar|niet bezorgd"
    r"|kon niet worden (?:bezorgd|afgeleverd)|olever(?:erbar|erat)|gick inte att leverera|kunde inte levereras"
    r"|nie (?:można|udało się) dostarczyć|niedostarczon|toimitus epäonnistui|ei voitu toimittaa"
    r"|perille toimittamaton|ei saa (?:kohale )?toimetada|kättetoimetamat|kohaletoimetamise"
    r"|nije (?:moguće )?isporuč|neisporuč"
)
# What only mail servers write in a subject.
SURE_SUBJECT = re.compile(
    r"(?i)\W{0,3}(?:delivery status notification|undelivered mail returned to sender|returned mail:"
    r"|mail delivery failed|delivery notification: delivery has failed|delivery failure\W*\Z|failed mail to"
    r"|mail system error|undeliverable mail"
    r"|(?:undeliverable|undelivered|unzustellbar|non remis|non distribuable|no se puede entregar|non recapitabile"
    r"|impossibile recapitare|não é possível entregar|não entregue|onbestelbaar|kan niet worden bezorgd|olevererbart?"
    r"|kan inte levereras|går inte att leverera|nie można dostarczyć|niedostarczone|ei voi(?:da|tu) toimittaa"
    r"|perille toimittamaton|kättetoimetamatu|ei saa (?:kohale )?toimetada|kohaletoimetamatu|neisporučivo"
    r"|nije moguće isporučiti|isporuka nije uspjela|nije isporučeno)\s?:)"
)
# What delivery reports say, and a customer may say too ...
BODY = re.compile(
    r"(?i)permanent (?:fatal )?errors?|did not reach the following recipient|could not be delivered to"
    r"|(?:has|have|was|were) not (?:been )?delivered|(?:un)?able to deliver your message|undeliverable"
    r"|user unknown|no such user|unknown user|mailbox (?:is )?(?:full|unavailable|not found)"
    r"|recipient (?:address )?(?:rejected|unknown|not found)|over quota|quota exceeded|unrouteable|host unknown"
    r"|does not exist|this is a permanent error|giving up on it|returned (?:message|mail|to sender)"
    r"|original message (?:follows|was received|headers)|transcript of session|reporting-mta:|final-recipient:"
    r"|diagnostic-code:|delivery (?:has )?(?:failed|status|attempt|report|delayed|failure)"
    r"|(?:^|\W)(?:421|45[0-4]|55[0-4])[ -](?:#?[45]\.\d\.\d|\S)"
    r"|message (?:delivery|could not|was not|is too|size)|failed (?:recipient|address)|unsent message"
    r"|not yet been delivered|nicht zugestellt|no se pudo entregar|has been postponed"
    r"|full mailbox|continue to (?:try|attempt)|konnte nicht (?:an|zu)|n['’]a pas pu être|non è stato possibile"
    r"|não (?:foi )?entregue|niet (?:worden )?(?:bezorgd|afgeleverd)|inte levereras"
    r"|nie został[ao]? dostarczon|ei voitu toimittaa|ei toimitettu"
    r"|ei saanud (?:kohale )?toimetada|nije (?:bilo moguće )?isporučen|nije mogla biti isporučena"
)
# ... and what only mail servers say.
SMTP_EVIDENCE = re.compile(
    r"(?im)^\W*(?:reporting-mta|final-recipient|diagnostic-code):"
    r"|\b55[0-4][ -](?:#?5\.\d\.\d|.{0,60}(?:user|mailbox|recipient|unknown|relay|address))"
    r"|permanent fatal errors|did not reach the following recipient|transcript of session follows"
    r"|qmail-send program|message that you sent (?:could not|has not|was)|original message (?:follows|headers)"
    r"|could not be delivered to (?:the )?following (?:recipient|user|address)|maximum delivery attempts"
    r"|^-{2,} ?non-?delivery report|recipients? that (?:could|cannot) be delivered|remote server returned"
    r"|\b(?:host|server) \S{1,200} said: [45]\d\d"
    r"|message n['’]a (?:pas )?p[uû] (?:pas )?[eê]tre d|--- (?:below this line|the following addresses)"
)
