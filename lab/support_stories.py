"""What the demo's people have written to each other. Invented; any likeness is chance."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Turn:
    """What somebody did. `what`: a reply ("", or its `then`), `note`, `close`, `take` or `read`."""

    who: str
    hours_ago: float
    text: str = ""
    what: str = ""
    logs: tuple[tuple[str, str], ...] = field(default=())
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Story:
    """A ticket from its opening to where it stands. `order`: the name of a service."""

    subject: str
    turns: tuple[Turn, ...]
    department: str = "technical"
    importance: str = "normal"
    order: str = ""


OLENA, PETR = "olena@acme.example", "petr@acme.example"
IRYNA, LUCIA = "iryna@kyivweb.example", "lucia@pampa.example"
ANNA, MAREK = "anna@northrack.example", "marek@northrack.example"

_DMESG = """\
[  12.481] nvme nvme1: I/O 412 QID 3 timeout, aborting
[  12.481] nvme nvme1: Abort status: 0x0
[  42.690] nvme nvme1: I/O 412 QID 3 timeout, reset controller
[  42.744] nvme1n1: detected capacity change
[  42.801] md/raid1:md0: Disk failure on nvme1n1p2, disabling device.
[  42.801] md/raid1:md0: Operation continuing on 1 devices.
"""
_MTR = """\
                             Loss%   Snt   Last   Avg  Best  Wrst
  1. gw.kyivweb.example       0.0%   100    0.4   0.5   0.3   1.9
  2. core-1.prg.example       0.0%   100   18.2  18.4  17.9  24.0
  3. edge-2.prg.example      11.0%   100   18.9  41.7  18.1 212.4
  4. kv-node-02              11.0%   100   19.0  42.3  18.2 214.9
