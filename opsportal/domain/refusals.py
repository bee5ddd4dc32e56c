"""Business refusals: what was asked cannot be done, and what to do instead.

A refusal is not a fault: nothing was changed. `code` is stable for scripts and tests, `msgid` is
an English sentence that is also the key of its translations, `params` fill its placeholders.
"""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):
    """Base of everything that the portal declines to do."""

    code: ClassVar[str] = "refused"
    msgid: ClassVar[str] = "This cannot be done. Nothing was changed."

    def __init__(self, **params: str | int) -> None:
        super().__init__(self.code)
        self.params = params


class NotFound(Refusal):
    """The object does not exist, or is not this actor's: the two look the same on purpose."""

    code = "not_found"
    msgid = "There is nothing here under this address. Check the link, or go back to your services."


class Forbidden(Refusal):
    code = "forbidden"
    msgid = "Your role does not allow this. Nothing was changed. Ask an operator if you need it."


class SignInRequired(Refusal):
    code = "sign_in_required"
    msgid = "Your session has ended. Sign in again; nothing was lost."


class BadRequest(Refusal):
    code = "bad_request"
    msgid = "The portal did not understand this request. Nothing was changed. Reload the page and try again."


class TooManyAttempts(Refusal):
    code = "too_many_attempts"
    msgid = "Too many attempts. Nothing was changed. Wait {seconds} seconds and try again."


class WrongCredentials(Refusal):
    code = "wrong_credentials"
    msgid = "E-mail or password is wrong. Check both and try again."


class WrongCode(Refusal):
    code = "wrong_code"
    msgid = "This code is wrong or was used already. Wait for the next one and enter it."


class WrongPassword(Refusal):
    code = "wrong_password"
    msgid = "The current password is wrong. Nothing was changed. Enter it again."


class WeakPassword(Refusal):
    code = "weak_password"
    msgid = "The new password is too short. Nothing was changed. Use at least 12 characters."


class MailAddressUnusable(Refusal):
    code = "mail_address_unusable"
    msgid = "No mail can be sent to this address. Nothing was changed. Enter one like name@company.example."


class SamePassword(Refusal):
    code = "same_password"
    msgid = "The new password is the old one. Nothing was changed. Choose another."


class SecondFactorAlreadyOn(Refusal):
    code = "second_factor_already_on"
    msgid = "Two-factor authentication is on already. Nothing was changed."


class SecondFactorNotStarted(Refusal):
    code = "second_factor_not_started"
    msgid = "The set-up of two-factor authentication has expired. Nothing was changed. Start it again."


class ServerBusy(Refusal):
    code = "server_busy"
    msgid = (
        "{server} is locked by job #{job} at step {step} of {steps}, started by {actor}. Nothing was changed. "
        "Wait until it ends, then try again."
    )


class ServiceNotActive(Refusal):
    code = "service_not_active"
    msgid = "This service is not active, so its server cannot be switched. Nothing was changed. Open the service to see why."


class ServerWithoutBmc(Refusal):
    code = "server_without_bmc"
    msgid = "This server has no management controller on record. Nothing was changed. Please open a ticket."


class JobNotCancellable(Refusal):
    code = "job_not_cancellable"
    msgid = "This job has already started and cannot be cancelled. It will end by itself; watch its steps."


class JobNotRetryable(Refusal):
    code = "job_not_retryable"
    msgid = "This job cannot be repeated in its present state. Nothing was changed."
