"""A side's identity provider for tests: OpenID Connect over HTTP on this machine, with code, PKCE
and signed tokens.

It has a page on which a visitor says who they are. What it says of them can be spoilt.
"""

import base64
import hashlib
import html
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from actionplan.local import processes

CLIENT, SECRET = "actionplan", "of-the-tests"


class Provider:
    """At `issuer`; `claims` replace what the token says, `key` what it is signed with."""

    def __init__(self) -> None:
        self.port = processes.free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.key = self.published = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.claims: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.server = ThreadingHTTPServer(
            ("127.0.0.1", self.port), type("Handler", (_Handler,), {"provider": self})
        )
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def environment(self, side: str) -> dict[str, str]:
        values = {"ISSUER": self.issuer, "CLIENT_ID": CLIENT, "SECRET": SECRET}
        return {f"OIDC_{side}_{name}": value for name, value in values.items()}

    def settings(self, side: str) -> dict[str, Any]:
        """What the settings make of that environment."""
        app = {"client_id": CLIENT, "secret": SECRET, "settings": {"server_url": self.issuer}}
        return {"provider_id": side.lower(), "name": side, **app}

    def code(self, asked: dict[str, str], subject: str) -> str:
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked | {"subject": subject}
        return code

    def token(self, sent: dict[str, str]) -> str | None:
        """The identity token for a code, once, to who has the secret and the verifier that belongs
        to it.
        """
        asked = self.codes.pop(sent.get("code", ""), {})
        challenge = base64.urlsafe_b64encode(
            hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        )
        right = asked.get("code_challenge") == challenge.decode().rstrip("=")
        same = asked.get("redirect_uri") == sent.get("redirect_uri")
        if not (
            right
            and same
            and (sent.get("client_id"), sent.get("client_secret")) == (CLIENT, SECRET)
        ):
            return None
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": asked["subject"],
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
        }
        said = {"email": "someone.else@example.org", "email_verified": True, "name": "Never kept"}
        return jwt.encode(
            {**claims, **said, **self.claims}, self.key, algorithm="RS256", headers={"kid": "1"}
        )


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(place.query).items()}
        issuer = self.provider.issuer
        if place.path == "/.well-known/openid-configuration":
            ends = {
                "authorization_endpoint": "authorize",
                "token_endpoint": "token",
                "jwks_uri": "keys",
            }
            methods = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
            self._json(
                {
                    "issuer": issuer,
                    **{name: f"{issuer}/{end}" for name, end in ends.items()},
                    **methods,
                }
            )
        elif place.path == "/keys":
            key = json.loads(
                jwt.algorithms.RSAAlgorithm.to_jwk(self.provider.published.public_key())
            )
            self._json({"keys": [key | {"kid": "1", "alg": "RS256", "use": "sig"}]})
        elif place.path == "/authorize" and "subject" not in query:
            fields = "".join(
                f'<input type="hidden" name="{n}" value="{html.escape(v)}">'
                for n, v in query.items()
            )
            label = '<label>Who are you? <input name="subject"></label><button>Sign in</button>'
            self._send(200, "text/html", f"<!doctype html><form>{fields}{label}</form>".encode())
        elif place.path == "/authorize":
            answer = {"code": self.provider.code(query, query["subject"]), "state": query["state"]}
            if query["subject"] == "nobody":
                answer = {"error": "access_denied", "state": query["state"]}
            self._send(
                302, "text/html", b"", Location=f"{query['redirect_uri']}?{urlencode(answer)}"
            )
        else:
            self._send(404, "text/plain", b"")

    def do_POST(self) -> None:
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        token = self.provider.token({name: values[0] for name, values in sent.items()})
        if token is None:
            self._send(400, "application/json", b'{"error": "invalid_grant"}')
        else:
            self._json({"access_token": "x", "token_type": "Bearer", "id_token": token})

    def _json(self, content: Any) -> None:
        self._send(200, "application/json", json.dumps(content).encode())

    def _send(self, status: int, kind: str, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass
