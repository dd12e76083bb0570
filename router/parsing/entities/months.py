# SPDX-License-Identifier: Apache-2.0
"""The names of the months in the product's twelve languages, also bent and short."""

from __future__ import annotations

__all__ = ["AMBIGUOUS", "MONTHS", "SHORT"]

_FULL = """
january february march april may june july august september october november december
januar februar märz april mai juni juli august september oktober november dezember
jänner feber maerz april mai juni juli august september oktober november dezember
janvier février mars avril mai juin juillet août septembre octobre novembre décembre
janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
enero febrero marzo abril mayo junio julio agosto setiembre octubre noviembre diciembre
gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro
januari februari maart april mei juni juli augustus september oktober november december
januari februari mars april maj juni juli augusti september oktober november december
januar februar marts april maj juni juli august september oktober november desember
stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia
styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień
jaanuar veebruar märts aprill mai juuni juuli august september oktoober november detsember
jaanuaril veebruaril märtsil aprillil mail juunil juulil augustil septembril oktoobril novembril detsembril
jaanuari veebruari märtsi aprilli mai juuni juuli augusti septembri oktoobri novembri detsembri
siječnja veljače ožujka travnja svibnja lipnja srpnja kolovoza rujna listopada studenoga prosinca
siječanj veljača ožujak travanj svibanj lipanj srpanj kolovoz rujan listopad studenog prosinac
"""
_FINNISH = "tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu"
_SHORT = """
jan feb mar apr - jun jul aug sep oct nov dec
jän feb mrz apr - jun jul aug sept okt nov dez
janv févr mrt avr - juin juil août sept oct nov déc
ene fév mar abr - giu lug ago set ott nov dic
gen fev mär kwi - cze lip sie wrz out lis gru
"""


def _table(lines: str) -> dict[str, int]:
    return {
        word: month
        for line in lines.strip().splitlines()
        for month, word in enumerate(line.split(), start=1)
        if word != "-"
    }


_FINNISH_NAMES = {
    f"{stem}{ending}": month
    for month, stem in enumerate(_FINNISH.split(), start=1)
    for ending in ("kuu", "kuuta", "kuun", "kuussa")
}
_NAMES = _table(_FULL) | _FINNISH_NAMES
# Short forms count only beside a year: some are common words.
SHORT = frozenset(_table(_SHORT)) - set(_NAMES)
MONTHS = _table(_SHORT) | _NAMES
AMBIGUOUS = frozenset(("may", "march", "mars", "mei", "maja", "luty", "marca", "marts", "mail"))
