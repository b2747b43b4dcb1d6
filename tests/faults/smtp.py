"""An SMTP server of our own, which fails as it is told to and keeps what it accepted.

Run as a program it accepts everything and prints its port.
"""

import email
import email.policy
import socketserver
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage

HANG = 60.0


@dataclass(frozen=True)
class Mail:
    recipients: tuple[str, ...]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        found = email.message_from_bytes(self.content, policy=email.policy.default)
        assert isinstance(found, EmailMessage)
        return found

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])


@dataclass
class Trouble:
    """What happens at a stage instead of what should.

    `stage`: connect, recipient, data (the command), end (the final dot has come; without a reply,
    what was sent is kept). `answer`: a reply; empty to hang; "drop" to end the connection without
    one. It happens `times` times, to some `recipients` only (every stage but the first).
    """

    stage: str
    answer: str
    times: float = float("inf")
    recipients: frozenset[str] = frozenset()

    def hits(self, stage: str, recipient: str) -> bool:
        return (
            self.stage == stage
            and self.times > 0
            and (not self.recipients or recipient in self.recipients)
        )


class _Dropped(Exception):
    pass


class _Session(socketserver.StreamRequestHandler):
    """One connection, command by command."""

    server: "SmtpServer"
    timeout = HANG

    def handle(self) -> None:
        try:
            if self._answer("connect", "220 ready"):
                self._commands()
        except (OSError, _Dropped):
            # the client went away, or is to think that we did
            return

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def _answer(self, stage: str, text: str, recipient: str = "") -> bool:
        """Whether it went well."""
        trouble = self.server.trouble_at(stage, recipient)
        answer = trouble.answer if trouble else text
        if answer == "":
            self.server.stopping.wait(HANG)
        if answer in ("", "drop"):
            raise _Dropped
        self._say(answer)
        return trouble is None

    def _commands(self) -> None:
        greeted, recipients = False, list[str]()
        while line := self.rfile.readline().decode().strip():
            verb = line.split(" ", 1)[0].upper()
            if verb in ("EHLO", "HELO"):
                greeted = True
                self._say("250 here")
            elif verb == "QUIT":
                self._say("221 bye")
                return
            elif not greeted:
                self._say("503 say who you are first")
            elif verb == "RCPT":
                address = line.partition("<")[2].partition(">")[0]
                if self._answer("recipient", "250 ok", address):
                    recipients.append(address)
            elif verb == "DATA":
                self._data(recipients)
                recipients = []
            else:
                self._say("250 ok" if verb in ("MAIL", "RSET", "NOOP") else "502 not known here")

    def _data(self, recipients: list[str]) -> None:
        if not recipients:
            self._say("503 to whom?")
        elif self._answer("data", "354 go on", recipients[0]):
            mail = Mail(tuple(recipients), b"".join(self._lines()))
            self.server.keep(mail)
            time.sleep(self.server.slowness)
            if not self._answer("end", "250 kept", recipients[0]):
                self.server.give_back(mail)

    def _lines(self) -> Iterator[bytes]:
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                raise _Dropped
            yield line.removeprefix(b".")


class SmtpServer(socketserver.ThreadingTCPServer):
    """On a port of the loopback address. `slowness`: seconds between the final dot and the answer
    to it.
    """

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, port: int = 0, slowness: float = 0.0) -> None:
        super().__init__(("127.0.0.1", port), _Session)
        self.slowness = slowness
        self.troubles: list[Trouble] = []
        self.kept: list[Mail] = []
        self.lock, self.stopping = threading.Lock(), threading.Event()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self.stopping.set()
        self.shutdown()
        self.server_close()

    @contextmanager
    def with_trouble(self, *troubles: Trouble) -> Iterator[None]:
        with self.lock:
            self.troubles = list(troubles)
        try:
            yield
        finally:
            with self.lock:
                self.troubles = []

    def trouble_at(self, stage: str, recipient: str) -> Trouble | None:
        with self.lock:
            found = next(
                (trouble for trouble in self.troubles if trouble.hits(stage, recipient)), None
            )
            if found:
                found.times -= 1
            return found

    def keep(self, mail: Mail) -> None:
        with self.lock:
            self.kept.append(mail)

    def give_back(self, mail: Mail) -> None:
        with self.lock:
            self.kept.remove(mail)

    def copies(self) -> dict[str, list[Mail]]:
        """What was accepted, by Message-ID."""
        found: dict[str, list[Mail]] = defaultdict(list)
        with self.lock:
            mails = list(self.kept)
        for mail in mails:
            found[mail.message_id].append(mail)
        return dict(found)


if __name__ == "__main__":
    server = SmtpServer()
    print(server.port, flush=True)
    server.serve_forever()
