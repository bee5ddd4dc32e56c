"""Reverse records at the operator's name server: dynamic updates (RFC 2136) signed with TSIG (RFC 8945).

Nothing here opens a database. Everything may raise a DnsError, whose `code` is stable and whose `advice` says
what to do; `is_final` ones will not pass by themselves.
"""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.resolver
import dns.rrset
import dns.tsig
import dns.tsigkeyring
import dns.update

from opsportal.models.network import Ip
from opsportal.settings import Settings

UDP_S, TCP_S = 1.0, 2.0
"""How long one question may take. It is asked once by UDP and once by TCP."""
LOOK_UP_S = 2.0


class DnsError(Exception):
    """The name server did not do what was asked."""

    code: ClassVar[str] = "dns_error"
    advice: ClassVar[str] = "The name server did not do what was asked. Look at its log."
    is_final: ClassVar[bool] = False
    is_away: ClassVar[bool] = False
    """Nobody is there to ask: other records would fare the same."""

    def __init__(self) -> None:
        super().__init__(self.advice)


class DnsUnreachable(DnsError):
    code = "dns_unreachable"
    advice = "Nothing listens at DNS_SERVER. Start the name server, or correct the address and port."
    is_away = True


class DnsSilent(DnsError):
    code = "dns_silent"
    advice = (
        "The name server does not answer in time. Check that it runs and that no firewall drops UDP and TCP."
    )
    is_away = True


class DnsServerFailed(DnsError):
    code = "dns_server_failed"
    advice = (
        "The name server says that it failed (SERVFAIL). Its log says why, as with a journal that is full."
    )
    is_away = True


class DnsRefused(DnsError):
    code = "dns_refused"
    advice = "The name server refuses our updates. Allow our key to update this zone there."
    is_final = True


class DnsKeyRefused(DnsError):
    code = "dns_key_refused"
    advice = (
        "The name server does not accept our key. DNS_TSIG_NAME, _KEY and _ALGORITHM must be the same there."
    )
    is_final = True


class DnsClockWrong(DnsError):
    code = "dns_clock_wrong"
    advice = "Our clock and the name server's differ by more than five minutes. Let both follow NTP."


class DnsZoneMissing(DnsError):
    code = "dns_zone_missing"
    advice = "The name server is not the primary of this zone. Add the zone there, or correct DNS_ZONES."
    is_final = True


class DnsChanged(DnsError):
    code = "dns_changed"
    advice = "The record was changed by somebody else in the same moment. It is read again."


class DnsBadAnswer(DnsError):
    code = "dns_bad_answer"
    advice = "Something answered that is not our name server, or its answer is not signed. Check DNS_SERVER."


class DnsMisconfigured(DnsError):
    code = "dns_misconfigured"
    advice = "DNS_SERVER, DNS_TSIG_NAME or DNS_TSIG_KEY is missing or cannot be used. Correct the settings."
    is_final = True


@dataclass(frozen=True)
class NameServer:
    """The primary that takes our updates, and the key it knows us by."""

    host: str
    port: int
    key: dns.tsig.Key
    timeouts_s: tuple[float, float] = (UDP_S, TCP_S)


def configured(settings: Settings) -> NameServer:
    """The name server of the settings. Raises `DnsMisconfigured`."""
    try:
        host, port = _place(settings.dns_server)
        secret = settings.dns_tsig_key.get_secret_value()
        if not base64.b64decode(secret, validate=True):
            raise DnsMisconfigured
        ring = dns.tsigkeyring.from_text({settings.dns_tsig_name: secret})
    except (ValueError, dns.exception.DNSException):
        raise DnsMisconfigured from None
    name = next(iter(ring))
    return NameServer(host, port, dns.tsig.Key(name, ring[name], settings.dns_tsig_algorithm))


def _place(text: str) -> tuple[str, int]:
    """`192.0.2.53`, `192.0.2.53:5353` or `[2001:db8::53]:53`."""
    host, port = text, "53"
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":") or port
    elif text.count(":") == 1:
        host, port = text.split(":")
    return str(ipaddress.ip_address(host)), int(port)


def read_names(server: NameServer, ip: Ip) -> frozenset[str]:
    """The names that the name server gives an address now; empty for none."""
    owner = dns.name.from_text(ip.reverse_pointer)
    question = dns.message.make_query(owner, dns.rdatatype.PTR)
    question.flags &= ~dns.flags.RD
    answer = _asked(server, question)
    code = answer.rcode()
    if code == dns.rcode.NXDOMAIN:
        return frozenset()
    if code != dns.rcode.NOERROR:
        raise _refusal(code)
    if not answer.flags & dns.flags.AA:
        raise DnsZoneMissing
    found = answer.get_rrset(answer.answer, owner, dns.rdataclass.IN, dns.rdatatype.PTR)
    return frozenset(_plain(one.target) for one in found or ())


