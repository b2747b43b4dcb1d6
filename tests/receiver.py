"""A receiver of webhooks on the loopback address that can be told to fail."""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    """One call: its path, its headers in small letters, its body."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def delivery(self) -> str:
        return self.headers["actionplan-delivery"]


class Receiver:
    """`mode` says how it answers: ok, error, redirect, hang, trickle, huge, close or noise; `slowness`
    after how many seconds.
    """

    def __init__(self) -> None:
        self.mode = "ok"
        self.slowness = 0.0
        self.received: list[Received] = []
        self.released = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.received.append(Received(self.path, headers, self.rfile.read(length)))
                time.sleep(receiver.slowness)
                # whoever called may have given up meanwhile
                with contextlib.suppress(OSError):
                    getattr(self, f"answer_{receiver.mode}")()

            def answer_ok(self) -> None:
                self.send_response(204)
                self.end_headers()

            def answer_error(self) -> None:
                self.send_error(500)

            def answer_redirect(self) -> None:
                self.send_response(307)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def answer_hang(self) -> None:
                receiver.released.wait(30)

            def answer_trickle(self) -> None:
                """An answer whose head never ends, a few bytes at a time."""
                self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                while not receiver.released.wait(0.05):
                    self.wfile.write(b"X: y\r\n")

            def answer_huge(self) -> None:
                self.send_response(200)
                self.end_headers()
                for _block in range(1000):
                    self.wfile.write(bytes(64 * 1024))

            def answer_close(self) -> None:
                self.close_connection = True

            def answer_noise(self) -> None:
                self.wfile.write(b"220 mail.example.org ESMTP\r\n")

            def log_message(self, format: str, *args: object) -> None:
                """Nothing of it belongs into the output of tests."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?x=1"

    @property
    def ids(self) -> list[str]:
        return [call.delivery for call in self.received]


@contextlib.contextmanager
def a_receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.released.set()
        receiver.server.shutdown()
        receiver.server.server_close()
        thread.join()
