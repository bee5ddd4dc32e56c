"""`python -m lab.mail_sink --smtp-port N --web-port N`: receives mail and shows it, on this machine only."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType

from lab.mail_sink.mailbox import Mailbox
from lab.mail_sink.pages import page
from lab.mail_sink.receiving import listen

HOST = "127.0.0.1"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, box: Mailbox, port: int) -> None:
        self.box = box
        super().__init__((HOST, port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10

    def do_GET(self) -> None:
        # A page of another site whose name was made to point here must not read anybody's mail.
        host = (self.headers.get("Host") or "").rpartition(":")[0]
        if host not in (HOST, "localhost"):
            self.send_error(403)
            return
        shown = page(self.server.box, self.path.split("?")[0])
        self.send_response(shown.status)
        self.send_header("Content-Type", shown.media_type)
        self.send_header("Content-Length", str(len(shown.body)))
        self.send_header("Content-Security-Policy", shown.policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(shown.body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Requests are not worth a log."""


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; exit code 1 when a port is taken."""
    parser = argparse.ArgumentParser(prog="python -m lab.mail_sink", description=__doc__)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--web-port", type=int, required=True)
    options = parser.parse_args(arguments)
    box = Mailbox()
    try:
        receiving = listen(box, host=HOST, port=options.smtp_port)
        server = _Server(box, options.web_port)
    except OSError as taken:
        print(f"the mail sink cannot listen: {taken}", file=sys.stderr)
        return 1

    def stop(_signal: int, _frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown).start()

    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, stop)
    print(f"smtp {HOST}:{options.smtp_port} · http://{HOST}:{options.web_port}", flush=True)
    server.serve_forever(poll_interval=0.2)
    receiving.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
