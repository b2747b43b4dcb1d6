"""The proxy in front of the pages: nginx with the project's own file where it is installed."""

import contextlib
import re
import shutil
import socket
import subprocess
from pathlib import Path

from actionplan.local import environment, processes
from tests.production.tls import TlsEnd
from tests.servers import until

SHIPPED = environment.BASE_DIR / "deploy" / "nginx.conf"


class Nginx:
    """Runs in a folder, on ports of its own; all else is as shipped."""

    def __init__(self, binary: str, folder: Path, target: int, files: tuple[Path, Path]) -> None:
        self.port, self.plain_port = processes.free_port(), processes.free_port()
        site = SHIPPED.read_text()
        for ours, theirs in (
            ("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl"),
            ("listen 80", f"listen 127.0.0.1:{self.plain_port}"),
            ("plan.example.org;", "localhost;"),
            ("/etc/ssl/plan.example.org.pem", str(files[0])),
            ("/etc/ssl/private/plan.example.org.key", str(files[1])),
            ("127.0.0.1:8000", f"127.0.0.1:{target}"),
        ):
            assert ours in site, ours
            site = site.replace(ours, theirs)
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        folders = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
        (folder / "nginx.conf").write_text(
            f"daemon off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\nhttp {{\n{folders}{site}}}\n"
        )
        command = [
            binary,
            "-p",
            str(folder),
            "-e",
            f"{folder}/error.log",
            "-c",
            str(folder / "nginx.conf"),
        ]
        self.process = subprocess.Popen(command, start_new_session=True)
        until(lambda: _answers(self.port))

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(20)


class HttpTlsEnd(TlsEnd):
    """Does what the file for nginx asks for: TLS, and the header that says so."""

    def heard(self, data: bytes) -> bytes:
        return re.sub(rb"^(\w+ \S+ HTTP/1\.1\r\n)", rb"\1X-Forwarded-Proto: https\r\n", data)


def proxy(folder: Path, target: int, files: tuple[Path, Path]) -> Nginx | HttpTlsEnd:
    binary = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin")
    return Nginx(binary, folder, target, files) if binary else HttpTlsEnd(target, files)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    return False
