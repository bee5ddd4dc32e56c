"""Codes read by the camera of a browser that has no reader of its own, as Safari and Firefox have none."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from opsportal.state.inventory.aisle import qr_path
from tests.e2e import MACHINES
from tests.e2e.pages import at, settled
from tests.e2e.portal import Portal
from tests.e2e.visitors import PHONE, Visitors

pytestmark = MACHINES

TECHNICIAN = "marek@northrack.example"
FOUND = "pampa-db-01"
SERIAL = "CH7K21"
SERIAL_AS_CODE_128 = "2112141313212311133121311123312232111232211311232331112"
"""Widths of its bars and gaps, in turn (ISO/IEC 15417, code set B), as an independent encoder gives them."""
# A camera that sees a label on a desk: the page has the stream of a canvas in place of a device's.
CAMERA = """
delete window.BarcodeDetector;
const label = %s;
const canvas = document.createElement("canvas");
[canvas.width, canvas.height] = [640, 480];
const pen = canvas.getContext("2d");
const paint = () => {
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.fillStyle = "#d8d4cc";
  pen.fillRect(0, 0, 640, 480);
  pen.setTransform(label.scale, 0, 0, label.scale, 150, 90);
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, label.width, label.height);
  pen.fillStyle = "#181818";
  pen.fill(new Path2D(label.path));
};
setInterval(paint, 100);
navigator.mediaDevices.getUserMedia = async () => { paint(); return canvas.captureStream(10); };
"""


def _bars() -> str:
    """Code 128 as a path: bars of ten modules' height, with a quiet zone of ten."""
    at_x, path = 10, ""
    for number, width in enumerate(int(digit) for digit in SERIAL_AS_CODE_128):
        path += f"M{at_x} 4h{width}v40h-{width}z" if number % 2 == 0 else ""
        at_x += width
    return path


def label(portal: Portal, kind: str, number: int) -> dict[str, object]:
    """The product's own label as it prints it, or a maker's with a serial number."""
    if kind == "qr":
        path, size = qr_path(f"{portal.url}/s/S{number:05d}")
        return {"path": path, "width": size, "height": size, "scale": 6}
    return {"path": _bars(), "width": 120, "height": 48, "scale": 3}


@pytest.mark.parametrize("kind", ["qr", "code_128"])
def test_a_label_before_the_camera_opens_its_machine(visitors: Visitors, portal: Portal, kind: str) -> None:
    number = portal.server_id(FOUND)
    portal.rows("UPDATE part SET serial = %s WHERE server_id = %s AND kind = 'chassis'", SERIAL, number)
    page = settled(visitors.signed_in(TECHNICIAN, "/scan", viewport=PHONE))
    page.add_init_script(CAMERA % json.dumps(label(portal, kind, number)))
    page.reload()
    page.get_by_role("button", name="Scan with the camera").click()
    found = f"S{number:05d}" if kind == "qr" else SERIAL
    expect(page).to_have_url(at(f"/s/{found}"))
    expect(settled(page).get_by_role("heading", level=1)).to_have_text(FOUND)
    for name in ("Blink the light", "Check the parts", "Reinstall…", "Wipe…"):
        button = page.get_by_role("button", name=name, exact=True)
        button.scroll_into_view_if_needed()
        expect(button).to_be_in_viewport()  # nothing of it is beside a phone's screen
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
