"""Orders as people write them down, and machines beside them."""

from __future__ import annotations

import pytest

from opsportal.domain.inventory.comparison import SeenPart, size_in
from opsportal.domain.inventory.order_lines import Ordered, compare, parse_order
from opsportal.domain.inventory.refusals import ExpectedPartsUnclear

LINES = [
    Ordered("cpu", 2, "Xeon 6338"),
    Ordered("dimm", 8, "32 GB"),
    Ordered("disk", 2, "960 GB", ("K1", "K2")),
    Ordered("nic", 1),
]


@pytest.mark.parametrize(
    "text",
    [
        "2 cpu Xeon 6338\n8x dimm 32 GB\n\n2 disk 960 GB: K1, K2\n1 nic",
        "kind,count,model,serials\ncpu,2,Xeon 6338\ndimm,8,32 GB,\ndisk,2,960 GB,K1 K2\nnic,1",
        "\ufeffKind;Count;Model;Serial\r\nCPU;2;Xeon 6338;\r\nDIMM;8;32 GB;\r\nDISK;2;960 GB;K1/K2\r\n1;nic;;\r\n",
        'Part\tCount\ncpu\t2\tXeon 6338\ndimm\t8\t32 GB\ndisk\t2\t960 GB\t"K1 K2"\nnic\t1',
    ],
)
def test_text_and_files_say_the_same(text: str) -> None:
    assert parse_order(text) == LINES
    assert [Ordered(**line.asdict()) for line in LINES] == [
        Ordered(line.kind, line.count, line.model, list(line.serials)) for line in LINES
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("8 dimm\nsome disks", 2),
        ("1 wheel", 1),
        ("0 dimm", 1),
        ("dimm,9999", 1),
        ("1 disk: A B", 1),  # more serial numbers than disks
        ("disk,1,,A B", 1),
        ("\n" * 40 + "1 nic", 41),
    ],
)
def test_line_that_is_not_clear_is_named(text: str, line: int) -> None:
    with pytest.raises(ExpectedPartsUnclear) as refused:
        parse_order(text)
    assert refused.value.params == {"line": line}


def test_each_line_is_judged_and_what_was_not_ordered_shows() -> None:
    seen = [
        SeenPart("cpu", model="Intel Xeon 6338"),
        *(SeenPart("dimm", f"D{n}", model="Ram 32 GB") for n in range(9)),
        SeenPart("disk", "K1", model="SSD", size_bytes=960_197_124_096),
        SeenPart("disk", "K3", model="SSD 894.3 GiB"),
        SeenPart("disk", "K4", model="SSD", size_bytes=480_000_000_000),
        SeenPart("psu", "P1"),
    ]
    assert [(one.what, one.kind, one.expected, one.found, one.missing) for one in compare(LINES, seen)] == [
        ("fewer", "cpu", 2, 1, ()),
        ("more", "dimm", 8, 9, ()),
        ("serial", "disk", 2, 2, ("K2",)),
        ("not_told", "nic", 1, 0, ()),
        ("unordered", "disk", 0, 1, ()),
    ]
    exact = [
        *(SeenPart("cpu", model="Xeon 6338") for _ in range(2)),
        *(SeenPart("dimm", model="32 GB") for _ in range(8)),
        *(SeenPart("disk", serial, model="960 GB") for serial in ("k1", "k2")),
        SeenPart("nic"),
    ]
    assert all(one.is_good for one in compare(LINES, exact))


@pytest.mark.parametrize(
    ("model", "size"),
    [
        ("Samsung PM893 SATA 6Gb/s 960 GB", 960 * 10**9),
        ("SAS 12 Gb/s 1.8TB", 1_800 * 10**9),
        ("SATA 6 Gb/s", None),
    ],
)
def test_how_fast_a_disk_is_connected_is_not_its_size(model: str, size: int | None) -> None:
    assert size_in("disk", model) == size
