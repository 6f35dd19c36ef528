"""Decide which IP addresses a webhook may be sent to, against SSRF."""

import ipaddress
import socket

from waveflow.errors import WebhookRejectedError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # the last 32 bits are an IPv4 address
# Networks of the IANA registries that some Python versions call public.
_SPECIAL = tuple(
    ipaddress.ip_network(cidr)
    for cidr in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # relays of 6to4
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
)


def resolve(host: str, port: int, *, allowed: tuple[Network, ...]) -> list[str]:
    """Return a webhook host's IP addresses, if every one may be connected to.

    Raises `WebhookRejectedError` for a private, loopback, link-local or otherwise
    special address outside `allowed`, whatever way it is written or wrapped.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not may_connect(address, allowed=allowed):
            raise WebhookRejectedError("The webhook's host has an address inside.")
    return addresses


def may_connect(address: str, *, allowed: tuple[Network, ...]) -> bool:
    """Tell whether an IP address is public, or in one of the allowed networks."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if any(ip in network for network in allowed):
        return True
    if ip in _NAT64:
        ip = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return _is_public(ip)


def _is_public(ip: Address) -> bool:
    # `is_global` knows neither site-local nor IPv4-compatible addresses.
    site_local = isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local
    special = ip.is_multicast or ip.is_reserved or site_local
    special = special or any(ip in network for network in _SPECIAL)
    return ip.is_global and not special
