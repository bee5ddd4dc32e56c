"""WCAG 2.2, 1.4.3 and 1.4.11: text has 4.5:1, the edges of controls 3:1, in both themes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).parents[3] / "assets" / "styles" / "tokens.css"
_COLOUR = re.compile(r"--([\w-]+):\s*(#[0-9a-f]{6})", re.IGNORECASE)

SURFACES = ("bg", "surface", "raised", "hover")
TEXTS = [
    *((text, surface) for text in ("text", "muted", "faint", "accent") for surface in SURFACES),
    *((tone, f"{tone}-soft") for tone in ("ok", "warn", "bad", "info", "accent")),
    *(
        (tone, surface)
        for tone in ("ok", "warn", "bad", "info")
        for surface in ("surface", "raised", "hover")
    ),
    ("muted", "line-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("on-bad", "bad"),
    ("on-bad", "bad-strong"),
]
EDGES = [("control", surface) for surface in ("bg", "surface", "raised")]


def _themes() -> dict[str, dict[str, str]]:
    light, dark = TOKENS.read_text().split(".dark {")
    tokens = dict(_COLOUR.findall(light))
    return {"light": tokens, "dark": tokens | dict(_COLOUR.findall(dark))}


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_formula() -> None:
    assert _contrast("#000000", "#ffffff") == 21
    assert round(_contrast("#767676", "#ffffff"), 2) == 4.54


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read(theme: str) -> None:
    tokens = _themes()[theme]
    faint = {
        f"{text} on {ground}": round(_contrast(tokens[text], tokens[ground]), 2)
        for text, ground in TEXTS
        if _contrast(tokens[text], tokens[ground]) < 4.5
    }
    assert faint == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_edges_of_controls_can_be_seen(theme: str) -> None:
    tokens = _themes()[theme]
    faint = {
        f"{a} on {b}": _contrast(tokens[a], tokens[b])
        for a, b in EDGES
        if _contrast(tokens[a], tokens[b]) < 3
    }
    assert faint == {}
