"""The browser's part of the portal, handed to Reflex: npm packages, JavaScript modules, catalogues, fonts.

rxconfig: `plugins=[PortalFrontend()]`. App: `rx.App(**app_options())`.
"""

from __future__ import annotations

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
    "@radix-ui/react-dropdown-menu@2.2.1",
    "@fontsource-variable/inter@5.3.0",
    "uplot@1.6.32",
    "@xterm/xterm@6.0.0",
    "@novnc/novnc@1.7.0",
    "@zxing/library@0.23.0",
    "react-markdown@10.1.0",
    "mdast-util-gfm-autolink-literal@2.1.0",
    "mdast-util-gfm-strikethrough@2.0.1",
    "mdast-util-gfm-table@2.0.1",
    "micromark-extension-gfm-autolink-literal@2.1.0",
    "micromark-extension-gfm-strikethrough@2.1.0",
    "micromark-extension-gfm-table@2.1.2",
)
STYLESHEETS = [
    "styles/tokens.css",
    "styles/base.css",
    "styles/shell.css",
    "styles/pieces.css",
    "styles/graph.css",
    "styles/tickets.css",
    "styles/billing.css",
    "styles/cards.css",
    "styles/network.css",
    "styles/inventory.css",
    "styles/provisioning.css",
    "styles/machine.css",
    "styles/consoles.css",
    "styles/print.css",
]


class Boundary(rx.Component):
    """Shows a page with a way on when our own JavaScript fails."""

    library = "$/portal/boundary"
    tag = "Boundary"


_DOCUMENT = "app/_document.js"
_THEME_SCRIPT = re.compile(r'jsx\("script",\{\},"(?:[^"\\]|\\.)*"\),')
_INLINE_SCRIPT = re.compile(r"<script(?P<attributes>[^>]*)>(?P<body>.*?)</script>", re.DOTALL | re.IGNORECASE)


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

    def pre_compile(self, **context: Any) -> None:
        """Take Reflex's inline theme script out of the document: /boot.js does its work."""
        context["add_modify_task"](_DOCUMENT, _without_theme_script)

    def post_build(self, **context: Any) -> None:
        """Leave no inline script in the pages, so that the CSP needs `script-src 'self'` and nothing else."""
        static_dir: Path = context["static_dir"]
        for page in static_dir.rglob("*.html"):
            page.write_text(
                _without_inline_scripts(page.read_text(encoding="utf-8"), static_dir), encoding="utf-8"
            )


def _without_theme_script(document: str) -> str:
    """The compiled document without its one script that has text: moved to a file, hydration would not know it."""
    shorter, found = _THEME_SCRIPT.subn("", document)
    if found != 1:
        raise ValueError(f"Reflex's document has {found} scripts with text, not the one for the theme.")
    return shorter


def _without_inline_scripts(html: str, static_dir: Path) -> str:
    """Move every inline script to a file named by its content, in the same place and order.

    React hydrates such an element as its own: it compares neither text nor `src` of a script that is not async.
    """

    def moved(script: re.Match[str]) -> str:
        attributes, body = script["attributes"], script["body"]
        if "src=" in attributes or not body:
            return script[0]
        # An async script would count as a loose resource that React adds itself; a module waits for the page anyway.
        attributes = attributes.replace(' async=""', "")
        name = f"inline-{hashlib.sha256(body.encode()).hexdigest()[:16]}.js"
        (static_dir / "assets" / name).write_text(body, encoding="utf-8")
        return f'<script{attributes} src="/assets/{name}"></script>'

    return _INLINE_SCRIPT.sub(moved, html)


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
        "app_wraps": {(55, "Boundary"): lambda stateful: Boundary.create()},
    }
