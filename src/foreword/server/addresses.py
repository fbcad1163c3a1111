"""Parse clients' addresses, and find which addresses share a limit. Knows no settings."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def parsed(address: str) -> Address | None:
    """Parse an address; a mapped IPv4 address becomes that one, an invalid address None.

    >>> parsed("::ffff:192.0.2.7"), parsed("")
    (IPv4Address('192.0.2.7'), None)
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip


def source_of(address: str) -> str:
    """The key of an address's limits: a subscriber's network of 64 bits in IPv6.

    >>> source_of("192.0.2.7"), source_of("2001:db8::7"), source_of("::ffff:192.0.2.7")
    ('192.0.2.7', '2001:db8::', '192.0.2.7')
    """
    if ":" not in address:
        return address
    ip = parsed(address)
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Address(int(ip) >> 64 << 64))
    return address if ip is None else str(ip)
