# SPDX-License-Identifier: Apache-2.0
"""What the core asks of a channel's settings."""

from typing import Any

import pytest
from pydantic import ValidationError

from router.accounts import any_options, mail_route, parse_options
from router.config.models import ChannelSettings, Limits
from router.interfaces import ParseOptions, ReadLimits
from router.registry import channel_config
from router.replies.service import MailRoute


def channel(kind: str, account: str, **settings: Any) -> ChannelSettings:
    return ChannelSettings(kind=kind, account=account, settings=channel_config(kind).model_validate(settings))


EMAIL = channel(
    "email", "support", address="support@shop.example", aliases=["help@shop.example"],
    reply_address="support+{token}@answers.example", folder={"path": "inbox"}, smtp={"host": "smtp.example.org"},
)  # fmt: skip


def test_parse_options_of_a_mailbox() -> None:
    """The parser knows our own addresses and where our reply tokens live."""
    options = parse_options(EMAIL)
    assert options.own == ("support@shop.example", "help@shop.example")
    assert options.token_domain == "answers.example"


def test_parse_options_of_settings_that_say_nothing() -> None:
    """A channel that has no such settings is read with the defaults."""
    assert parse_options(channel("call", "desk")) == ParseOptions()


def test_mail_route_of_a_mailbox() -> None:
    """Answers carry keyed addresses in the domain of the mailbox."""
    assert mail_route(EMAIL, {"email:support": EMAIL}) == MailRoute(
        "answers.example", "support+{token}@answers.example"
    )


def test_mail_route_of_a_form_is_that_of_its_mailbox() -> None:
    """A form is answered through the account it names, addressed like that account's own mail."""
    form = channel("webform", "support", reply_via="email:support")
    route = mail_route(form, {"email:support": EMAIL, "webform:support": form})
    assert route == MailRoute("answers.example", "support+{token}@answers.example", ("email", "support"))


def test_mail_route_through_a_disabled_account_reaches_nobody() -> None:
    """Where the named account is switched off, the form is left with no way to answer."""
    form = channel("webform", "support", reply_via="email:support")
    assert mail_route(form, {"webform:support": form}).mail_domain == ""


def test_parse_options_carry_the_limits_of_the_installation() -> None:
    """What is set under ``limits`` in router.yaml reaches the reader of every account, and of files without one."""
    limits = Limits(max_text_chars=500, max_attachments=3, read=ReadLimits(parts=7))
    for options in (parse_options(EMAIL, limits), any_options(limits)):
        assert (options.max_text_chars, options.max_attachments, options.limits.parts) == (500, 3, 7)
    assert parse_options(EMAIL, limits).own == parse_options(EMAIL).own


@pytest.mark.parametrize("name", ReadLimits.model_fields)
def test_read_limits_have_bounds(name: str) -> None:
    """No limit can be set to nothing, which would leave every mail unread."""
    with pytest.raises(ValidationError):
        ReadLimits.model_validate({name: 0})
