"""A line to a server that can be left hanging: what was connected hears nothing more, and is not
told.
"""

import contextlib
import socket
import threading


class Wire:
    """Listens on `port` and passes everything on to another one of the loopback address."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.ends: list[socket.socket] = []
        self.cut_at = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> int:
        """Every line that is there goes dead; new ones work. Gives how many."""
        dead = len(self.ends) - self.cut_at
        self.cut_at = len(self.ends)
        return dead // 2

    def close(self) -> None:
        for end in (self.listener, *self.ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _address = self.listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self.target))
                except ConnectionError:
                    near.close()
                    continue
                place = len(self.ends)
                self.ends += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(
                        target=self._pass_on, args=(source, sink, place), daemon=True
                    ).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, place: int) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if place >= self.cut_at:
                    sink.sendall(data)
            if place >= self.cut_at:
                sink.shutdown(socket.SHUT_WR)
