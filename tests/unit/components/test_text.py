"""What the Python side writes for the browser: a call of the viewer's `intl` object, and nothing formatted."""

from __future__ import annotations

import reflex as rx

from opsportal.components.text import chosen, date, money, t, t_code, t_var, tn

HOOK = "const intl = useIntl();"


def _js(var: rx.Var) -> str:
    return str(var)


def test_a_text_is_a_call_with_its_hook_and_import() -> None:
    var = t("Power off")
    assert _js(var) == '(intl.t("Power off"))'
    data = var._get_all_var_data()
    assert data is not None
    assert HOOK in data.hooks
    assert [name for name, _ in data.imports] == ["$/portal/intl"]


def test_parameters_are_passed_on() -> None:
    assert _js(t("Hello {name}", name="x")) == '(intl.t("Hello {name}", ({ ["name"] : "x" })))'


def test_quotes_and_markup_cannot_leave_the_string() -> None:
    assert _js(t('a"b</script>')) == '(intl.t("a\\"b</script>"))'


def test_plural_forms_take_both_msgids_and_the_number() -> None:
    assert _js(tn("{n} day", "{n} days", n=3)) == '(intl.tn("{n} day", "{n} days", 3, ({  })))'


def test_values_stay_as_they_are() -> None:
    assert _js(money(12900, "EUR")) == '(intl.money(12900, "EUR"))'
    assert _js(date("2026-12-14")) == '(intl.date("2026-12-14"))'
    assert _js(t_var("Power off", {"a": 1})) == '(intl.t("Power off", ({ ["a"] : 1 })))'


def test_a_code_is_looked_up_in_the_browser() -> None:
    code = rx.Var("code").to(str)
    assert _js(chosen(code, {"on": "ok"}, otherwise="mute")) == '(({ ["on"] : "ok" })[code] ?? "mute")'
    assert _js(t_code(code, {"on": "On"})) == '(intl.t((({ ["on"] : "On" })[code] ?? code)))'
