"""The names of Reflex's inside that the stack relies on are still what they were."""

from __future__ import annotations

import pytest
from reflex_base import constants
from reflex_base.environment import environment

from stack import reflex_inside
from stack.same_origin import PLACEHOLDER


def test_names_are_reflexs_own() -> None:
    assert environment.REFLEX_SKIP_COMPILE.name == reflex_inside.SKIP_COMPILE
    assert environment.REFLEX_MOUNT_FRONTEND_COMPILED_APP.name == reflex_inside.MOUNT_FRONTEND
    assert environment.REFLEX_COMPILE_CONTEXT.name == reflex_inside.COMPILE_CONTEXT


def test_values_mean_what_we_think(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**reflex_inside.BUILD, **reflex_inside.SERVE_WHAT_IS_BUILT}.items():
        monkeypatch.setenv(name, value)
    assert environment.REFLEX_SKIP_COMPILE.get() is True
    assert environment.REFLEX_MOUNT_FRONTEND_COMPILED_APP.get() is True
    assert environment.REFLEX_COMPILE_CONTEXT.get() is constants.CompileContext.EXPORT
    assert environment.REFLEX_ENV_MODE.get() is constants.Env.PROD
    assert environment.REFLEX_USE_NPM.get() is True
    assert environment.REFLEX_CHECK_LATEST_VERSION.get() is False


def test_build_goes_where_the_web_process_looks() -> None:
    assert constants.Dirs.WEB == reflex_inside.WEB
    assert constants.Dirs.STATIC == reflex_inside.STATIC


def test_configuration_is_closed_by_default() -> None:
    from rxconfig import config

    assert config.api_url == PLACEHOLDER
    assert config.cors_allowed_origins == ["http://127.0.0.1:8000"]
    assert config.backend_host == "127.0.0.1"
    assert config.state_auto_setters is False
    assert config.telemetry_enabled is False
    assert config.show_built_with_reflex is False
    assert "SameOriginPlugin" in [type(plugin).__name__ for plugin in config.plugins]
    assert "SitemapPlugin" not in [type(plugin).__name__ for plugin in config.plugins]