"""

STORIES = (
    Story(
        "Disk dropped out of the mirror",
        (
            Turn(
                OLENA,
                5.2,
                "Since this morning `md0` on **kyiv-db-01** runs on one disk:\n\n```\ncat /proc/mdstat\n"
                "md0 : active raid1 nvme0n1p2[0] nvme1n1p2[1](F)\n```\n\nCan you replace the disk tonight after 22:00?"
                " The log is attached.",
                logs=(("dmesg.log", _DMESG),),
            ),
            Turn(MAREK, 4.8, what="take"),
            Turn(
                MAREK,
                4.7,
                "Same batch as the two we swapped in rack B03. RMA together; spare is in drawer 4.",
                "note",
            ),
            Turn(
                MAREK,
                4.5,
                "Thank you for the log. The second disk has failed; we have the same model in stock.\n\n"
                "- 22:15 the server stays **on**, the disk is exchanged while it runs\n"
                "- afterwards please run `mdadm --add /dev/md0 /dev/nvme1n1p2`\n\nShall we?",
            ),
            Turn(PETR, 4.1, "Yes please. I will be at the keyboard at 22:15."),
        ),
        importance="high",
        order="kyiv-db-01",
    ),
    Story(
        "Which of these invoices is for October?",
        (
            Turn(
                PETR,
                27.0,
                "Our accountant asks which invoice covers October for the storage. Can you tell me?",
                pictures=("accounting.png",),
            ),
            Turn(
                ANNA,
                25.5,
                "It is the one whose lines say *acme-archive*; you find it under **Invoices → Paid**. Does that help?",
            ),
            Turn(PETR, 25.0, what="read"),
        ),
        department="finance",
        order="acme-archive",
    ),
    Story(
        "Reverse DNS for 185.12.40.23",
        (
            Turn(PETR, 74.0, "Please set the PTR to `mail.acme.example`. The A record is there already."),
            Turn(MAREK, 73.2, "Done; it may take an hour to be seen everywhere.", "resolved"),
            Turn(PETR, 73.0, what="read"),
        ),
        order="kyiv-web-02",
    ),
    Story(
        "Second IPv4 address for the office VPN",
        (
            Turn(
                OLENA,
                1.4,
                "We open a branch in Brno next week and need another address for **acme-office**. What does it cost?",
            ),
        ),
        order="acme-office",
    ),
    Story(
        "Server reboots by itself",
        (
            Turn(
                OLENA,
                130.0,
                "prg-ci-01 has restarted twice this week, with nothing in its own log.",
                pictures=("uptime.png",),
            ),
            Turn(
                MAREK,
                129.0,
                "The event log shows *power supply 2 lost input* both times. We have moved it to the other feed.",
                "resolved",
            ),
            Turn(OLENA, 31.0, "It happened again at 03:12. Please have a second look."),
            Turn(
                MAREK,
                30.0,
                "PDU B-12 again. Facility has a ticket with the vendor, do not promise a date.",
                "note",
            ),
        ),
        importance="high",
        order="prg-ci-01",
    ),
    Story(
        "Change of address on invoices",
        (
            Turn(
                PETR,
                260.0,
                "We have moved. New address: Krátká 3, Praha 2. Please use it from the next invoice on.",
            ),
            Turn(
                ANNA,
                258.0,
                "It is on record; issued invoices keep the old address, as they must.",
                "resolved",
            ),
            Turn(PETR, 257.0, what="read"),
            Turn(OLENA, 256.0, what="read"),
        ),
        department="finance",
    ),
    Story(
        "Втрата пакетів до kv-node-02",
        (
            Turn(
                IRYNA,
                3.1,
                "Доброго дня! З 9-ї ранку бачимо **11 % втрат** на шляху до сервера, сайт відкривається ривками."
                " Звіт `mtr` у вкладенні.",
                logs=(("mtr.txt", _MTR),),
            ),
            Turn(
                MAREK,
                2.6,
                "Дякуємо, бачимо те саме на edge-2. Перемикаємо трафік на інший канал, напишу за 15 хвилин.",
                "open",
            ),
            Turn(
                MAREK,
                2.5,
                "Optic on edge-2 port 14 has -19 dBm. Swap it before we move traffic back.",
                "note",
            ),
            Turn(MAREK, 2.2, "Трафік переведено, втрати зникли. Перевірте, будь ласка, зі свого боку."),
        ),
        importance="high",
        order="kv-node-02",
    ),
    Story(
        "Рахунок для резервних копій",
        (
            Turn(IRYNA, 50.0, "Чи можна отримувати один рахунок на всі послуги першого числа?"),
            Turn(
                ANNA,
                48.5,
                "Так: рахунки групуються за днем оплати. Перенесли «резервні-копії» на перше число.",
            ),
            Turn(IRYNA, 48.0, "Дуже дякую!", ""),
            Turn(IRYNA, 47.9, what="close"),
        ),
        department="finance",
        order="резервні-копії",
    ),
    Story(
        "Потрібен ще один сервер до Різдва",
        (
            Turn(
                IRYNA,
                0.6,
                "Плануємо розпродаж у грудні. Чи є **ще один такий самий**, як kv-node-01, і за скільки днів він буде готовий?",
            ),
        ),
        order="kv-node-01",
    ),
    Story(
        "La VPN está suspendida",
        (
            Turn(
                LUCIA,
                20.0,
                "Buenos días: *pampa-oficina* figura como suspendida. ¿Qué tenemos que hacer para recuperarla?",
            ),
            Turn(
                ANNA,
                18.0,
                "Abuse case 4471, two complaints about port scans. Reactivate when they name the machine.",
                "note",
            ),
            Turn(
                ANNA,
                17.5,
                "Recibimos dos quejas por *escaneo de puertos* desde esa VPN. Díganos, por favor:\n\n"
                "1. qué equipo lo hacía\n2. qué han cambiado\n\nCon eso la reactivamos el mismo día.",
            ),
        ),
        importance="high",
        order="pampa-oficina",
    ),
    Story(
        "Copia de seguridad antes de actualizar",
        (
            Turn(
                LUCIA,
                96.0,
                "Vamos a actualizar PostgreSQL en pampa-db-01. ¿Pueden tomar una imagen antes?",
                logs=(("plan.md", "# Plan\n\n1. imagen\n2. pg_upgrade\n3. pruebas\n"),),
            ),
            Turn(
                MAREK,
                95.0,
                "Imagen tomada a las 14:10; se guarda siete días. ¡Suerte con la actualización!",
                "resolved",
            ),
            Turn(LUCIA, 94.0, what="read"),
        ),
        order="pampa-db-01",
    ),
)
