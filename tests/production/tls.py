"""TLS in front of servers whose wheels are built without it, and in front of gunicorn where there
is no nginx.
"""

import contextlib
import datetime
import ipaddress
import select
import socket
import ssl
import threading
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine, which is its own authority, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "certificate.key"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    none = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    files[1].write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, none))
    return files


class TlsEnd:
    """Listens on `port` and passes what it hears over TLS on to another port of this machine, in
    the clear.
    """

    def __init__(self, target: int, files: tuple[Path, Path]) -> None:
        self.target = target
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*files)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.sessions = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def greet(self, near: socket.socket) -> None:
        """What is said before TLS begins."""

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _address = self.listener.accept()
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with contextlib.suppress(OSError), near:
            self.greet(near)
            safe = self.context.wrap_socket(near, server_side=True)
            self.sessions += 1
            with socket.create_connection(("127.0.0.1", self.target)) as far, safe:
                self._pass_on(safe, far)

    def heard(self, data: bytes) -> bytes:
        """What the other end says, as it is passed on."""
        return data

    def _pass_on(self, safe: ssl.SSLSocket, far: socket.socket) -> None:
        """Both ways, by one thread: an encrypted socket must not be read and written at once."""
        while True:
            ready = [safe] if safe.pending() else select.select([safe, far], [], [])[0]
            for source in ready:
                data = source.recv(65536)
                if not data:
                    return
                if source is safe:
                    far.sendall(self.heard(data))
                else:
                    safe.sendall(data)


class PostgresTlsEnd(TlsEnd):
    """PostgreSQL's clients ask first whether they may begin TLS."""

    def greet(self, near: socket.socket) -> None:
        if near.recv(8, socket.MSG_WAITALL) != SSL_REQUEST:
            near.close()
            raise ConnectionAbortedError("a client that does not ask for TLS")
        near.sendall(b"S")
