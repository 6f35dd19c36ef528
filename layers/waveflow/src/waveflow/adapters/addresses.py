"""Decide which addresses a webhook may go to."""

import ipaddress
import socket
from collections.abc import Iterator

from waveflow.errors import WebhookRejectedError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # carries an IPv4 address in 32 bits


def resolve(host: str, port: int, *, allowed: tuple[Network, ...]) -> list[str]:
    """Return the host's addresses, if every one of them may be connected to.

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
    """Tell whether an address is public, or in one of the allowed networks."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if any(ip in network for network in allowed):
        return True
    return all(_is_public(each) for each in _layers(ip))


def _is_public(ip: Address) -> bool:
    # `is_global` knows neither site-local nor IPv4-compatible addresses.
    reserved = ip.is_reserved and ip not in _NAT64
    site_local = isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local
    return ip.is_global and not (ip.is_multicast or reserved or site_local)


def _layers(ip: Address) -> Iterator[Address]:
    """Yield the address and every IPv4 address that it carries inside."""
    yield ip
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            yield ip.ipv4_mapped
        if ip.sixtofour:
            yield ip.sixtofour
        if ip.teredo:
            yield from ip.teredo
        if ip in _NAT64:
            yield ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
