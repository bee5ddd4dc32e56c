"""PDFs by Typst: the template and its fonts are files of ours, what stands in a document is data.

The data is handed over as JSON and read with Typst's `json`, so a text of a customer can never be
markup. The same data gives the same bytes, on any machine: no system fonts, no clock, no network.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typst

_FOLDER = Path(__file__).parent / "invoice"


class RenderingError(Exception):
    """Typst could not make a PDF of this. Nothing else depends on it; it is tried again."""


@functools.cache
def _compiler() -> typst.Compiler:
    """One per process: the fonts are read once."""
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[_FOLDER])
    return typst.Compiler(input=_FOLDER / "invoice.typ", root=_FOLDER, font_paths=fonts)


def render_invoice(document: Mapping[str, Any], *, made_at: dt.datetime) -> bytes:
    """A PDF/A-3 of a document as `domain.documents.printed` words it, dated by its issue.

    Takes some 20 ms. Raises RenderingError.
    """
    try:
        pdf = _compiler().compile(
            format="pdf",
            sys_inputs={"document": json.dumps(document, ensure_ascii=False)},
            pdf_standards="a-3b",
            timestamp=int(made_at.timestamp()),
        )
    except RuntimeError as fault:
        raise RenderingError(str(fault)) from fault
    if not isinstance(pdf, bytes):
        raise RenderingError("no PDF came back")
    return pdf
