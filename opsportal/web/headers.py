"""Security headers of every answer."""

from __future__ import annotations

import functools

from opsportal.integrations.stripe_gateway import gateway_origins
from opsportal.settings import settings

_REST = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# Where Stripe's own script lets a card's bank ask its holder. https://docs.stripe.com/security/guide
_STRIPE_FRAMES = {"https://js.stripe.com": ("https://hooks.stripe.com",)}


@functools.lru_cache(maxsize=8)
def page_policy(script: str, api: str) -> str:
    """The policy for pages: only what is ours, and the gateway's origins where there is a gateway.

    A card's number is typed into the gateway's own frame, which is why its origin may have frames.
    """
    if not script:
        return f"script-src 'self'; connect-src 'self'; {_REST}"
    frames = " ".join((script, *_STRIPE_FRAMES.get(script, ())))
    connects = " ".join(dict.fromkeys(("'self'", api)))
    return f"script-src 'self' {script}; connect-src {connects}; frame-src {frames}; {_REST}"


_NEVER_STORED = ("/auth/", "/attachments/", "/documents/", "/payments/", "/jobs/")
SAVED = "default-src 'none'; sandbox; frame-ancestors 'none'"
"""For files that are saved, people's and ours: whatever opens one gives it no rights."""


def security_headers(path: str) -> list[tuple[bytes, bytes]]:
    """What a browser must be told. Built files keep for ever, what is one person's is never stored."""
    keep = b"no-cache"
    if path.startswith("/assets/"):
        keep = b"public, max-age=31536000, immutable"
    elif path.startswith(_NEVER_STORED) or path.endswith("/console"):
        keep = b"no-store"
    csp = SAVED if path.startswith(("/attachments/", "/documents/")) else page_policy(*gateway_origins())
    headers = [
        (b"content-security-policy", csp.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"permissions-policy", b"camera=(self), geolocation=(), microphone=()"),
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
