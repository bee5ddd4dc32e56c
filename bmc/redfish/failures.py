"""What HTTP and TLS report, as the stable codes of `bmc.errors`. Child processes only."""

from __future__ import annotations

import ssl

# DSP0266 table "HTTP status codes". What is not here and no success is a protocol error.
_STATUS: dict[int, str] = {
    400: "bmc_refused_command",
    401: "bmc_credentials_refused",
    403: "bmc_credentials_refused",
    404: "bmc_unsupported",
    405: "bmc_unsupported",
    409: "bmc_refused_command",
    412: "bmc_busy",  # somebody changed the resource since it was read
    422: "bmc_refused_command",
    429: "bmc_busy",
    500: "bmc_refused_command",
    501: "bmc_unsupported",
    503: "bmc_busy",
}


class Failure(Exception):
    """An action ends without a result; the argument is a code of `bmc.errors`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def status_failure(status: int) -> str | None:
    """The error code for an HTTP status; None for success."""
    return None if 200 <= status < 300 else _STATUS.get(status, "bmc_protocol_error")


def transport_failure(error: OSError) -> str:
    """The error code for a connection that could not be made or broke."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "bmc_certificate_unknown"
    if isinstance(error, ssl.SSLError):
        return "bmc_protocol_error"
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return "bmc_session_lost"
    return "bmc_unreachable"
