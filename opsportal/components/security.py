"""Signing in, the second factor and the password: the secrets stay in the browser's own components."""

from __future__ import annotations

import reflex as rx


class SignIn(rx.Component):
    """The password, then the second factor; goes to `?next=` afterwards."""

    library = "$/portal/signin"
    tag = "SignIn"


class TwoFactor(rx.Component):
    """Set-up with QR code and recovery codes, or what can be changed; children stand above the latter."""

    library = "$/portal/security"
    tag = "TwoFactor"

    enabled: rx.Var[bool]
    codes_left: rx.Var[int]


class ChangePassword(rx.Component):
    """The form that changes the password."""

    library = "$/portal/security"
    tag = "ChangePassword"


class MailAddress(rx.Component):
    """The form that says where mails go."""

    library = "$/portal/security"
    tag = "MailAddress"
