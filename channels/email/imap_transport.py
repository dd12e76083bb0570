# SPDX-License-Identifier: Apache-2.0
"""imaplib2's threaded client on a socket that is verified before a word is said. Nothing here knows asyncio.

imaplib2 3.6 reads in one thread, writes in another, checks no certificate and may block for ever. OpenSSL wants one
thread at a time, and CPython 3.13.6 even deadlocks on two, so the socket does not block and a lock guards each call.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
import time
import warnings
from typing import Any

import imaplib2

__all__ = ["ImapTransport", "open_transport"]

_TICK_MS = 500  # how soon a closed connection is noticed by a thread that waits for the peer


class ImapTransport(imaplib2.IMAP4):  # type: ignore[misc] # imaplib2 has no types
    """One connection. ``context`` None means no TLS at all; ``wrap_now`` False means STARTTLS comes later."""

    def __init__(self, host: str, port: int, *, context: ssl.SSLContext | None, wrap_now: bool, timeout: float) -> None:
        self._context, self._wrap_now, self._patience = context, wrap_now, timeout
        self._socket_lock = threading.Lock()
        self._closing = False
        super().__init__(host, port, timeout=timeout, identifier="imap")

    def open(self, host: str | None = None, port: int | None = None) -> None:
        self.host, self.port = host, port
        self.sock: socket.socket = socket.create_connection((host, port), timeout=self._patience)
        try:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if self._context is not None and self._wrap_now:
                self.ssl_wrap_socket()
            self.sock.setblocking(False)
        except BaseException:
            self.sock.close()
            raise
        self.read_fd = self.sock.fileno()

    def ssl_wrap_socket(self) -> None:
        """Shake hands and verify chain and host name; imaplib2 calls this for STARTTLS too."""
        if self._context is None:
            raise ssl.SSLError("TLS was asked for without a context")
        self.sock.settimeout(self._patience)
        # Keep the wrapped socket even when the handshake fails, so that there is one to close.
        self.sock = wrapped = self._context.wrap_socket(
            self.sock, server_hostname=self.host, do_handshake_on_connect=False
        )
        self.read_fd = wrapped.fileno()
        wrapped.do_handshake()
        wrapped.setblocking(False)
        # What a man in the middle may have said before the handshake is forgotten.
        self.untagged_responses: list[Any] = []

    def read(self, size: int) -> bytes:
        while not self._closing and not self.Terminate:
            try:
                with self._socket_lock:
                    received = self.sock.recv(size)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
                _wait(self.read_fd, select.POLLIN)
                continue
            if not received:
                raise ConnectionResetError("the server closed the connection")
            return received
        raise ConnectionAbortedError("closed by us")

    def send(self, data: bytes) -> None:
        rest, end = memoryview(data), time.monotonic() + self._patience
        while rest and not self._closing:
            try:
                with self._socket_lock:
                    rest = rest[self.sock.send(rest) :]
                end = time.monotonic() + self._patience
            except ssl.SSLWantReadError:
                _wait(self.read_fd, select.POLLIN)
            except (ssl.SSLWantWriteError, BlockingIOError):
                _wait(self.read_fd, select.POLLOUT)
            if time.monotonic() > end:
                raise TimeoutError("the server takes nothing more")

    def shutdown(self) -> None:
        self._closing = True
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)
        with self._socket_lock:
            self.sock.close()

    def _mesg(self, s: str, tn: str | None = None, secs: float | None = None) -> None:
        """Say nothing: imaplib2 prints the last exchanges to stderr when a connection ends, and mail is private."""

    def abandon(self) -> None:
        """Cut the line at once, from any thread; every waiting command fails."""
        self._closing = True
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def discard(self) -> None:
        """Cut the line and end the threads; blocks for a moment."""
        self.abandon()
        self.logout()


def open_transport(
    host: str, port: int, *, context: ssl.SSLContext | None, starttls: bool, timeout: float
) -> ImapTransport:
    """Connect, take the greeting, and encrypt if asked to; blocks up to a few times ``timeout`` seconds.

    Raises:
        OSError: No connection, or (ssl.SSLError) no trust in it.
        imaplib2.IMAP4.error: The server does not speak IMAP, or not STARTTLS.
    """
    # imaplib2 3.6 calls Thread.setDaemon, deprecated since Python 3.10; to go when it no longer does.
    warnings.filterwarnings("ignore", message=r"setDaemon|currentThread|setName|getName", category=DeprecationWarning)
    transport = ImapTransport(host, port, context=context, wrap_now=not starttls, timeout=timeout)
    if starttls:
        try:
            _encrypt(transport)
        except BaseException:
            transport.discard()
            raise
    return transport


def _encrypt(transport: ImapTransport) -> None:
    if transport.state != "NONAUTH":  # RFC 3501 section 11.1: after PREAUTH there is no encryption any more
        raise transport.abort("the server skipped log-in before encryption")
    transport.starttls()


def _wait(descriptor: int, event: int) -> None:
    poller = select.poll()
    with contextlib.suppress(ValueError):  # closed meanwhile: the caller's next try says so
        poller.register(descriptor, event)
        poller.poll(_TICK_MS)
