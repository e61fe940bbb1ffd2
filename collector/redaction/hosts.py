"""Destinations: whole where the policy lists them, else no more than whose domain or network it is.

The public-suffix list comes with its package and is never fetched.
"""

import re
from collections.abc import Iterator
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from publicsuffixlist import PublicSuffixList

from collector.contract.policy import Policy

_IPV4_PREFIX, _IPV6_PREFIX = 24, 48
# Reserved by RFC 2606, so on no list.
_RESERVED = ("example", "test", "invalid")
_LOOPBACK = "localhost"
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_\-]{0,61}[a-z0-9_])?")
_HOST_CHARACTERS = 253


class Hosts:
    """What may be kept of a host's name, under one policy."""

    def __init__(self, policy: Policy) -> None:
        listed = set(_listed(policy))
        self._exact = {host for host in listed if "*" not in host}
        # The one that says most of a name stands for it.
        wild = sorted(listed - self._exact, key=lambda host: (-len(host.replace("*", "")), host))
        self._patterns = {host: _pattern(host) for host in wild}

    def kept(self, host: str) -> str | None:
        """`host` as it may be stored, in lower case; None where nothing of it may.

        One that is listed whole is kept, one that a pattern lists becomes the pattern, any other
        its registrable domain, or the network of its address.
        """
        name = host.strip().lower().removesuffix(".")
        if len(name) > _HOST_CHARACTERS:
            return None
        if name in self._patterns or _is_network(name):
            # As another collector kept it.
            return name
        below, name = name.startswith("*."), name.removeprefix("*.")
        if not below and (listed := self._listed_as(name)):
            return listed
        if address := _address(name):
            return _network(address)
        if name == _LOOPBACK or name.endswith("." + _LOOPBACK):
            return _LOOPBACK
        if not all(_LABEL.fullmatch(label) for label in name.split(".")):
            return None
        domain = _registrable(name)
        # A host below a listed domain is not that domain.
        if domain is not None and (below or domain != name) and self._listed_as(domain):
            return f"*.{domain}"
        return domain

    def vouches(self, kept: str) -> bool:
        """Whether what was `kept` of a host is the policy's own word, or no more than a network."""
        return kept in self._exact or kept in self._patterns or _is_network(kept)

    def _listed_as(self, name: str) -> str | None:
        if name in self._exact:
            return name
        return next((host for host, p in self._patterns.items() if p.fullmatch(name)), None)


def _listed(policy: Policy) -> Iterator[str]:
    yield from (host.match for host in policy.hosts)
    for feature in policy.features.values():
        for rule in feature.rules():
            yield from (flow.host for flow in rule.egress)


def _pattern(host: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in host.split("*")))


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def _is_network(name: str) -> bool:
    address, slash, _ = name.partition("/")
    found = _address(address) if slash else None
    return found is not None and _network(found) == name


def _network(address: IPv4Address | IPv6Address) -> str:
    if address.is_loopback:
        return _LOOPBACK
    if isinstance(address, IPv4Address):
        return str(IPv4Network((int(address), _IPV4_PREFIX), strict=False))
    return str(IPv6Network((int(address), _IPV6_PREFIX), strict=False))


def _registrable(name: str) -> str | None:
    """The registrable domain of `name`; what a hoster's customer calls his part is left out."""
    labels = name.split(".")
    if labels[-1] in _RESERVED:
        return ".".join(labels[-2:]) if len(labels) > 1 else None
    return _suffixes().privatesuffix(name)


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False, only_icann=True)