def write_name(
    server: NameServer, zone: str, ip: Ip, *, name: str, ttl: int, instead_of: frozenset[str]
) -> None:
    """Let an address have this name only, or none if it is empty, provided that it still has `instead_of`.

    The proviso (RFC 2136, 2.4) keeps a worker that was frozen from writing over what came later: `DnsChanged`.
    """
    owner = dns.name.from_text(ip.reverse_pointer)
    update = dns.update.UpdateMessage(zone + ".")
    if instead_of:
        former = [dns.name.from_text(one).to_text() for one in sorted(instead_of)]
        update.present(
            owner, dns.rrset.from_text_list(owner, 0, dns.rdataclass.IN, dns.rdatatype.PTR, former)
        )
    else:
        update.absent(owner, dns.rdatatype.PTR)
    update.delete(owner, dns.rdatatype.PTR)
    if name:
        update.add(owner, ttl, dns.rdatatype.PTR, f"{name}.")
    code = _asked(server, update).rcode()
    if code != dns.rcode.NOERROR:
        raise _refusal(code)


def _plain(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


def _refusal(code: dns.rcode.Rcode) -> DnsError:
    if code in (dns.rcode.NXRRSET, dns.rcode.YXRRSET, dns.rcode.YXDOMAIN, dns.rcode.NXDOMAIN):
        return DnsChanged()
    errors: dict[dns.rcode.Rcode, type[DnsError]] = {
        dns.rcode.SERVFAIL: DnsServerFailed,
        dns.rcode.REFUSED: DnsRefused,
        dns.rcode.NOTAUTH: DnsZoneMissing,
        dns.rcode.NOTZONE: DnsZoneMissing,
        dns.rcode.NOTIMP: DnsRefused,
    }
    return errors.get(code, DnsBadAnswer)()


def _asked(server: NameServer, message: dns.message.Message) -> dns.message.Message:
    """One question and its answer, signed both ways: by UDP, and by TCP when that says nothing or too much."""
    message.use_tsig(server.key)
    try:
        answer = _tried(lambda: _by_udp(server, message)) or _tried(lambda: _by_tcp(server, message))
    except dns.exception.FormError:
        raise _why_unusable(server, message) from None
    if answer is None:
        raise DnsSilent
    return answer


def _why_unusable(server: NameServer, message: dns.message.Message) -> DnsError:
    """What an answer without our key's signature means: mostly that the server does not know the zone.

    So the same zone is asked for once more, unsigned. What anybody could say decides only how the error is called.
    """
    subject = message.zone if isinstance(message, dns.update.UpdateMessage) else message.question
    question = dns.message.make_query(subject[0].name, dns.rdatatype.SOA)
    question.flags &= ~dns.flags.RD
    try:
        answer = dns.query.udp(question, server.host, port=server.port, timeout=server.timeouts_s[0])
    except (dns.exception.DNSException, OSError):
        return DnsBadAnswer()
    is_served = answer.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN) and answer.flags & dns.flags.AA
    return DnsBadAnswer() if is_served else DnsZoneMissing()


def _by_udp(server: NameServer, message: dns.message.Message) -> dns.message.Message | None:
    answer = dns.query.udp(
        message,
        server.host,
        port=server.port,
        timeout=server.timeouts_s[0],
        ignore_unexpected=True,  # what comes from elsewhere is noise, not our answer
    )
    return None if answer.flags & dns.flags.TC else answer


def _by_tcp(server: NameServer, message: dns.message.Message) -> dns.message.Message | None:
    try:
        return dns.query.tcp(message, server.host, port=server.port, timeout=server.timeouts_s[1])
    except (ConnectionError, OSError) as away:
        if isinstance(away, TimeoutError):
            raise dns.exception.Timeout from None
        raise DnsUnreachable from None
    except EOFError:
        raise DnsBadAnswer from None


def _tried(ask: Callable[[], dns.message.Message | None]) -> dns.message.Message | None:
    """None when nothing came in time."""
    try:
        return ask()
    except dns.exception.Timeout:
        return None
    except dns.tsig.PeerBadTime:
        raise DnsClockWrong from None
    except dns.tsig.PeerError:
        raise DnsKeyRefused from None
    except dns.exception.FormError:
        raise
    except (dns.tsig.BadSignature, dns.tsig.BadTime, dns.tsig.BadKey, dns.exception.DNSException):
        raise DnsBadAnswer from None
    except OSError:
        return None  # no way there by UDP; TCP says why


def look_up(
    name: str, *, version: int, resolver: str = "", limit_s: float = LOOK_UP_S
) -> frozenset[Ip] | None:
    """The addresses of one family that a name leads to; None when no resolver could say in time."""
    try:
        asking = dns.resolver.Resolver(configure=not resolver)
        if resolver:
            host, asking.port = _place(resolver)
            asking.nameservers = [host]
        asking.lifetime = limit_s
        kind = dns.rdatatype.A if version == 4 else dns.rdatatype.AAAA
        answer = asking.resolve(f"{name}.", kind, raise_on_no_answer=False, search=False)
    except dns.resolver.NXDOMAIN:
        return frozenset()
    except (ValueError, OSError, dns.exception.DNSException):
        return None
    return frozenset(ipaddress.ip_address(one.address) for one in answer.rrset or ())
