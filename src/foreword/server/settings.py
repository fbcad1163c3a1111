"""The settings of a server. Knows no networks, models or files."""

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
    """The settings of a server; the default limits suit the clients of one machine.

    Attributes:
        host: the address to bind; an address that is not a loopback one needs a token.
        port: the port to bind; 0 for any free one.
        token: clients must send it as `Authorization: Bearer ...`; None if none is needed.
        state_keys: the keys of signed states: the first one signs, all are accepted. Without any,
            one is drawn, and states are valid until the process ends.
        hosts: values of `Host` to accept, besides loopback names and the bound address.
        origins: other sites whose pages may send requests, such as `https://example.org`.
        log: "errors", "requests" (also method, path, status, time), or "texts" (also texts).
        largest_body: the largest body of a request, in bytes.
        longest_text: the longest text, in characters.
        most_texts: the largest number of texts in a request.
        most_tokens: the largest number of words of a completion.
        rate: requests and keystrokes per second of an address; 0 for no limit; None for no limit on
            a loopback address, otherwise `OPEN_RATE`.
        connections: simultaneous connections, including WebSockets.
        connections_per_address: the same of one address (in IPv6, of one network of 64 bits); 0 for
            no limit; None for no limit on a loopback address, otherwise `OPEN_CONNECTIONS`.
        proxies: addresses or networks of proxies, which `rate` and `connections_per_address` do not
            limit.
        waiting: the number of requests that may wait to be computed; more are refused.
        deadline: seconds after which a waiting request is refused.
        head_seconds: seconds until the head of a request must be complete, from the connection, or
            from its first byte on a connection that was kept open.
        idle_seconds: seconds that a connection is kept open for another request.
        body_seconds: seconds until a body must be complete.
        send_seconds: seconds until a client must have read an answer.
        grace_seconds: seconds for requests to end when the server stops.
        typists: the number of remembered texts, so that a keystroke reads only its new word; 0 for
            none.
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
        """Refuse contradictory or unsafe settings.

        Raises:
            SettingsError: names the setting, and what to do.
        """
        if self.token is not None and not _TOKEN.fullmatch(self.token):
            raise SettingsError(
                "a token must be one line of printable ASCII characters without spaces: clients "
                "send it in a header"
            )
        if self.token is not None and len(self.token) < 16:
            raise SettingsError(
                "a token must have at least 16 characters. Draw one: "
                'python -c "import secrets; print(secrets.token_urlsafe())"'
            )
        if not self.is_loopback and self.token is None:
            raise SettingsError(
                f"to serve {self.host}, which other machines can reach, a token is needed: give "
                "--token-file FILE or set FOREWORD_TOKEN; or serve 127.0.0.1"
            )
        if any(len(key) < 16 for key in self.state_keys):
            raise SettingsError("a key for states must have at least 16 bytes")
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
        """Whether only clients on this machine can connect."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def is_proxy(self, address: str) -> bool:
        """Whether an address is a proxy's; so is the empty one of a Unix socket."""
        ip = parsed(address)
        return not address or any(ip in network for network in self._networks if ip)

    def allowed_connections(self, address: str) -> int:
        """The limit of connections of an address; 0 for none."""
        if self.is_proxy(address):
            return 0
        if self.connections_per_address is not None:
            return self.connections_per_address
        ip = parsed(address)
        return 0 if ip is not None and ip.is_loopback else OPEN_CONNECTIONS

    @cached_property
    def _networks(self) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
        return [ipaddress.ip_network(proxy) for proxy in self.proxies]

    @property
    def allowed_rate(self) -> float:
        """The limit of requests per second of an address; 0 for none."""
        if self.rate is not None:
            return self.rate
        return 0.0 if self.is_loopback else OPEN_RATE

    @property
    def served_hosts(self) -> frozenset[str]:
        """The accepted values of `Host`, in lower case, without ports."""
        own = f"[{self.host}]" if ":" in self.host else self.host
        return LOOPBACK_NAMES | {own.lower()} | {name.lower() for name in self.hosts}


def _is_origin(text: str) -> bool:
    scheme, separator, host = text.partition("://")
    return bool(separator) and scheme in ("http", "https") and bool(host) and "/" not in host
