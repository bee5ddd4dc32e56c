// Texts of the portal in the viewer's language.
//
// English msgids are the keys, so English needs only its plural forms, which are
// bundled. Other languages are separate chunks, fetched once, when first chosen.
import i18next from "i18next";
import english from "$/portal/catalogues/en";

const LOADERS = {
  uk: () => import("$/portal/catalogues/uk"),
  es: () => import("$/portal/catalogues/es"),
};
const STORAGE_KEY = "locale";
// Without a regional preference of the viewer: day before month, 24 hours, as in the rest of Europe.
const DEFAULT_TAGS = { en: "en-GB", uk: "uk-UA", es: "es-ES" };

export const LOCALES = ["en", "uk", "es"];

i18next.init({
  lng: "en",
  fallbackLng: "en",
  resources: { en: { translation: english } },
  // A msgid is a sentence: dots and colons in it are punctuation, not paths.
  keySeparator: false,
  nsSeparator: false,
  contextSeparator: "\u0004",
  returnEmptyString: false,
  initAsync: false,
  showSupportNotice: false,
  interpolation: { prefix: "{", suffix: "}", escapeValue: false },
});

function preferred() {
  if (typeof window === "undefined") return [];
  return navigator.languages ?? [navigator.language];
}

/** The locale remembered in this browser, else the first one the browser asks for that we speak. */
export function initialLocale() {
  try {
    const saved = localStorage.getItem(STORAGE_KEY);
    if (LOCALES.includes(saved)) return saved;
  } catch {
    // Storage may be blocked: the browser's preference decides then.
  }
  const wanted = preferred().map((tag) => tag.toLowerCase().split("-")[0]);
  return wanted.find((language) => LOCALES.includes(language)) ?? "en";
}

/** The BCP 47 tag numbers and dates are written in: the viewer's own region where the language matches. */
export function regionalTag(locale) {
  const own = preferred().find((tag) => tag.toLowerCase().split("-")[0] === locale && tag.includes("-"));
  return own ?? DEFAULT_TAGS[locale] ?? locale;
}

let wanted = "en"; // the last one that was asked for: its texts may still be on their way

/** The locale that this page has, or will have in a moment. */
export function wantedLocale() {
  return wanted;
}

async function load(locale) {
  if (i18next.hasResourceBundle(locale, "translation")) return;
  const catalogue = await LOADERS[locale]();
  i18next.addResourceBundle(locale, "translation", catalogue.default);
}

function show(locale) {
  document.documentElement.lang = locale;
  // boot.js hides the page while a remembered language is on its way.
  document.documentElement.classList.remove("awaiting-text");
}

/** Switch every open text to `locale` without a reload; remembered in this browser unless told otherwise. */
export async function setLocale(locale, { remember = true } = {}) {
  if (!LOCALES.includes(locale)) return;
  wanted = locale;
  try {
    await load(locale);
    if (wanted !== locale) return; // another one was asked for meanwhile
    await i18next.changeLanguage(locale);
    if (remember) localStorage.setItem(STORAGE_KEY, locale);
  } finally {
    // A catalogue that cannot be fetched leaves the page readable in English.
    if (wanted === locale) show(i18next.language);
  }
}

if (typeof window !== "undefined") {
  const locale = initialLocale();
  if (locale === "en") show(locale);
  else setLocale(locale, { remember: false });
}

export default i18next;
