"""The one place that reads the environment."""

from __future__ import annotations

import functools
import ipaddress
import re
from email.utils import getaddresses, parseaddr
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Settings(BaseSettings):
    """What an operator configures. Every field is an environment variable of the same name."""

    model_config = SettingsConfigDict(env_file=None, extra="ignore", frozen=True)

    database_url: SecretStr = SecretStr("postgresql://localhost/opsportal")
    redis_url: SecretStr = SecretStr("redis://localhost:6379")
    secret_key: SecretStr = SecretStr("")
    """32 random bytes, base64url: encrypts BMC credentials and second factors at rest."""
    public_url: str = "http://127.0.0.1:8000"
    """Where browsers reach the portal: the only origin that may open a socket or post a form."""
    brand: str = "Northrack"
    data: Path = Path(".data")
    bmc_networks: Annotated[tuple[Network, ...], NoDecode] = ()
    """CIDRs that workers may dial. Empty: none, so a typing error cannot send credentials elsewhere."""
    bmc_ca: str = ""
    """A PEM file of the CA that signs the certificates of Redfish BMCs, where none is pinned. Empty: the system's."""
    switch_networks: Annotated[tuple[Network, ...], NoDecode] = ()
    """CIDRs in which switches are polled. Empty: none, as with `bmc_networks`."""
    poll_every_s: int = Field(default=300, ge=10, le=300)
    """How often switches are asked. Billing counts five-minute slots however short this is."""
    switch_timeout_s: float = Field(default=2, gt=0, le=10)
    """How long one request to a switch may take. It is asked three times."""
    trusted_proxy_hops: int = Field(default=0, ge=0, le=4)
    log_format: str = Field(default="json", pattern="^(json|console)$")
    session_hours: int = Field(default=12, ge=1, le=720)
    database_pool: int = Field(default=8, ge=1, le=100)
    smtp_url: SecretStr = SecretStr("")
    """The mail server: `smtp://user:password@host:587` (STARTTLS) or `smtps://…:465`. Empty: mails are kept unsent."""
    mail_from: str = "Northrack <portal@localhost>"
    """Who mails come from, and what the right side of their Message-IDs is."""
    desk_mail: str = ""
    """Where clients' messages are mailed while nobody has the ticket. Empty: nowhere, the desk's page shows them."""
    console_gateway: str = Field(default="", pattern=r"^(|unix:/.+|tcp:[^:/]+:\d+)$")
    """Where the console gateway listens, for it and for web processes: `unix:/path`, or `tcp:host:port` on a
    private network. What goes through is sealed with a key derived from `SECRET_KEY`. Empty: no consoles."""
    console_idle_s: float = Field(default=900, gt=0)
    """After so long without a key or a click a console closes; it warns before."""
    console_limit_s: float = Field(default=4 * 3600, gt=0)
    """The longest that one console stays open, and a temporary user of a BMC exists."""
    bmc_page: str = Field(default="", pattern=r"^(|https?://[^\s\"'<>]+)$")
    """Where people reach a BMC's own page: `https://{host}/`, or a relay's address with `{server}`. With it, whoever
    may open a server's consoles gets a temporary user of its BMC where there is no screen. Empty: nobody does."""
    power_patience_s: float = Field(default=90, gt=0)
    """How long a power click stays meant. After that it must not happen any more."""
    power_deadline_s: float = Field(default=45, gt=0)
    """How long one power goal may take, from the first question to the read-back."""
    shutdown_grace_s: float = Field(default=60, gt=0, le=70)
    """For how long an operating system may take to shut down before its power is taken away."""
    lease_s: float = Field(default=20, gt=0)
    """How long a worker that says nothing keeps its server. Longer than any one exchange with a BMC (6 s,
    or all of `power_deadline_s` if that is less)."""

    boot_url: str = ""
    """Where machines reach the portal by HTTP while they boot, e.g. `http://10.20.0.1:8000`. Empty: no network boot."""
    boot_networks: Annotated[tuple[Network, ...], NoDecode] = ()
    """CIDRs from which any machine may ask for any installation. Empty: only from a server's own address."""
    boot_network_key: SecretStr = SecretStr("")
    """With it the boot network's DHCP server signs what it tells: 32 letters or more. Empty: it is not listened to."""
    boot_files: Path = Path(".data/boot")
    """Kernels, initrds and images that systems name by a relative path."""
    burn_in_minutes: int = Field(default=60, ge=1, le=2_880)
    """For how long a machine runs under load in its burn-in."""
    boot_time_scale: float = Field(default=1, gt=0, le=10)
    """Stretches (or shortens) after how long a milestone of an installation is late, and is given up."""

    stripe_secret_key: SecretStr = SecretStr("")
    """Empty: no card payments, and the pages say so."""
    stripe_publishable_key: str = ""
    stripe_webhook_secret: SecretStr = SecretStr("")
    """Empty: every webhook is refused; payments are then learned of by asking."""
    stripe_api_url: str = ""
    """Empty: Stripe's own."""
    stripe_js_url: str = "https://js.stripe.com/v3/"

    tax_at: str = Field(default="topup", pattern="^(topup|invoice)$")
    """When tax is taken: as funds are added (invoices paid from them carry none), or on the invoice."""
    seller_name: str = "Northrack s.r.o."
    seller_address: str = "Sokolovská 1, 186 00 Praha 8"
    seller_country: str = Field(default="CZ", pattern="^[A-Z]{2}$")
    seller_tax_id: str = "CZ12345678"
    seller_email: str = "billing@northrack.example"
    billing_time_zone: ZoneInfo = ZoneInfo("Europe/Prague")
    """Whose midnight begins a billing day."""
    invoice_days_ahead: int = Field(default=14, ge=0, le=60)
    """How many days before a period ends its renewal is invoiced."""

    dns_server: str = ""
    """Address and port of the name server that takes updates of reverse zones, as `192.0.2.53:53`. Empty: none."""
    dns_tsig_name: str = "opsportal"
    dns_tsig_key: SecretStr = SecretStr("")
    """The key's secret in base64 (RFC 8945). Without one nothing is sent: an unsigned update is anybody's."""
    dns_tsig_algorithm: str = Field(default="hmac-sha256", pattern="^hmac-sha(224|256|384|512)$")
    dns_zones: Annotated[tuple[str, ...], NoDecode] = ()
    """Reverse zones that we may write, separated by commas: `2.0.192.in-addr.arpa`."""
    dns_ttl: int = Field(default=3_600, ge=30, le=604_800)
    """Seconds that others may remember a reverse record."""
    dns_resolver: str = ""
    """Address and port of the resolver that names are looked up with. Empty: the machine's own."""

    @field_validator("dns_zones", mode="before")
    @classmethod
    def _split_zones(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        zones = tuple(part.strip().lower().rstrip(".") for part in value.split(",") if part.strip())
        if wrong := [zone for zone in zones if not zone.endswith((".in-addr.arpa", ".ip6.arpa"))]:
            raise ValueError(f"no reverse zone: {wrong[0]}")
        return zones

    @field_validator("billing_time_zone", mode="before")
    @classmethod
    def _zone(cls, value: object) -> object:
        return ZoneInfo(value) if isinstance(value, str) else value

    @field_validator("bmc_networks", "switch_networks", "boot_networks", mode="before")
    @classmethod
    def _split_networks(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(ipaddress.ip_network(part.strip()) for part in value.split(",") if part.strip())
        return value

    @field_validator("mail_from", "desk_mail")
    @classmethod
    def _mailbox(cls, value: str) -> str:
        # Found at the start: a ticket that mails nobody's address could not be opened.
        is_one = value.isprintable() and len(getaddresses([value])) == 1
        if value and not (is_one and re.fullmatch(r"[^\s<>,;@]+@[^\s<>,;@]+", parseaddr(value)[1])):
            raise ValueError("must be one mail address, as in desk@example.com")
        return value

    @field_validator("desk_mail")
    @classmethod
    def _bare(cls, value: str) -> str:
        return parseaddr(value)[1]

    @field_validator("boot_network_key")
    @classmethod
    def _long_key(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not re.fullmatch(
            r"[\w.+/=-]{32,200}", value.get_secret_value(), re.ASCII
        ):
            raise ValueError("must be 32 letters and digits at least, as `openssl rand -hex 32` makes them")
        return value

    @field_validator("boot_url")
    @classmethod
    def _boot_url(cls, value: str) -> str:
        # It stands in boot scripts and on kernel command lines, where a space would end it.
        if value and not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+/?", value):
            raise ValueError("must be like http://10.20.0.1:8000")
        return value.rstrip("/")

    @field_validator("public_url")
    @classmethod
    def _origin(cls, value: str) -> str:
        # Compared with the browser's Origin header, which never ends in a slash (RFC 6454, 6.1).
        return value.rstrip("/")

    @property
    def sqlalchemy_url(self) -> str:
        """The database address with the driver named, as SQLAlchemy wants it."""
        plain = self.database_url.get_secret_value()
        return plain.replace("postgresql://", "postgresql+psycopg://", 1)

    def redis_database(self, number: int) -> str:
        """Address of one Redis database: 1 RQ, 2 rate limits."""
        base = self.redis_url.get_secret_value()
        if base.startswith("unix:"):
            return f"{base}{'&' if '?' in base else '?'}db={number}"
        return f"{base.rstrip('/')}/{number}"

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")


@functools.cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
