// One object with everything that depends on the viewer: texts, money, dates, numbers.
// Values arrive locale-independent (codes, ISO 8601 UTC, integer minor units) and are written here.
import { useSyncExternalStore } from "react";
import i18next, { regionalTag } from "$/portal/i18n";
import { RATES, VOLUMES, scaled } from "$/portal/figures";

const formatters = new Map();

function cached(kind, tag, options) {
  const key = `${kind}|${tag}|${JSON.stringify(options)}`;
  let formatter = formatters.get(key);
  if (!formatter) formatters.set(key, (formatter = new Intl[kind](tag, options)));
  return formatter;
}

const N_ = (msgid) => msgid;
const missing = (value) => value === null || value === undefined || value === "";
const isDateOnly = (iso) => /^\d{4}-\d{2}-\d{2}$/.test(iso);
const NOTHING = "–";

/** Milliseconds since the epoch of an ISO 8601 instant, or NaN. */
export const instant = (iso) => (missing(iso) ? NaN : Date.parse(iso));

function written(iso, tag, options, timeZone) {
  const at = instant(iso);
  if (Number.isNaN(at)) return NOTHING;
  // A calendar day is the same day for everybody: no time zone may move it.
  const zone = isDateOnly(iso) ? "UTC" : timeZone;
  return cached("DateTimeFormat", tag, { ...options, timeZone: zone }).format(at);
}

const TICKS = {
  time: { hour: "2-digit", minute: "2-digit" },
  day: { day: "numeric", month: "short" },
  month: { month: "short" },
  year: { month: "short", year: "numeric" },
  date: { dateStyle: "medium" },
};
const UNITS = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];
const AGO_UNITS = [["year", 31557600], ["month", 2629800], ["week", 604800], ...UNITS];

/** The currency's own symbol where the locale would only spell the code: "129,00 €", not "129,00 EUR". */
function moneyFormat(tag, currency) {
  const usual = cached("NumberFormat", tag, { style: "currency", currency });
  const spelled = usual.formatToParts(0).some((part) => part.type === "currency" && part.value === currency);
  return spelled
    ? cached("NumberFormat", tag, { style: "currency", currency, currencyDisplay: "narrowSymbol" })
    : usual;
}

function makeIntl(locale, tag = regionalTag(locale), timeZone = undefined) {
  // Bound to this locale: while a prerendered page is hydrated, another language may be loaded already.
  const text = i18next.getFixedT(locale);
  const number = (value, options = {}) =>
    missing(value) ? NOTHING : cached("NumberFormat", tag, options).format(value);

  const shown = (params) => {
    const out = {};
    for (const [name, value] of Object.entries(params)) {
      out[name] = typeof value === "number" && name !== "count" ? number(value) : value;
    }
    return out;
  };

  const measured = (value, units) => {
    if (missing(value)) return NOTHING;
    const { n, msgid } = scaled(value, units);
    return text(msgid, { n: number(n) });
  };

  const unit = (value, name) => number(value, { style: "unit", unit: name, unitDisplay: "narrow" });

  return {
    locale,
    tag,
    number,
    /** Text of a msgid; numbers among the parameters are written in the viewer's locale. */
    t: (msgid, params) => (missing(msgid) ? "" : text(msgid, params ? shown(params) : undefined)),
    /** Text of a msgid with plural forms, chosen by `n`. */
    tn: (msgid, plural, n, params = {}) => {
      const options = { ...shown({ n: n ?? 0, ...params }), count: n ?? 0 };
      return text(msgid, { ...options, defaultValue_one: msgid, defaultValue_other: plural });
    },
    /** Integer minor units and an ISO 4217 code. */
    money: (minor, currency) => {
      if (missing(minor) || missing(currency)) return NOTHING;
      const formatter = moneyFormat(tag, currency);
      return formatter.format(minor / 10 ** formatter.resolvedOptions().maximumFractionDigits);
    },
    /** Bits a second as "412 Mbit/s". */
    rate: (bps) => measured(bps, RATES),
    /** Bytes as "1.24 TB". */
    volume: (bytes) => measured(bytes, VOLUMES),
    /** Every digit of a whole number that may be too large for a JavaScript number: it comes as text. */
    whole: (digits) => (missing(digits) ? NOTHING : cached("NumberFormat", tag, {}).format(BigInt(digits))),
    /** From when to when, in ms; what both share is said once. Days of UTC are said to be. */
    range: (from, to, zone = timeZone) => {
      const options = { dateStyle: "medium", timeStyle: "short", timeZone: zone };
      return cached("DateTimeFormat", tag, options).formatRange(from, to);
    },
    /** A place on a time axis, in ms; `kind`: time, day, month, year or date. */
    tick: (at, kind, zone = timeZone) => written(new Date(at).toISOString(), tag, TICKS[kind], zone),
    date: (iso) => written(iso, tag, { dateStyle: "medium" }, timeZone),
    moment: (iso) => written(iso, tag, { dateStyle: "medium", timeStyle: "short" }, timeZone),
    exact: (iso) => written(iso, tag, { dateStyle: "full", timeStyle: "long" }, timeZone),
    time: (iso) => written(iso, tag, { timeStyle: "medium" }, timeZone),
    /** Seconds as the two largest units that say something: "4m 2s". */
    duration: (seconds) => {
      if (missing(seconds)) return NOTHING;
      if (seconds > 0 && seconds < 1) return `< ${unit(1, "second")}`;
      let rest = Math.max(0, Math.round(seconds));
      const parts = [];
      for (const [name, size] of UNITS) {
        const value = Math.floor(rest / size);
        if (value > 0 || (name === "second" && parts.length === 0)) parts.push(unit(value, name));
        rest -= value * size;
        if (parts.length === 2) break;
      }
      return parts.join(" ");
    },
    /** How long ago an instant was, seen from `now` (ms). A clock a little ahead of ours is "just now". */
    ago: (iso, now) => {
      const at = instant(iso);
      if (Number.isNaN(at)) return NOTHING;
      const seconds = Math.round((at - now) / 1000);
      if (seconds > -10 && seconds < 60) return text(N_("just now"));
      const [name, size] = AGO_UNITS.find(([, length]) => Math.abs(seconds) >= length);
      const format = cached("RelativeTimeFormat", tag, { numeric: "auto" });
      return format.format(Math.trunc(seconds / size), name);
    },
  };
}

// What the prerendered pages were written with; hydration has to see the same before it may differ.
const prerendered = makeIntl("en", "en-GB", "UTC");
let current = makeIntl("en");

function subscribe(listener) {
  const renew = () => {
    if (current.locale !== i18next.language) current = makeIntl(i18next.language);
    listener();
  };
  i18next.on("languageChanged", renew);
  return () => i18next.off("languageChanged", renew);
}

function snapshot() {
  if (current.locale !== i18next.language) current = makeIntl(i18next.language);
  return current;
}

/** The viewer's texts and formats; the component renders again when the language changes. */
export function useIntl() {
  return useSyncExternalStore(subscribe, snapshot, () => prerendered);
}
