# SPDX-License-Identifier: Apache-2.0
"""Hidden text of HTML is kept apart; what is displayed is never taken for hidden."""

from __future__ import annotations

import pytest

from channels.text import read_html
from channels.text.compare import differ


@pytest.mark.parametrize(
    "html",
    [
        '<div style="display:none">gone</div>',
        '<div style="DISPLAY : NONE !important">gone</div>',
        "<p hidden>gone</p>",
        '<span style="visibility:hidden">gone</span>',
        '<span style="font-size:0">gone</span>',
        '<span style="font-size:1px;line-height:1px">gone</span>',
        '<span style="font:0/0 a">gone</span>',
        '<span style="opacity:0">gone</span>',
        '<span style="mso-hide:all">gone</span>',
        '<div style="max-height:0px;overflow:hidden">gone</div>',
        '<div style="overflow:hidden;width:0;height:0">gone</div>',
        '<div style="position:absolute;left:-9999px">gone</div>',
        '<div style="text-indent:-9999px">gone</div>',
        '<div style="position:absolute;clip:rect(0 0 0 0)">gone</div>',
        '<span style="color:#ffffff">gone</span>',
        '<font color="white">gone</font>',
        '<span style="color:rgb(254, 254, 254)">gone</span>',
        '<span style="color:transparent">gone</span>',
        '<table bgcolor="#003366"><tr><td><font color="#003366">gone</font></td></tr></table>',
        "<style>.pre{display:none}</style><div class=pre>gone</div>",
        "<style type='text/css'><!-- #top, p.x { visibility: hidden } --></style><div id=top>gone</div>",
    ],
)
def test_read_html_keeps_hidden_text_apart(html: str) -> None:
    """Each way of hiding takes the words out of the text, and keeps them."""
    shown = read_html(f"<p>seen</p>{html}<p>too</p>")
    assert shown.text.split() == ["seen", "too"]
    assert shown.hidden == "gone"


@pytest.mark.parametrize(
    "html",
    [
        '<div style="font-size:0px"><p style="font-size:0"><b style="font-size:13px">here</b></p></div>',
        '<div style="visibility:hidden"><b style="visibility:visible">here</b></div>',
        '<div style="background:#000"><span style="color:#fff">here</span></div>',
        '<div style="background-image:url(x.png)"><span style="color:#fff">here</span></div>',
        '<table background="x.png"><tr><td><font color=white>here</font></td></tr></table>',
        '<table bgcolor="navy"><tr><td><font color="#FFFFFF">here</font></td></tr></table>',
        "<style>.dark{background:#036}</style><p class=dark style='color:#fff'>here</p>",
        "<style>@media (max-width:600px){.wide{display:none}}</style><p class=wide>here</p>",
        "<style>.x{display:none}.x{display:block}</style><p class=x>here</p>",
        "<style>.x{display:none}</style><p class=x style='display:block'>here</p>",
        '<font color="#ffffff"><a href="https://shop.example">here</a></font>',
        '<div style="font:13px/1.5 Arial">here</div>',
        '<div style="font-size:.9em;line-height:0">here</div>',
        '<div style="opacity:0.9;height:0">here</div>',
        '<div style="margin-left:-200px">here</div>',
        '<div style="max-width:0;min-width:100px">here</div>',
        '<span style="color:#fff;background-color:#036">here</span>',
    ],
)
def test_read_html_shows_what_only_looks_hidden(html: str) -> None:
    """Sizes and colours that are set anew inside, grounds that cannot be known, rules for other screens."""
    shown = read_html(html)
    assert (shown.text, shown.hidden) == ("here", "")


def test_read_html_takes_padding_for_nothing() -> None:
    """The invisible characters with which newsletters pad their preview are no hidden text."""
    shown = read_html('<div style="display:none">&#847;&zwnj;&nbsp;&#8199;&#65279;</div>hi')
    assert (shown.text, shown.hidden, shown.has_hidden) == ("hi", "", False)


def test_read_html_keeps_white_space_of_pre() -> None:
    """What is preformatted is displayed as it stands."""
    assert (
        read_html("<p>a  b</p><pre>one\n  two\n\n\n\tthree</pre><p>c</p>").text == "a b\n\none\n  two\n\n\n\tthree\n\nc"
    )


PLAIN = (
    "Hello,\n\nmy parcel 123 did not arrive although the driver says that it was handed over on Monday.\n\nAnn Smith"
)


@pytest.mark.parametrize(
    ("plain", "html", "wanted"),
    [
        (PLAIN, PLAIN.replace("\n", " "), False),
        (PLAIN, f"{PLAIN} View in browser Unsubscribe Follow us Imprint Terms of service apply", False),
        (f"{PLAIN}\n\n> earlier words quoted here\n> and some more of them", PLAIN, False),
        (PLAIN.replace("parcel", "parcel <https://shop.example/very/long/link/with/words>"), PLAIN, False),
        ("Your program does not show HTML. Please open this message in another one.", PLAIN, False),
        ("Ok", PLAIN, False),
        (PLAIN, "Buy cheap watches today! Best prices, worldwide shipping, click below for special offers now.", True),
        ("Alle Kunden bekommen hiermit jede Menge günstige Angebote, bitte gleich ansehen und bestellen.", PLAIN, True),
    ],
    ids=["same", "footer", "quoted", "link", "stub", "short", "other", "other-language"],
)
def test_differ_accuses_only_clear_cases(plain: str, html: str, wanted: bool) -> None:
    """Usual pairs of plain text and HTML are the same message; two messages in one are not."""
    assert differ(plain, html) is wanted
