"""Whatever somebody types, what is kept has the shape that shells and parsers can bear."""

from __future__ import annotations

import base64
import re
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.domain.provisioning import orders
from opsportal.domain.provisioning.boot_network import Lease, configuration
from opsportal.domain.provisioning.catalogue import Catalogue
from opsportal.domain.provisioning.disks import Disk, _from_text
from opsportal.domain.provisioning.machines import clean_mac
from opsportal.domain.refusals import Refusal


@given(st.one_of(st.text(max_size=80), st.text(alphabet="aZ09.-", max_size=70)))
def test_host_names(text: str) -> None:
    try:
        name = orders.clean_hostname(text)
    except Refusal:
        return
    assert re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?", name)
    assert all(0 < len(label) <= 63 and label[0] != "-" != label[-1] for label in name.split("."))
    assert orders.clean_hostname(name) == name


def _key(kind: str, size: int = 51, comment: str = "") -> str:
    raw = len(kind).to_bytes(4) + kind.encode() + bytes(size)
    return f"{kind} {base64.b64encode(raw).decode()} {comment}".strip()


@given(st.sampled_from(sorted(orders.KEY_KINDS)), st.text(max_size=200))
def test_keys_keep_only_harmless_comments(kind: str, comment: str) -> None:
    one_line = " ".join(comment.split("\n"))
    (kept,) = orders.clean_ssh_keys([_key(kind, comment=one_line)])
    assert re.fullmatch(r"[a-z0-9@.-]+ [A-Za-z0-9+/=]+( [A-Za-z0-9@._+-]{1,100})?", kept)
    assert orders.clean_ssh_keys([kept]) == [kept]


@given(st.text(max_size=300))
def test_lines_that_are_no_keys(text: str) -> None:
    if text.strip():
        with pytest.raises(Refusal):
            orders.clean_ssh_keys([text])


def test_zones() -> None:
    for zone in ("UTC", "Europe/Prague", "America/Argentina/Buenos_Aires", "Etc/GMT+3"):
        assert orders.clean_time_zone(zone) == zone
    accepted = [zone for zone in zoneinfo.available_timezones() if re.search(r"[^A-Za-z0-9_/+-]", zone)]
    assert accepted == []


@given(st.text(max_size=300))
def test_scripts(text: str) -> None:
    try:
        script = orders.clean_script(text)
    except Refusal:
        return
    assert "\r" not in script
    assert "\0" not in script
    assert not script or script.endswith("\n")


def test_disks_from_what_is_written() -> None:
    assert _from_text("2 x 960 GB SSD, 1 × 1.92 TB NVMe") == [
        Disk("1", 960, "960 GB SSD"),
        Disk("2", 960, "960 GB SSD"),
        Disk("3", 1920, "1.92 TB NVMe"),
    ]
    assert _from_text("none") == []
    assert len(_from_text("999999999 x 1 TB")) == 24


@given(st.text(max_size=20))
def test_macs(text: str) -> None:
    cleaned = clean_mac(text)
    assert cleaned == "" or re.fullmatch(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", cleaned)


def test_dnsmasq_configuration() -> None:
    leases = [
        Lease("52:54:00:00:00:01", "10.20.0.5", "10.20.0.0/24", "10.20.0.1"),
        Lease("52:54:00:00:00:02", "10.21.0.5", "10.21.0.0/16"),
    ]
    text = configuration(leases, tftp_root="/srv/tftp", interface="eno2", teller="/etc/boot/tell-portal")
    lines = text.splitlines()
    assert "dhcp-range=set:n0,10.20.0.0,static,255.255.255.0,1h" in lines
    assert "dhcp-option=tag:n0,option:router,10.20.0.1" in lines
    assert "dhcp-range=set:n1,10.21.0.0,static,255.255.0.0,1h" in lines
    assert [line for line in lines if line.startswith("dhcp-host=")] == [
        "dhcp-host=52:54:00:00:00:01,10.20.0.5,1h",
        "dhcp-host=52:54:00:00:00:02,10.21.0.5,1h",
    ]
    assert {"interface=eno2", "port=0", "tftp-root=/srv/tftp", "dhcp-boot=tag:ipxe,boot.ipxe"} <= set(lines)
    assert {"dhcp-script=/etc/boot/tell-portal", "script-on-renewal"} <= set(lines)
    assert "dhcp-script" not in configuration(leases, tftp_root="/srv/tftp")


SYSTEM = {
    "code": "debian-12", "name": "Debian 12", "family": "debian", "installer": "preseed",
    "kernel": "debian-12/linux", "kernel_sha256": "ab" * 32, "image": "http://mirror.northrack.example/debian",
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"kernel": "../linux"}, {"kernel": "/etc/passwd"}, {"kernel": "a/../../b"}, {"kernel": ""},
        {"kernel": "file:///etc/passwd"}, {"kernel_sha256": ""}, {"kernel_sha256": "AB"}, {"image": ""},
        {"installer": "raw", "image": "http://x/image.gz"}, {"name": "a\nb"}, {"code": "A"}, {"colour": "red"},
        {"kernel_arguments": "a\nshell"}, {"answers_port": 0}, {"kernel": "a b"}, {"initrd": "initrd"},
        {"kernel": "http://x/linux", "kernel_sha256": ""}, {"initrd": "https://x/initrd.gz"},
    ],
)  # fmt: skip
def test_catalogue_refuses(change: dict[str, object]) -> None:
    assert len(Catalogue.model_validate({"systems": [SYSTEM]}).systems) == 1
    with pytest.raises(ValueError, match="validation error"):
        Catalogue.model_validate({"systems": [SYSTEM | change]})
