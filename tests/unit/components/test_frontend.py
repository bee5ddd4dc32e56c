"""The build has no inline script left, and what our plugin changes in Reflex's output is still there to change."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import reflex as rx

from opsportal.components import frontend
from opsportal.components.elements import link
from opsportal.components.frontend import PortalFrontend
from opsportal.pages import PAGES, Page

PAGE = (
    '<html><head><script src="/boot.js"></script><script>let a = "</p>";</script></head>'
    '<body><script type="module" async="">import "/assets/x.js"</script><script id="_R_">b()</script></body></html>'
)


def test_inline_scripts_become_files(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "account").mkdir()
    pages = [tmp_path / "index.html", tmp_path / "account" / "index.html"]
    for page in pages:
        page.write_text(PAGE)

    PortalFrontend().post_build(static_dir=tmp_path)

    names = [
        f"inline-{hashlib.sha256(body.encode()).hexdigest()[:16]}.js"
        for body in ('let a = "</p>";', 'import "/assets/x.js"', "b()")
    ]
    assert sorted(file.name for file in (tmp_path / "assets").iterdir()) == sorted(names)
    assert (tmp_path / "assets" / names[0]).read_text() == 'let a = "</p>";'
    for page in pages:
        html = page.read_text()
        assert re.findall(r"<script([^>]*)>(.*?)</script>", html) == [
            (' src="/boot.js"', ""),
            (f' src="/assets/{names[0]}"', ""),
            (f' type="module" src="/assets/{names[1]}"', ""),
            (f' id="_R_" src="/assets/{names[2]}"', ""),
        ]


def test_the_theme_script_is_taken_out_of_the_document() -> None:
    document = 'jsx("head",{},jsx("script",{},"\\n// \\"quoted\\"\\n"),jsx("script",{src:"/boot.js"},))'
    assert frontend._without_theme_script(document) == 'jsx("head",{},jsx("script",{src:"/boot.js"},))'


@pytest.mark.parametrize("document", ["", 'jsx("script",{},"a"),jsx("script",{},"b"),'])
def test_an_unknown_document_stops_the_build(document: str) -> None:
    with pytest.raises(ValueError, match="scripts with text"):
        frontend._without_theme_script(document)


def test_reflex_still_writes_the_script_that_is_taken_out() -> None:
    from reflex.utils.misc import preload_color_theme
    from reflex_base.compiler.templates import component_template
    from reflex_base.components.component import Component

    script = preload_color_theme("system")
    assert isinstance(script, Component)
    assert frontend._without_theme_script(component_template(script) + ",") == ""


def test_every_module_and_catalogue_is_in_the_build() -> None:
    assets = {path.as_posix(): content for path, content in PortalFrontend().get_static_assets()}
    assert {"portal/i18n.js", "portal/intl.js", "portal/forms.jsx"} <= assets.keys()
    assert {f"portal/catalogues/{locale}.js" for locale in ("en", "uk", "es")} <= assets.keys()
    imported = {
        name
        for content in assets.values()
        for name in re.findall(r'(?:from|import\() ?"\$/(portal/[\w/]+)"', str(content))
    }
    missing = {name for name in imported if f"{name}.js" not in assets and f"{name}.jsx" not in assets}
    assert missing == set()


def test_packages_have_exact_versions() -> None:
    assert [
        package for package in frontend.PACKAGES if not re.fullmatch(r"@?[\w/-]+@\d+\.\d+\.\d+", package)
    ] == []


def test_our_modules_name_no_other_host_and_evaluate_nothing() -> None:
    found = {
        (path.as_posix(), match)
        for path, content in PortalFrontend().get_static_assets()
        if "catalogues" not in path.as_posix()
        for match in re.findall(
            r"https?://|\beval\(|new Function|dangerouslySetInnerHTML|\bstyle=", str(content)
        )
    }
    assert found == set()


def styled(rendered: Any) -> Iterator[str]:
    """What Reflex would write as a style element in the page: properties that it does not know as attributes."""
    if isinstance(rendered, dict):
        yield from (
            f"{rendered.get('name')} {prop}" for prop in rendered.get("props", ()) if prop.startswith("css:")
        )
        rendered = list(rendered.values())
    if isinstance(rendered, list | tuple):
        for part in rendered:
            yield from styled(part)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.route)
def test_no_page_has_a_style_of_its_own_or_shows_text_as_markup(page: Page) -> None:
    rendered = page.component().render()
    assert set(styled(rendered)) == set()
    assert "dangerouslySetInnerHTML" not in repr(rendered)


def test_a_style_is_found() -> None:
    inner = link("one", to="/", title="an attribute that links do not know")
    assert (
        len(
            set(
                styled(rx.el.div(rx.cond(PAGES[0].title, rx.el.svg(rx.el.path(fill="#000")), inner)).render())
            )
        )
        == 2
    )
