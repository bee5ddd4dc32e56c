"""The browser's part of the portal, handed to Reflex: npm packages, JavaScript modules, catalogues, fonts.

rxconfig: `plugins=[PortalFrontend()]`. App: `rx.App(**app_options())`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import reflex as rx

from opsportal.locale import catalogues

_BROWSER = Path(__file__).parent / "browser"

PACKAGES = (
    "i18next@27.1.2",
    "@radix-ui/react-dialog@1.3.1",
    "@radix-ui/react-dropdown-menu@2.2.1",
    "sonner@2.0.8",
    "uqr@0.1.3",
    "@fontsource-variable/inter@5.3.0",
)
STYLESHEETS = [
    "styles/tokens.css",
    "styles/base.css",
    "styles/shell.css",
    "styles/pieces.css",
    "styles/pages.css",
]

_INLINE_SCRIPT = re.compile(r"<script(?P<attributes>[^>]*)>(?P<body>.*?)</script>", re.DOTALL | re.IGNORECASE)
SCRIPT_HASHES = "script-hashes.json"


class PortalFrontend(rx.plugins.Plugin):
    """Puts our JavaScript modules and catalogues into the build as `$/portal/…`."""

    def get_frontend_dependencies(self, **context: Any) -> Sequence[str]:
        """The npm packages our modules import, at exact versions."""
        return PACKAGES

    def get_stylesheet_paths(self, **context: Any) -> Sequence[str]:
        """The bundled font (Inter, OFL 1.1, with Cyrillic)."""
        return ("@fontsource-variable/inter/index.css",)

    def get_static_assets(self, **context: Any) -> Sequence[tuple[Path, str]]:
        """Our modules as they are, and each language's catalogue as a module."""
        modules = [
            (Path("portal") / source.name, source.read_text(encoding="utf-8"))
            for source in sorted(_BROWSER.glob("*.js*"))
        ]
        for locale in catalogues.LOCALES:
            texts = json.dumps(catalogues.browser_catalogue(locale), ensure_ascii=False, sort_keys=True)
            modules.append((Path("portal/catalogues") / f"{locale}.js", f"export default {texts};\n"))
        return modules

    def post_build(self, **context: Any) -> None:
        """Write the CSP hashes of the inline scripts of this build beside the pages."""
        static_dir: Path = context["static_dir"]
        hashes = json.dumps(inline_script_hashes(static_dir), indent=1)
        (static_dir.parent / SCRIPT_HASHES).write_text(hashes + "\n", encoding="utf-8")


def inline_script_hashes(static_dir: Path) -> list[str]:
    """CSP sources (`'sha256-…'`) of every inline script in the built pages, each once, sorted."""
    found = set()
    for page in static_dir.rglob("*.html"):
        for script in _INLINE_SCRIPT.finditer(page.read_text(encoding="utf-8")):
            if "src=" not in script["attributes"] and script["body"]:
                digest = hashlib.sha256(script["body"].encode()).digest()
                found.add(f"'sha256-{base64.b64encode(digest).decode()}'")
    return sorted(found)


def app_options() -> dict[str, Any]:
    """What `rx.App` needs of the look: head, styles, language, no banners of Reflex's own."""
    return {
        "stylesheets": STYLESHEETS,
        "html_lang": "en",
        "head_components": [
            rx.el.script(src="/boot.js"),
            rx.el.link(rel="icon", href="/mark.svg", type="image/svg+xml"),
            rx.el.meta(
                name="theme-color", content="#f7f7f8", custom_attrs={"media": "(prefers-color-scheme: light)"}
            ),
            rx.el.meta(
                name="theme-color", content="#0f1013", custom_attrs={"media": "(prefers-color-scheme: dark)"}
            ),
        ],
        "toaster": None,
    }
