"""A boot service of one file: answers what a test put there, and remembers who asked for what."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from opsportal.domain.provisioning.facts import Facts
from opsportal.domain.provisioning.passwords import sha512_crypt
from opsportal.integrations.installers.ipxe import LOCAL_DISK, boot_script
from opsportal.integrations.installers.rendering import TEXTS, render
from opsportal.models import InstallerKind, SystemPurpose

IMAGE = b"the system, compressed"
BASE = "/boot/i/token"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJhKqHTT1yDqgsQyqsC0XSSnzk1mdAbYFTgSgUUJ+Zb2 anna@example"
DISK = LOCAL_DISK.encode()
PATIENCE_S = 60.0


class BootService:
    """`files` by path; `script` answers GET /boot/ipxe/MAC. Reports are kept in the order they came."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.script = DISK
        self.asked: list[tuple[str, str]] = []
        self.reports: list[tuple[str, str]] = []
        self.disks: list[dict[str, Any]] = []
        self.refuses = False
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def offer(
        self,
        *,
        installer: InstallerKind = InstallerKind.RAW,
        purpose: SystemPurpose = SystemPurpose.INSTALL,
        hostname: str = "web1",
        base_url: str = "",
        boot: Path | None = None,
        load_s: int = 0,
    ) -> None:
        """Arm one installation with the portal's own templates: the next machine that asks is installed, once.

        `boot` is a directory with what real machines boot; virtual ones take anything.
        """
        image = (boot / "disk.raw.gz").read_bytes() if boot else IMAGE
        facts = Facts(
            base=f"{base_url or self.url}{BASE}",
            installer=installer,
            purpose=purpose,
            family="debian",
            version="12",
            hostname=hostname,
            layout="single",
            disks=("1",),
            ssh_keys=(KEY,),
            time_zone="Europe/Prague",
            has_script=True,
            image="image",
            image_sha256=hashlib.sha256(image).hexdigest(),
            kernel_arguments="console=ttyS0,115200n8 mitigations=off" if boot else "",
            has_initrd=True,
            password_hash=sha512_crypt("correct horse", "saltsaltsaltsalt"),
            script="echo ordered >/root/ordered\n",
            load_s=load_s,
        )
        self.script = boot_script(facts).encode()
        self.files = {f"{BASE}/{name}": render(facts, name).encode() for name in TEXTS}
        self.files[f"{BASE}/image"] = image
        self.files[f"{BASE}/kernel"] = (boot / "vmlinuz").read_bytes() if boot else b"kernel"
        self.files[f"{BASE}/initrd"] = (boot / "initrd").read_bytes() if boot else b"initrd"

    def milestones(self) -> list[str]:
        """The reports without their details."""
        return [milestone for milestone, _ in self.reports]

    def wait(self, is_there: Callable[[], bool], *, timeout: float = PATIENCE_S) -> None:
        """Until requests and reports satisfy `is_there`."""
        with self._changed:
            assert self._changed.wait_for(is_there, timeout), (self.asked, self.reports)

    def get(self, path: str, address: str) -> bytes | None:
        with self._changed:
            self.asked.append((unquote(path), address))
            self._changed.notify_all()
            if path.startswith("/boot/ipxe/"):
                script, self.script = self.script, DISK
                return script
            return self.files.get(path)

    def post(self, body: bytes) -> bool:
        with self._changed:
            if not self.refuses:
                report = json.loads(body)
                self.reports.append((report["milestone"], report["detail"]))
                self.disks += [report["disk"]] if "disk" in report else []
            self._changed.notify_all()
            return not self.refuses

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                content = service.get(self.path, self.client_address[0])
                self.answer(200 if content is not None else 404, content or b"")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                self.answer(204 if service.post(body) else 503, b"")

            def answer(self, status: int, content: bytes) -> None:
                self.send_response(status)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_words: object) -> None:
                pass

        return Handler

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.05)


@contextmanager
def running_boot_service() -> Iterator[BootService]:
    """A boot service for a `with` block."""
    service = BootService()
    thread = threading.Thread(target=service._serve, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service._server.shutdown()
        service._server.server_close()
        thread.join()
