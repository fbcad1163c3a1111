"""Addresses of clients: what they are, and whose limit they count for. Knows no settings."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def parsed(address: str) -> Address | None:
    """The address itself; of one that stands for an IPv4 address, that. None: it is none.

    >>> parsed("::ffff:192.0.2.7"), parsed("")
    (IPv4Address('192.0.2.7'), None)
    """
    try:
        ip_address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return getattr(ip_address, "ipv4_mapped", None) or ip_address


def source_of(address: str) -> str:
    """Whose limit an address counts for: of IPv6, a subscriber's network of 64 bits.

    >>> source_of("192.0.2.7"), source_of("2001:db8::7"), source_of("::ffff:192.0.2.7")
    ('192.0.2.7', '2001:db8::', '192.0.2.7')
    """
    if ":" not in address:
        return address
    ip_address = parsed(address)
    if isinstance(ip_address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Address(int(ip_address) >> 64 << 64))
    return address if ip_address is None else str(ip_address)
