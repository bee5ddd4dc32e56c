"""One installation on this machine: its directory of state, its databases, its processes."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from stack import leftovers, postgres, secrets, valkey
from stack.options import HOST, Options
from stack.ports import kept_port
from stack.programs import Program, background, lab, lab_switches, mail_sink, name_server, payments, web
from stack.sockets import discard_socket_directory, socket_directory
from stack.supervision import Supervisor

DATABASE = "opsportal"
DNS_ZONES = (*(f"{third}.12.185.in-addr.arpa" for third in range(40, 48)), "4.8.b.d.0.1.0.0.2.ip6.arpa")
"""Reverse zones of the demo's networks (lab/network_demo.py)."""
POSTGRES_SETTINGS = {"max_connections": "200"}


@dataclass(frozen=True)
class Installation:
    """What the options lead to, prepared but not running."""

    options: Options
    secrets: secrets.Secrets
    cluster: postgres.Cluster
    store: valkey.Store

    @classmethod
    def prepare(cls, options: Options) -> Installation:
        """Secrets and databases in the directory of state, made if they are not there."""
        found = secrets.load_or_create(options.data)
        return cls(
            options=options,
            secrets=found,
            cluster=postgres.prepare_cluster(options.data / "postgres"),
            store=valkey.prepare_store(options.data / "valkey", password=found.valkey_password),
        )

    @cached_property
    def smtp_port(self) -> int:
        """Where the lab's mail server listens. Chosen when first asked: only who starts it asks."""
        return kept_port(self.options.data, "smtp")

    @cached_property
    def mail_port(self) -> int:
        """Where the lab's mail server shows what came in."""
        return kept_port(self.options.data, "mail")

    @cached_property
    def dns_port(self) -> int:
        """Where the lab's name server listens, by UDP and TCP."""
        return kept_port(self.options.data, "dns")

    def _dns(self) -> dict[str, str]:
        """The portal's settings for the lab's name server, which reads them, too."""
        key = hmac.new(self.secrets.secret_key.encode(), b"reverse zones", hashlib.sha256).digest()
        place = f"{HOST}:{self.dns_port}"
        return {
            "DNS_SERVER": place,
            "DNS_RESOLVER": place,
            "DNS_TSIG_NAME": "opsportal",
            "DNS_TSIG_KEY": base64.b64encode(key).decode(),
            "DNS_ZONES": ",".join(DNS_ZONES),
        }

    @cached_property
    def payments_port(self) -> int:
        """Where the lab's payment gateway listens."""
        return kept_port(self.options.data, "payments")

    def _payments(self) -> dict[str, str]:
        """The portal's settings for the lab's payment gateway. The keys are known to everybody, and worth nothing."""
        url = f"http://{HOST}:{self.payments_port}"
        secret = hmac.new(self.secrets.secret_key.encode(), b"webhooks", hashlib.sha256).hexdigest()
        return {
            "STRIPE_SECRET_KEY": "sk_test_lab_key",
            "STRIPE_PUBLISHABLE_KEY": "pk_test_lab_key",
            "STRIPE_WEBHOOK_SECRET": f"whsec_{secret}",
            "STRIPE_API_URL": url,
            "STRIPE_JS_URL": f"{url}/js.stripe.com/v3/",
        }

    @property
    def mail_url(self) -> str:
        """Where the demo's mails can be read."""
        return f"http://{HOST}:{self.mail_port}"

    @property
    def logs(self) -> Path:
        """Where every process writes its log."""
        return self.options.data / "log"

    def supervisor(self, lock: Path) -> Supervisor:
        """A supervisord for this installation that lives no longer than `lock` is held."""
        sockets = socket_directory(self.options.data)
        return Supervisor(sockets, socket_path=sockets / "supervisor.sock", logs=self.logs, lock=lock)

    def databases(self) -> list[Program]:
        """The database servers. They get no secrets of ours in their environment."""
        no_secrets = dict.fromkeys(
            (
                "SECRET_KEY",
                "REDIS_URL",
                "DATABASE_URL",
                "STRIPE_SECRET_KEY",
                "STRIPE_WEBHOOK_SECRET",
                "DNS_TSIG_KEY",
            ),
            "",
        )
        account = self.cluster.account
        return [
            Program(
                "postgres",
                tuple(self.cluster.command(POSTGRES_SETTINGS)),
                group="databases",
                environment=no_secrets,
                stop_signal="INT",
                seconds_to_stop=10,
                user=account.name if account else None,
                directory=Path("/"),  # the account need not be able to enter the project
            ),
            Program("valkey", tuple(self.store.command()), group="databases", environment=no_secrets),
        ]

    def portal(self) -> list[Program]:
        """The portal's own processes."""
        return [web(self.options.port), *background()]

    def lab(self) -> list[Program]:
        """The data centre that the demo manages."""
        return [
            lab(
                str(self.options.data / "lab"),
                self.options.servers,
                machines=self.options.machines,
                boot_url=self.options.url,
            ),
            lab_switches(str(self.options.data / "switches"), self.options.servers),
            mail_sink(self.smtp_port, self.mail_port),
            name_server(str(self.options.data / "dns"), self.dns_port),
            payments(
                str(self.options.data / "payments"),
                self.payments_port,
                f"{self.options.url}/webhooks/stripe",
            ),
        ]

    def environment(self) -> dict[str, str]:
        """What every process gets: settings, and the mark by which a later start knows them."""
        return {
            **postgres.plain_environment(),
            "DATABASE_URL": self.cluster.url(DATABASE),
            "REDIS_URL": self.store.url(),
            "SECRET_KEY": self.secrets.secret_key,
            "PUBLIC_URL": self.options.url,
            "CONSOLE_GATEWAY": f"unix:{socket_directory(self.options.data) / 'consoles.sock'}",
            "BMC_NETWORKS": "127.0.0.0/8",
            "BMC_PAGE": "https://{host}/",
            "SWITCH_NETWORKS": "127.0.0.0/8",
            "MACHINES": self.options.machines,
            # What QEMU's guests call the machine that they run on; virtual machines know it as well.
            "BOOT_URL": f"http://10.0.2.2:{self.options.port}",
            "BOOT_NETWORKS": "127.0.0.0/8",
            "BOOT_FILES": str(self.options.data / "boot"),
            "POLL_EVERY_S": "10",
            "SHUTDOWN_GRACE_S": str(self.options.shutdown_grace_s),
            "SMTP_URL": f"smtp://{HOST}:{self.smtp_port}",
            "MAIL_FROM": "Northrack <portal@northrack.example>",
            "DESK_MAIL": "desk@northrack.example",
            **self._payments(),
            **self._dns(),
            "DATA": str(self.options.data),
            "PYTHONUNBUFFERED": "1",
            leftovers.MARK: leftovers.mark_for(self.options.data),
        }

    def discard_sockets(self) -> None:
        """Leaves nothing in shared places after the last process has ended."""
        for home in (self.options.data, self.store.directory, self.cluster.directory.parent):
            discard_socket_directory(home)


def end_leftovers(data: Path) -> int:
    """Ends what an earlier start with this directory of state left running; returns how many there were."""
    directories = [data / "postgres" / "cluster", data / "valkey"]
    return leftovers.end(leftovers.mark_for(data), directories)
