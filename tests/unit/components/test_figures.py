"""How rates and volumes are written, by the very module that the browser runs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from stack.frontend import node_directory

FIGURES = Path(__file__).parents[3] / "opsportal/components/browser/figures.js"


def run(tmp_path: Path, expressions: list[str]) -> list[Any]:
    """What these expressions give."""
    module = tmp_path / "figures.mjs"
    module.write_text(FIGURES.read_text())
    script = (
        f"import * as f from {json.dumps(module.as_uri())};\n"
        f"console.log(JSON.stringify([{','.join(expressions)}]));"
    )
    done = subprocess.run(
        [str(node_directory() / "node"), "--input-type=module", "-e", script],
        capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    answers: list[Any] = json.loads(done.stdout)
    return answers


def test_figures(tmp_path: Path) -> None:
    wanted: dict[str, Any] = {
        "f.scaled(0, f.RATES)": {"n": 0, "msgid": "{n} bit/s"},
        "f.scaled(999, f.RATES)": {"n": 999, "msgid": "{n} bit/s"},
        "f.scaled(1000, f.RATES)": {"n": 1, "msgid": "{n} kbit/s"},
        "f.scaled(412_345_678, f.RATES)": {"n": 412, "msgid": "{n} Mbit/s"},
        "f.scaled(999_900, f.RATES)": {"n": 1, "msgid": "{n} Mbit/s"},
        "f.scaled(999_400, f.RATES)": {"n": 999, "msgid": "{n} kbit/s"},
        "f.scaled(12_349_000_000_000_000, f.RATES)": {"n": 12300, "msgid": "{n} Tbit/s"},
        "f.scaled('9007199254740993', f.VOLUMES)": {"n": 9.01, "msgid": "{n} PB"},
        "f.scaled(1_236_000_000_000, f.VOLUMES)": {"n": 1.24, "msgid": "{n} TB"},
        "f.niceTop(0)": 1,
        "f.niceTop(17.7e6)": 20e6,
        "f.niceTop(20e6)": 25e6,
        "f.niceTop(48e6)": 60e6,
        "f.niceTop(96e6)": 120e6,
        "f.alone([1, null, 2, null, 3, 4, null])": [0, 2],
        "f.alone([null, undefined])": [],
        "f.sparkline([0, 10], 100, 50, 10)": [
            "M0.0,50.0L100.0,0.0",
            "M0.0,50L0.0,50.0L100.0,0.0L100.0,50Z",
        ],
        "f.sparkline([5, null, null, 10, 5], 100, 50, 10)[0]": ("M0.0,25.0L12.5,25.0M75.0,0.0L100.0,25.0"),
        "f.sparkline([null], 100, 50, 10)": ["", ""],
    }
    assert run(tmp_path, list(wanted)) == list(wanted.values())
