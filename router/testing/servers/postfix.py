# SPDX-License-Identifier: Apache-2.0
"""A private Postfix that takes mail on a high port and relays all of it to one SMTP or LMTP port. Needs root."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from router.testing.servers import ServerMissing, find_binary, free_port, wait_for_port
from router.testing.servers.certificates import Certificates

__all__ = ["PostfixServer", "postfix"]

_MAIN = """\
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {home}/maillog
maillog_file_prefixes = {home}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.example.org
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
local_recipient_maps =
default_transport = {protocol}:[127.0.0.1]:{relay_port}
relayhost =
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions =
smtpd_tls_cert_file = {home}/tls/{cert}
smtpd_tls_key_file = {home}/tls/{key}
smtpd_tls_security_level = may
smtp_tls_security_level = none
message_size_limit = 30000000
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
smtp_destination_concurrency_limit = 4
lmtp_destination_concurrency_limit = 4
biff = no
"""

_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class PostfixServer:
    """A Postfix that a test may start, stop and start again with the same queue."""

    host = "127.0.0.1"

    def __init__(
        self, home: Path, certificates: Certificates, *, relay_port: int, protocol: Literal["smtp", "lmtp"]
    ) -> None:
        self.home, self.port, self.ca_file = home, free_port(), certificates.ca
        self._binary = find_binary("postfix", "postfix")
        owner = pwd.getpwnam("postfix")
        home.chmod(0o755)
        for name in ("etc", "queue", "data", "tls"):
            (home / name).mkdir(mode=0o755)
        os.chown(home / "data", owner.pw_uid, owner.pw_gid)
        shutil.copy(certificates.cert, home / "tls")
        shutil.copy(certificates.key, home / "tls")
        main = _MAIN.format(
            home=home, protocol=protocol, relay_port=relay_port, cert=certificates.cert.name, key=certificates.key.name
        )
        (home / "etc" / "main.cf").write_text(main, encoding="utf-8")
        (home / "etc" / "master.cf").write_text(_MASTER.format(port=self.port), encoding="utf-8")

    def start(self) -> None:
        """Start and wait until it takes mail."""
        self._postfix("start")
        try:
            wait_for_port(self.port, what="postfix")
        except TimeoutError as error:
            raise TimeoutError(f"{error}: {self.log()}") from error

    def stop(self) -> None:
        """Stop at once; what is queued stays queued."""
        with contextlib.suppress(RuntimeError):
            self._postfix("abort")

    def log(self) -> str:
        """The last lines the server wrote."""
        with contextlib.suppress(OSError):
            return (self.home / "maillog").read_text(encoding="utf-8", errors="replace")[-3000:]
        return ""

    def _postfix(self, command: str) -> None:
        done = subprocess.run(
            [str(self._binary), "-c", str(self.home / "etc"), command],
            check=False,
            capture_output=True,
            timeout=60,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )
        if done.returncode:
            raise RuntimeError(f"postfix {command}: {done.stderr.decode(errors='replace')} {self.log()}")


@contextlib.contextmanager
def postfix(
    certificates: Certificates, *, relay_port: int, protocol: Literal["smtp", "lmtp"] = "smtp"
) -> Iterator[PostfixServer]:
    """A running Postfix that hands all mail to ``relay_port`` of 127.0.0.1.

    Raises:
        ServerMissing: Postfix is not installed, or we are not root, which it insists on.
    """
    find_binary("postfix", "postfix")
    if os.getuid() != 0:
        raise ServerMissing("Postfix starts only as root: run this test as root", "postfix")
    home = Path(tempfile.mkdtemp(prefix="cr-postfix-"))
    server = PostfixServer(home, certificates, relay_port=relay_port, protocol=protocol)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)
