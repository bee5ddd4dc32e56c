"""The demo's companies and people, in three languages. Invented; any likeness is chance."""

from __future__ import annotations

from dataclasses import dataclass

from opsportal.models import Family, Role, ServiceStatus, SuspensionReason, Term


@dataclass(frozen=True)
class DemoPerson:
    email: str
    name: str
    role: Role
    locale: str
    time_zone: str
    has_second_factor: bool
    company: str = ""


@dataclass(frozen=True)
class DemoService:
    """A service other than a server. `days` until its period ends."""

    family: Family
    name: str
    plan: str
    price_minor: int
    days: int
    status: ServiceStatus = ServiceStatus.ACTIVE
    reason: SuspensionReason | None = None
    terminates_in: int | None = None
    term: Term = Term.MONTH
    ip: str | None = None
    raised_from: int | None = None
    """What it cost until an operator raised it, some weeks ago."""


@dataclass(frozen=True)
class DemoCompany:
    name: str
    country: str
    currency: str
    locale: str
    servers: tuple[str, ...]
    """Names of its servers: the lab's machines are given to the companies in this order."""
    services: tuple[DemoService, ...]


PASSWORD = "demo-Portal-2026"

PEOPLE = (
    DemoPerson("olena@acme.example", "Olena Kovalenko", Role.CLIENT, "en", "Europe/Prague", True, "Acme Studio"),
    DemoPerson("petr@acme.example", "Petr Novák", Role.CLIENT, "en", "Europe/Prague", False, "Acme Studio"),
    DemoPerson("iryna@kyivweb.example", "Ірина Шевчук", Role.CLIENT, "uk", "Europe/Kyiv", False, "Київ Веб"),
    DemoPerson(
        "lucia@pampa.example", "Lucía Fernández", Role.CLIENT, "es", "America/Argentina/Buenos_Aires", False,
        "Nube Pampa",
    ),
    DemoPerson("anna@northrack.example", "Anna Berg", Role.OPERATOR, "en", "Europe/Prague", True),
    DemoPerson("marek@northrack.example", "Marek Dvořák", Role.TECHNICIAN, "en", "Europe/Prague", True),
)  # fmt: skip

_S, _R = ServiceStatus, SuspensionReason

ACME = DemoCompany(
    "Acme Studio", "CZ", "EUR", "en",
    ("kyiv-db-01", "kyiv-web-02", "kyiv-web-03", "kyiv-cache-01", "prg-app-01", "prg-app-02", "prg-ci-01",
     "vie-backup-01", "vie-ci-03", "vie-db-02", "vie-db-03"),
    (
        DemoService(Family.STORAGE, "acme-archive", "Object storage 10 TB", 4900, 18),
        DemoService(Family.STORAGE, "acme-media", "Object storage 2 TB", 1400, 9),
        DemoService(Family.STORAGE, "acme-scratch", "Block storage 500 GB", 900, 3, terminates_in=3),
        DemoService(Family.HOSTING, "acme-studio.example", "Web hosting M", 1200, 25),
        DemoService(Family.HOSTING, "shop.acme-studio.example", "Web hosting L", 2400, 9),
        DemoService(Family.HOSTING, "old.acme-studio.example", "Web hosting S", 600, -16, _S.SUSPENDED, _R.PAYMENT),
        DemoService(Family.HOSTING, "beta.acme-studio.example", "Web hosting M", 1200, 30, _S.PENDING),
        DemoService(
            Family.VPN, "acme-office", "VPN 25 seats", 3500, 18, ip="185.12.40.254", raised_from=3000
        ),
        DemoService(Family.VPN, "acme-field", "VPN 5 seats", 900, 3, ip="185.12.40.253"),
        DemoService(Family.DOMAIN, "acme-studio.example", "Domain .example", 1400, 140, term=Term.YEAR),
        DemoService(Family.DOMAIN, "acme.example", "Domain .example", 1400, 201, term=Term.YEAR),
        DemoService(Family.DOMAIN, "acme-labs.example", "Domain .example", 1400, 33, term=Term.YEAR),
        DemoService(Family.DOMAIN, "acme-media.example", "Domain .example", 1400, 312, term=Term.YEAR),
        DemoService(Family.HOSTING, "intranet.acme.example", "Web hosting S", 600, -70, _S.TERMINATED),
        DemoService(Family.VPN, "acme-trial", "VPN 5 seats", 900, -40, _S.CANCELLED),
    ),
)  # fmt: skip
KYIV = DemoCompany(
    "Київ Веб", "UA", "UAH", "uk",
    ("kv-node-01", "kv-node-02", "kv-node-03", "kv-db-01"),
    (
        DemoService(Family.HOSTING, "kyivweb.example", "Web hosting L", 99000, 18),
        DemoService(Family.DOMAIN, "kyivweb.example", "Domain .example", 56000, 90, term=Term.YEAR),
        DemoService(Family.STORAGE, "резервні-копії", "Object storage 2 TB", 58000, 9),
    ),
)  # fmt: skip
PAMPA = DemoCompany(
    "Nube Pampa", "AR", "USD", "es",
    ("pampa-app-01", "pampa-db-01"),
    (
        DemoService(Family.HOSTING, "pampa.example", "Web hosting M", 1400, 18),
        DemoService(Family.VPN, "pampa-oficina", "VPN 5 seats", 1000, 3, _S.SUSPENDED, _R.POLICY, ip="91.203.5.250"),
        DemoService(Family.HOSTING, "legado.pampa.example", "Web hosting S", 700, -70),
        DemoService(Family.DOMAIN, "pampa.example", "Domain .example", 1600, 45, term=Term.YEAR),
    ),
)  # fmt: skip
COMPANIES = (ACME, KYIV, PAMPA)
SUSPENDED = {"vie-ci-03": _R.PAYMENT} | {
    service.name: service.reason for company in COMPANIES for service in company.services if service.reason
}
"""Services that are suspended by now, and why. The names of these occur once."""
RAISED = {
    service.name: service.price_minor
    for company in COMPANIES
    for service in company.services
    if service.raised_from
}
