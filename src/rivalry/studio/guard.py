"""Who may ask the studio: a page of the studio itself, on this machine, or somebody who has the token.

A page from elsewhere in the same browser can send requests to 127.0.0.1.  Four things stop it: the Host must be one
that the studio was bound to (so that no other name can be pointed at this machine), the Origin must be that Host, what
changes anything must be sent as JSON or PNG (which a foreign page may not do unasked), and no answer may be framed.
"""

import ipaddress
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOCAL = ("127.0.0.1", "localhost", "::1")
COOKIE = "rivalry-studio"
MOST_BYTES = 8 * 2**20  # of a request
TYPES = ("application/json", "image/png", "application/octet-stream")  # which no plain form can send

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
ASK = (
    b"<!doctype html><html lang=en><meta charset=utf-8><title>rivalry studio</title>"
    b"<h1>rivalry studio</h1><form><label>Token, as the terminal shows it: <input name=token></label> "
    b"<button>Open</button></form></html>"
)


def is_local(host: str) -> bool:
    """Whether only this machine can reach a server that is bound to this host."""
    return host in LOCAL


class Guard:
    """Refuses what may not be asked, before the application sees it.

    Args:
        app: the application, of ASGI.
        host: that the server is bound to.
        token: that a client must have; "" where only this machine can ask.
    """

    def __init__(self, app: App, host: str = LOCAL[0], token: str = ""):
        self.app, self.host, self.token = app, host, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        said = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if why := self._refused(scope, said):
            await _refuse(scope, receive, send, 403, why.encode(), "text/plain")
        elif self.token and self._given(scope):  # once in the address, from then on in a cookie
            await _refuse(scope, receive, send, 303, b"", "text/plain", self._entry())
        elif self.token and not self._knows(said):
            await _refuse(scope, receive, send, 401, ASK, "text/html; charset=utf-8")
        else:
            await self.app(scope, _limited(receive), _with_headers(send))

    def _refused(self, scope: Scope, said: dict[str, str]) -> str:
        """Why this is not answered; "" if it is."""
        host, origin = said.get("host", ""), said.get("origin")
        if not self._is_ours(host):
            return "this Host is not the studio's"
        if origin is not None and urlsplit(origin).netloc != host:
            return "another page may not ask the studio"
        if said.get("sec-fetch-site", "same-origin") not in ("same-origin", "none") and not _is_visit(
            scope, said
        ):
            return "another page may not ask the studio"
        if scope["type"] == "websocket":
            return "" if origin else "a socket needs an Origin"
        if scope["method"] not in ("GET", "HEAD") and said.get("content-type", "").split(";")[0] not in TYPES:
            return "send JSON"
        length = said.get("content-length", "0")
        return "" if length.isdigit() and int(length) <= MOST_BYTES else f"at most {MOST_BYTES:,} bytes"

    def _is_ours(self, netloc: str) -> bool:
        try:
            name = (urlsplit(f"//{netloc}").hostname or "").lower()
        except ValueError:
            return False
        if name in LOCAL or name == self.host:
            return True
        return not is_local(self.host) and _is_address(name)  # a number cannot be pointed elsewhere

    def _given(self, scope: Scope) -> bool:
        tokens = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [])
        return scope["type"] == "http" and any(self._is_token(one) for one in tokens)

    def _knows(self, said: dict[str, str]) -> bool:
        try:
            kept = SimpleCookie(said.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return kept is not None and self._is_token(kept.value)

    def _is_token(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self.token.encode())

    def _entry(self) -> list[tuple[bytes, bytes]]:
        cookie = f"{COOKIE}={self.token}; HttpOnly; SameSite=Strict; Path=/"
        return [(b"location", b"/"), (b"set-cookie", cookie.encode())]


def _is_visit(scope: Scope, said: dict[str, str]) -> bool:
    """A person who follows a link to the page itself, from wherever it stands."""
    return scope["type"] == "http" and scope["path"] == "/" and said.get("sec-fetch-mode") == "navigate"


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class TooLong(Exception):
    """More bytes came than a request may have, though its header said otherwise."""


def _limited(receive: Receive) -> Receive:
    got = 0

    async def limited() -> MutableMapping[str, Any]:
        nonlocal got
        message = await receive()
        got += len(message.get("body", b"")) if message["type"] == "http.request" else 0
        if got > MOST_BYTES:
            raise TooLong
        return message

    return limited


def _with_headers(send: Send) -> Send:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            there = {name.lower() for name, _ in message["headers"]}
            more = [(k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in there]
            message = {**message, "headers": [*message["headers"], *more]}
        await send(message)

    return sending


async def _refuse(
    scope: Scope,
    receive: Receive,
    send: Send,
    status: int,
    body: bytes,
    kind: str,
    more: list[tuple[bytes, bytes]] | None = None,
) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", kind.encode()), *(more or [])]
    await _with_headers(send)({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
