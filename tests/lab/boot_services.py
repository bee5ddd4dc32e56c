"""A boot service of one file: answers what a test put there, and remembers who asked for what."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

IMAGE = b"the system, compressed"
DISK = b"#!ipxe\nexit\n"
PATIENCE_S = 60.0


class BootService:
    """`files` by path; `script` answers GET /boot/ipxe/MAC. Reports are kept in the order they came."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.script = DISK
        self.asked: list[tuple[str, str]] = []
        self.reports: list[tuple[str, str]] = []
        self.refuses = False
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def offer(self, *, base_url: str = "", image: bytes = IMAGE, arguments: str = "", **files: bytes) -> None:
        """Arm one installation: the next machine that asks is installed, once."""
        base = f"{base_url or self.url}/boot/i/token"
        announced = hashlib.sha256(image).hexdigest()
        self.script = (
            "#!ipxe\n"
            f"echo Installing\nkernel {base}/kernel console=ttyS0,115200n8 {arguments} "
            f"opsportal.base={base} opsportal.sha256={announced} || goto disk\n"
            f"initrd {base}/initrd || goto disk\nboot\n:disk\nexit\n"
        ).encode()
        given = {"kernel": b"kernel", "initrd": b"initrd", "image": image, **files}
        self.files = {f"/boot/i/token/{name}": content for name, content in given.items()}

    def offer_images(self, directory: Path, *, base_url: str, **files: bytes) -> None:
        """As `offer`, with the files that real machines boot."""
        image = (directory / "disk.raw.gz").read_bytes()
        self.offer(
            base_url=base_url,
            image=image,
            arguments="mitigations=off",
            kernel=(directory / "vmlinuz").read_bytes(),
            initrd=(directory / "initrd").read_bytes(),
            **files,
        )

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
