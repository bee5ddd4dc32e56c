"""Security headers of every answer."""

from __future__ import annotations

from opsportal.settings import settings

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


SAVED = "default-src 'none'; sandbox; frame-ancestors 'none'"
"""For files that people have sent: whatever opens one gives it no rights."""


def security_headers(path: str) -> list[tuple[bytes, bytes]]:
    """What a browser must be told. Built files keep for ever, secrets (/auth/) are never stored."""
    keep = b"no-cache"
    if path.startswith("/assets/"):
        keep = b"public, max-age=31536000, immutable"
    elif path.startswith(("/auth/", "/attachments/")):
        keep = b"no-store"
    csp = SAVED if path.startswith("/attachments/") else CSP
    headers = [
        (b"content-security-policy", csp.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
        (b"cache-control", keep),
    ]
    if settings().is_https:
        headers.append((b"strict-transport-security", b"max-age=31536000; includeSubDomains"))
    return headers


REPLACED = frozenset(
    {
        b"content-security-policy",
        b"x-content-type-options",
        b"referrer-policy",
        b"cross-origin-opener-policy",
        b"cross-origin-resource-policy",
        b"permissions-policy",
        b"cache-control",
        b"strict-transport-security",
        b"server",
    }
)
"""What an application behind the gate says about these is dropped."""
