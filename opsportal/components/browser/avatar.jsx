// The menu behind the avatar: the person's own pages, language, theme, signing out.
import { useContext, useEffect } from "react";
import { Link } from "react-router";
import * as Menu from "@radix-ui/react-dropdown-menu";
import { ColorModeContext } from "$/utils/context-registry";
import i18next, { LOCALES, setLocale, wantedLocale } from "$/portal/i18n";
import { useIntl } from "$/portal/intl";

// Each language is written in itself: who looks for it may read no other.
const LANGUAGES = { en: "English", uk: "Українська", es: "Español" };

const initials = (name) =>
  (name ?? "")
    .split(/\s+/)
    .filter(Boolean)
    .slice(0, 2)
    .map((word) => word[0].toUpperCase())
    .join("");

function Choice({ value, children }) {
  return (
    <Menu.RadioItem className="menu-item" value={value} onSelect={(event) => event.preventDefault()}>
      <span>{children}</span>
      <Menu.ItemIndicator className="menu-check">✓</Menu.ItemIndicator>
    </Menu.RadioItem>
  );
}

let known = ""; // the account's language as last heard of; a page that brings its own Avatar brings no news

export function Avatar({ name, email, locale: accountLocale, onLocale, signOutUrl }) {
  const intl = useIntl();
  useEffect(() => {
    // The account's language holds in every browser; this one remembers it for its next first paint.
    if (!accountLocale || accountLocale === known) return;
    known = accountLocale;
    if (accountLocale !== wantedLocale()) setLocale(accountLocale);
  }, [accountLocale]);
  const { rawColorMode, setColorMode } = useContext(ColorModeContext);
  const choose = (locale) => {
    setLocale(locale);
    onLocale?.(locale);
  };
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger className="avatar">
        <span aria-hidden="true">{initials(name)}</span>
        <span className="visually-hidden">{intl.t("Account menu of {name}", { name: name ?? "" })}</span>
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Content className="menu" align="end" sideOffset={8} collisionPadding={8}>
          <div className="menu-head">
            <b className="truncate">{name}</b>
            <small className="truncate">{email}</small>
          </div>
          <Menu.Separator className="menu-line" />
          <Menu.Item className="menu-item" asChild>
            <Link to="/account">{intl.t("My account")}</Link>
          </Menu.Item>
          <Menu.Item className="menu-item" asChild>
            <Link to="/account/password">{intl.t("Change password")}</Link>
          </Menu.Item>
          <Menu.Item className="menu-item" asChild>
            <Link to="/account/two-factor">{intl.t("Two-factor authentication")}</Link>
          </Menu.Item>
          <Menu.Separator className="menu-line" />
          <Menu.Label className="menu-label">{intl.t("Language")}</Menu.Label>
          <Menu.RadioGroup value={i18next.language} onValueChange={choose}>
            {LOCALES.map((locale) => (
              <Choice key={locale} value={locale}>
                <span lang={locale}>{LANGUAGES[locale]}</span>
              </Choice>
            ))}
          </Menu.RadioGroup>
          <Menu.Separator className="menu-line" />
          <Menu.Label className="menu-label">{intl.t("Theme")}</Menu.Label>
          <Menu.RadioGroup value={rawColorMode} onValueChange={setColorMode}>
            <Choice value="light">{intl.t("Light")}</Choice>
            <Choice value="dark">{intl.t("Dark")}</Choice>
            <Choice value="system">{intl.t("As the system")}</Choice>
          </Menu.RadioGroup>
          <Menu.Separator className="menu-line" />
          <Menu.Item className="menu-item" onSelect={() => leave(signOutUrl)}>
            {intl.t("Log out")}
          </Menu.Item>
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
}

/** Sign out by a POST, so that no link elsewhere can do it, and start afresh. */
async function leave(url) {
  try {
    await fetch(url, { method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json" }, body: "{}" });
  } finally {
    location.assign("/sign-in");
  }
}

/** Language and theme for pages without an account: small, in a corner. */
export function Preferences() {
  const intl = useIntl();
  const { rawColorMode, setColorMode } = useContext(ColorModeContext);
  return (
    <div className="preferences">
      <label>
        <span className="visually-hidden">{intl.t("Language")}</span>
        <select value={intl.locale} onChange={(event) => setLocale(event.target.value)}>
          {LOCALES.map((locale) => (
            <option key={locale} value={locale} lang={locale}>
              {LANGUAGES[locale]}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span className="visually-hidden">{intl.t("Theme")}</span>
        <select value={rawColorMode} onChange={(event) => setColorMode(event.target.value)}>
          <option value="light">{intl.t("Light")}</option>
          <option value="dark">{intl.t("Dark")}</option>
          <option value="system">{intl.t("As the system")}</option>
        </select>
      </label>
    </div>
  );
}
