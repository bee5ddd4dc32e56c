"""The BMC of one server: OpenIPMI's `ipmi_sim`, which nobody here wrote."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

from lab.bmcs.identities import Identity
from lab.qemu import children

CHASSIS = Path(__file__).with_name("chassis.sh")

_LAN = """\
name "{name}"
set_working_mc 0x20
  startlan 1
    addr {host} {port}
    priv_limit admin
    allowed_auths_callback md5
    allowed_auths_user md5
    allowed_auths_operator md5
    allowed_auths_admin md5
    guid {guid}
  endlan
  chassis_control "{chassis} {directory}"
  sol "tcp:127.0.0.1:{sol_port}" 115200
  user 2 true "{username}" "{password}" admin 10 md5
"""
_EMULATION = """\
mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
"""
# Get Channel Authentication Capabilities outside of a session (IPMI 2.0, 13.6 and 22.13).
_ANYBODY_THERE = bytes.fromhex("0600ff07000000000000000000092018c88100388e04b5")
_ANSWER_S = 30.0


class SimulatedBmc:
    """Answers IPMI for `identity`; what it is told about the chassis arrives as lines in `directory`/orders."""

    def __init__(self, identity: Identity, directory: Path, *, program: str) -> None:
        self._identity = identity
        self._directory = directory
        self._program = program
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, *, sol_port: int) -> None:
        """Start it; it answers when this returns."""
        self._write_files(sol_port)
        self._process = await children.start(
            [self._program, "-c", "lan.conf", "-f", "bmc.emu", "-s", "state", "-n"],
            directory=self._directory,
            log=self._directory / "ipmi_sim.log",
        )
        await asyncio.wait_for(self._wait_until_it_answers(), _ANSWER_S)

    async def stop(self) -> None:
        """Pull its plug."""
        if self._process is not None:
            await children.kill(self._process)
            self._process = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def _write_files(self, sol_port: int) -> None:
        known = self._identity
        lan = _LAN.format(
            name=known.name,
            host=known.host,
            port=known.port,
            guid=known.uuid.replace("-", ""),
            chassis=CHASSIS,
            directory=self._directory,
            sol_port=sol_port,
            username=known.username,
            password=known.password,
        )
        (self._directory / "state").mkdir(exist_ok=True)
        (self._directory / "lan.conf").write_text(lan)
        (self._directory / "lan.conf").chmod(0o600)
        (self._directory / "bmc.emu").write_text(_EMULATION)

    async def _wait_until_it_answers(self) -> None:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.setblocking(False)
            probe.connect((self._identity.host, self._identity.port))
            while self.is_running:
                try:
                    probe.send(_ANYBODY_THERE)
                    await asyncio.wait_for(loop.sock_recv(probe, 1024), 0.1)
                    return
                except (TimeoutError, ConnectionRefusedError):
                    await asyncio.sleep(0.02)
        raise OSError(f"ipmi_sim of {self._identity.name} ended: see {self._directory / 'ipmi_sim.log'}")
