# SPDX-License-Identifier: Apache-2.0
"""A private Dovecot: IMAP with and without TLS from the start, one maildir a user, works as root and as anyone else."""

from __future__ import annotations

import contextlib
import grp
import imaplib
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from router.testing.servers import find_binary, free_port, wait_for, wait_for_port
from router.testing.servers.certificates import Certificates

__all__ = ["DovecotServer", "dovecot"]

_CONFIG = """\
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/dovecot.log
protocols = {protocols}
listen = 127.0.0.1
ssl = yes
ssl_cert = <{cert}
ssl_key = <{key}
disable_plaintext_auth = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 0
last_valid_uid = 0
first_valid_gid = 0
mail_location = maildir:{home}/mail/%n
mail_max_userip_connections = 100
auth_failure_delay = 0
namespace inbox {{
  inbox = yes
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {home}/users
}}
userdb {{
  driver = static
  args = uid={mail_user} gid={mail_group} home={home}/mail/%n allow_all_users=yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp_port}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


class DovecotServer:
    """A Dovecot that a test may start, stop and start again on the same ports with the same mail."""

    user = "support@example.org"
    password = 'pass "word\\ with öddities'
    host = "127.0.0.1"

    def __init__(self, home: Path, certificates: Certificates) -> None:
        self.home = home
        self.ca_file = certificates.ca
        self.port, self.tls_port, self.lmtp_port = free_port(), free_port(), free_port()
        self.has_lmtp = Path("/usr/lib/dovecot/lmtp").exists()  # Debian package dovecot-lmtpd
        self._binary = find_binary("dovecot", "dovecot-imapd")
        self._process: subprocess.Popen[bytes] | None = None
        root = os.getuid() == 0
        us, our_group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
        for name in ("run", "state", "mail", "tls"):
            (home / name).mkdir()
        shutil.copy(certificates.cert, home / "tls")
        shutil.copy(certificates.key, home / "tls")
        (home / "users").write_text(f"{self.user}:{{PLAIN}}{self.password}\n", encoding="utf-8")
        config = _CONFIG.format(
            home=home,
            protocols="imap lmtp" if self.has_lmtp else "imap",
            lmtp_port=self.lmtp_port,
            cert=home / "tls" / certificates.cert.name,
            key=home / "tls" / certificates.key.name,
            user="dovecot" if root else us,
            group="dovecot" if root else our_group,
            mail_user="dovecot" if root else us,
            mail_group="dovecot" if root else our_group,
            port=self.port,
            tls_port=self.tls_port,
        )
        (home / "dovecot.conf").write_text(config, encoding="utf-8")
        if root:
            home.chmod(0o755)
            owner = pwd.getpwnam("dovecot")
            os.chown(home / "mail", owner.pw_uid, owner.pw_gid)

    def start(self, *, tls: bool = True) -> None:
        """Start and wait until it answers; ``tls`` False starts it without any certificate."""
        config = (self.home / "dovecot.conf").read_text(encoding="utf-8")
        config = re.sub(r"^ssl = \w+$", "ssl = yes" if tls else "ssl = no", config, flags=re.MULTILINE)
        (self.home / "dovecot.conf").write_text(config, encoding="utf-8")
        command = [str(self._binary), "-F", "-c", str(self.home / "dovecot.conf")]
        with (self.home / "stderr.log").open("ab") as errors:
            self._process = subprocess.Popen(command, stdout=errors, stderr=errors, start_new_session=True)
        try:
            wait_for_port(self.port, what="dovecot")
            if tls:
                wait_for_port(self.tls_port, what="dovecot")
        except TimeoutError as error:
            self.stop()
            raise TimeoutError(f"{error}: {self.log()}") from error

    def stop(self) -> None:
        """Stop it with all its children; sessions are cut."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(0.15)  # the master may wait five seconds for its statistics; nobody needs them
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)

    def log(self) -> str:
        """The last lines the server wrote, for error sentences."""
        text = ""
        for name in ("stderr.log", "dovecot.log"):
            with contextlib.suppress(OSError):
                text += (self.home / name).read_text(encoding="utf-8", errors="replace")
        return text[-2000:]

    @contextlib.contextmanager
    def session(self, mailbox: str | None = "INBOX") -> Iterator[imaplib.IMAP4]:
        """A plain session of the standard library's client, for looking and meddling from outside."""
        client = imaplib.IMAP4(self.host, self.port, timeout=10)
        try:
            client.authenticate("PLAIN", lambda _: f"\0{self.user}\0{self.password}".encode())
            if mailbox is not None:
                client.select(mailbox)
            yield client
        finally:
            with contextlib.suppress(imaplib.IMAP4.error, OSError):
                client.logout()

    def deliver(self, message: bytes, *, mailbox: str = "INBOX", flags: str = "") -> None:
        """Put a message into a mailbox, as an arriving mail would."""
        with self.session(mailbox=None) as client:
            status, answer = client.append(mailbox, flags, None, message)
            if status != "OK":
                raise RuntimeError(f"APPEND: {answer!r}")

    def flags(self, mailbox: str = "INBOX") -> dict[int, set[str]]:
        """UID to flags of every message in a mailbox."""
        with self.session(mailbox) as client:
            _, answer = client.uid("FETCH", "1:*", "(UID FLAGS)")
        found: dict[int, set[str]] = {}
        for line in answer:
            if isinstance(line, bytes):
                text = line.decode("ascii")
                uid = int(text.partition("UID ")[2].split()[0].strip(")"))
                found[uid] = set(text.partition("FLAGS (")[2].partition(")")[0].split())
        return found

    def cut_sessions(self) -> None:
        """Kill the processes that serve connected clients, as a crash would."""
        for process in _children(self._process.pid if self._process else 0):
            if process[1] in {"imap", "imap-login"}:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process[0], signal.SIGKILL)

    def wait_until(self, ready: object, *, seconds: float = 10, what: str = "it") -> None:
        """Poll a callable until it is true."""
        assert callable(ready)
        wait_for(lambda: bool(ready()), seconds=seconds, what=what)


def _children(parent: int) -> list[tuple[int, str]]:
    """Process id and short name of the direct children, from /proc."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                name, _, rest = (entry / "stat").read_text().partition(" (")[2].rpartition(") ")
                if int(rest.split()[1]) == parent:
                    found.append((int(entry.name), name))
    return found


@contextlib.contextmanager
def dovecot(certificates: Certificates) -> Iterator[DovecotServer]:
    """A running Dovecot in a short temporary folder: socket paths may not be longer than 108 bytes.

    Raises:
        ServerMissing: Dovecot is not installed.
    """
    find_binary("dovecot", "dovecot-imapd")
    home = Path(tempfile.mkdtemp(prefix="cr-dovecot-"))
    server = DovecotServer(home, certificates)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)
