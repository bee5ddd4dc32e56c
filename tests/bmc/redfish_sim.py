"""Redfish services to test against: OpenStack's `sushy-emulator`, which nobody here wrote, over TLS.

    def test_something(start_redfish: StartRedfish) -> None:
        bmc = start_redfish()
        ...

The same switches as `tests.bmc.ipmi_sim`, because the machine behind it consists of the same files.
One takes about a second to start, so those of a test process are used again: each test gets a fresh machine.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import hashlib
import ipaddress
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import bcrypt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import bmc
from tests.bmc.ipmi_sim import SimulatedBmc
from tests.ports import free_port

StartRedfish = Callable[[], SimulatedBmc]

HOST = "127.0.0.1"
_MACHINE = Path(__file__).with_name("sushy_machine.py")
_START_S = 120.0
_FAULTS = ("ignores", "refuses", "slow_answer", "slow_machine")
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Certificate:
    """A self-signed certificate, its key and its fingerprint."""

    certificate: Path
    key: Path

    @property
    def fingerprint(self) -> str:
        der = ssl.PEM_cert_to_DER_cert(self.certificate.read_text())
        return hashlib.sha256(der).hexdigest()


def make_certificate(directory: Path, *, host: str = HOST, name: str = "bmc") -> Certificate:
    """A certificate for `host` that has signed itself, as BMCs bring one from the factory."""
    directory.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "BMC")])
    now = dt.datetime.now(dt.UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(alternative, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    made = Certificate(directory / f"{name}.pem", directory / f"{name}.key")
    made.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return made


def start_emulator(directory: Path, program: list[str] | None = None) -> SimulatedBmc:
    """Start one in `directory`, not yet waited for; `program` instead of the one with the machine of files."""
    certificate = make_certificate(directory)
    endpoint = bmc.Endpoint(
        HOST,
        free_port(),
        username="admin",
        password="s3cret",
        driver="redfish",
        fingerprint=certificate.fingerprint,
    )
    hashed = bcrypt.hashpw(endpoint.password.encode(), bcrypt.gensalt(rounds=4)).decode()
    (directory / "users").write_text(f"{endpoint.username}:{hashed}\n")
    (directory / "config").write_text(
        f"SUSHY_EMULATOR_LISTEN_IP = {HOST!r}\n"
        f"SUSHY_EMULATOR_LISTEN_PORT = {endpoint.port}\n"
        f"SUSHY_EMULATOR_SSL_CERT = {str(certificate.certificate)!r}\n"
        f"SUSHY_EMULATOR_SSL_KEY = {str(certificate.key)!r}\n"
        f"SUSHY_EMULATOR_AUTH_FILE = {str(directory / 'users')!r}\n"
        f"SUSHY_EMULATOR_STATE_DIR = {str(directory)!r}\n"
    )
    give_a_fresh_machine(directory)
    program = program or [str(_MACHINE), str(directory)]
    with (directory / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *program, "--fake", "--config", str(directory / "config")],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=lambda: _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL),
        )
    return SimulatedBmc(endpoint, directory, process)


def give_a_fresh_machine(directory: Path) -> None:
    """A healthy machine that is on and has never got a command."""
    (directory / "power").write_text("1\n")
    (directory / "commands").write_text("")
    for fault in _FAULTS:
        (directory / fault).unlink(missing_ok=True)
    (directory / "boot").write_text("None\n")


def wait_until_it_answers(simulated: SimulatedBmc) -> None:
    """Return when it accepts connections."""
    end = time.monotonic() + _START_S
    address = simulated.endpoint.host, simulated.endpoint.port
    while time.monotonic() < end and simulated.process.poll() is None:
        with suppress(OSError), socket.create_connection(address, timeout=1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"sushy-emulator did not start: {(simulated.directory / 'output').read_text()}")


@pytest.fixture(scope="session")
def _redfish_pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[SimulatedBmc]]:
    pool: list[SimulatedBmc] = []
    yield pool
    for simulated in pool:
        simulated.stop()


@pytest.fixture
def start_redfish(
    _redfish_pool: list[SimulatedBmc], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StartRedfish]:
    """Lends services with fresh machines, each to one test at a time."""
    lent: list[SimulatedBmc] = []

    def start() -> SimulatedBmc:
        simulated = (
            _redfish_pool.pop() if _redfish_pool else start_emulator(tmp_path_factory.mktemp("redfish"))
        )
        lent.append(simulated)
        wait_until_it_answers(simulated)
        return simulated

    yield start
    for simulated in lent:
        simulated.wake_up()
        if simulated.process.poll() is not None or (simulated.directory / "slow_machine").exists():
            simulated.stop()  # a machine that may still follow an old command is nobody's next one
        else:
            give_a_fresh_machine(simulated.directory)
            _redfish_pool.append(simulated)
