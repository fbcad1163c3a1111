"""What a server allows and demands. Knows no networks, models or files."""

import ipaddress
import re
from dataclasses import dataclass, fields
from functools import cached_property

from foreword.errors import SettingsError
from foreword.server.addresses import parsed

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
OPEN_RATE = 100.0
OPEN_CONNECTIONS = 256
_TOKEN = re.compile(r"[!-~]*")
LOGS = ("errors", "requests", "texts")


@dataclass(frozen=True)
class ServerSettings:
    """How to serve; every limit has a default that suits one machine's clients.

    Attributes:
        host: the address to bind; any but a loopback one needs a token.
        port: to bind; 0 takes a free one.
        token: that clients send as `Authorization: Bearer ...`; None: none is needed.
        state_keys: that sign states: the first signs, all are accepted. None given: one is
            drawn, and states end with the process.
        hosts: names that `Host` may have, beside the loopback's and the bound address.
        origins: of other sites' pages that may ask, such as `https://example.org`.
        log: what is logged: "errors", "requests" (method, path, status, time), or "texts" too.
        largest_body: bytes of a request's body.
        longest_text: characters of a text.
        most_texts: texts in a request.
        most_tokens: words that one completion may draw.
        rate: requests and keystrokes a second from one address; 0: any number; None: any number on
            a loopback address, else `OPEN_RATE`.
        connections: at once, WebSockets included.
        connections_per_address: of those, from one address (of IPv6: from one network of 64
            bits); 0: any number; None: any number for a loopback address, else `OPEN_CONNECTIONS`.
        proxies: addresses or networks that speak for many clients: neither `rate` nor
            `connections_per_address` binds them.
        waiting: requests that may wait to be computed; more are refused.
        deadline: seconds that a request may wait; then it is refused.
        head_seconds: until a request's head must be there, from when its client connects, or from
            its first byte on a connection that was kept open.
        idle_seconds: that a connection is kept open for another request.
        body_seconds: until a body must be there.
        send_seconds: until a client must have taken an answer.
        grace_seconds: that requests have to end when the server stops.
        typists: texts being typed that are remembered, so that a keystroke reads its new word
            alone; 0: none.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    token: str | None = None
    state_keys: tuple[bytes, ...] = ()
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    log: str = "errors"
    largest_body: int = 1 << 17
    longest_text: int = 16_384
    most_texts: int = 64
    most_tokens: int = 1024
    rate: float | None = None
    connections: int = 2_048
    connections_per_address: int | None = None
    proxies: tuple[str, ...] = ()
    waiting: int = 1_024
    deadline: float = 1.0
    head_seconds: float = 10.0
    idle_seconds: float = 30.0
    body_seconds: float = 10.0
    send_seconds: float = 10.0
    grace_seconds: float = 10.0
    typists: int = 512

    def __post_init__(self) -> None:
        """Refuses what contradicts itself or is unsafe.

        Raises:
            SettingsError: says which setting, and what to do.
        """
        if self.token is not None and not _TOKEN.fullmatch(self.token):
            raise SettingsError(
                "a token must be one line of printable ASCII characters without spaces: clients "
                "send it in a header"
            )
        if self.token is not None and len(self.token) < 16:
            raise SettingsError(
                "a token must have 16 characters at least. Draw one: "
                'python -c "import secrets; print(secrets.token_urlsafe())"'
            )
        if not self.is_loopback and self.token is None:
            raise SettingsError(
                f"to serve {self.host}, others than this machine, a token is needed: give "
                "--token-file FILE or set FOREWORD_TOKEN; or serve 127.0.0.1"
            )
        if any(len(key) < 16 for key in self.state_keys):
            raise SettingsError("a key for states must have 16 bytes at least")
        if self.log not in LOGS:
            raise SettingsError(f"log must be one of {', '.join(LOGS)}, not {self.log}")
        if any(not _is_origin(origin) for origin in self.origins):
            raise SettingsError(
                "an origin is a scheme and a host, such as https://example.org, without a path; "
                "* is none"
            )
        for proxy in self.proxies:
            try:
                ipaddress.ip_network(proxy)
            except ValueError as error:
                raise SettingsError(
                    f"{proxy} is no address of a proxy, such as 10.0.0.7, and no network, such as "
                    f"10.0.0.0/24: {error}"
                ) from error
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, int | float) and not isinstance(value, bool) and value < 0:
                raise SettingsError(f"{field.name} must be 0 or more, not {value}")

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def is_proxy(self, address: str) -> bool:
        """Whether an address speaks for many clients; that of a Unix socket is empty, and does."""
        ip_address = parsed(address)
        return not address or any(ip_address in network for network in self._networks if ip_address)

    def allowed_connections(self, address: str) -> int:
        """How many connections an address may have; 0: any number."""
        if self.is_proxy(address):
            return 0
        if self.connections_per_address is not None:
            return self.connections_per_address
        ip_address = parsed(address)
        return 0 if ip_address is not None and ip_address.is_loopback else OPEN_CONNECTIONS

    @cached_property
    def _networks(self) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
        return [ipaddress.ip_network(proxy) for proxy in self.proxies]

    @property
    def allowed_rate(self) -> float:
        """Requests a second from one address; 0: any number."""
        if self.rate is not None:
            return self.rate
        return 0.0 if self.is_loopback else OPEN_RATE

    @property
    def served_hosts(self) -> frozenset[str]:
        """Names that `Host` may have, without ports, in small letters."""
        own = f"[{self.host}]" if ":" in self.host else self.host
        return LOOPBACK_NAMES | {own.lower()} | {name.lower() for name in self.hosts}


def _is_origin(text: str) -> bool:
    scheme, separator, host = text.partition("://")
    return bool(separator) and scheme in ("http", "https") and bool(host) and "/" not in host
