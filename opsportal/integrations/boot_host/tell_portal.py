#!/usr/bin/env python3
"""dnsmasq calls this for every address that it gives or takes back (dnsmasq(8), --dhcp-script); the portal is told.

Copied to the boot host as it is, beside tell-portal.json: it needs Python 3.6 and nothing else. What dnsmasq
hands over was partly said by the machine itself, so only plain shapes of it are passed on.
"""

import hashlib
import hmac
import json
import os
import re
import sys
import time
import urllib.request

PATIENCE_S = 30
MAC = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}")
IPV4 = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}")
LEASE_S = "3600"


def message(words, environment):
    """What the portal is told; None for what does not concern it (TFTP, IPv6, other kinds of networks)."""
    event, mac, address = [*words, "", "", ""][:3]
    if event not in ("add", "old", "del") or not MAC.fullmatch(mac.lower()) or not IPV4.fullmatch(address):
        return None
    left = environment.get("DNSMASQ_TIME_REMAINING", LEASE_S)
    return {
        "event": event,
        "mac": mac.lower(),
        "address": address,
        "seconds": min(int(left), 604800) if left.isdigit() else int(LEASE_S),
        "asker": _asker(environment),
    }


def _asker(environment):
    """Firmware says PXEClient or HTTPClient (option 60); iPXE carries the tag of option 175 besides."""
    if "ipxe" in environment.get("DNSMASQ_TAGS", "").split():
        return "ipxe"
    is_firmware = environment.get("DNSMASQ_VENDOR_CLASS", "").startswith(("PXEClient", "HTTPClient"))
    return "firmware" if is_firmware else "system"


def tell(told, url, key):
    """Send it, signed. Raises OSError."""
    raw = json.dumps(told).encode()
    now = str(int(time.time()))
    mark = hmac.new(key.encode(), now.encode() + b"." + raw, hashlib.sha256).hexdigest()
    headers = {"content-type": "application/json", "x-opsportal-signature": "t=" + now + ",v1=" + mark}
    request = urllib.request.Request(url, data=raw, headers=headers)  # noqa: S310 the operator's own address
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=PATIENCE_S).close()


def main():
    told = message(sys.argv[1:], os.environ)
    if told is None:
        return 0
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "tell-portal.json")) as file:
        known = json.load(file)
    try:
        tell(told, known["url"], known["key"])
    except OSError as error:  # what dnsmasq's log then shows; the address was given all the same
        sys.stderr.write("the portal was not told of {}: {}\n".format(told["mac"], error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
