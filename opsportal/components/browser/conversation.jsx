// Around a conversation: what of it is new, what was read, its tabs, and choices that take effect at once.
import { useEffect, useId, useRef } from "react";
import { Link, useLocation } from "react-router";
import { useIntl } from "$/portal/intl";

// What was new when the page was opened stays marked as long as it is open, though it counts as read at once.
let marked = { ticket: 0, message: 0 };

/** A line above the first message that was not read. */
export function NewLine({ ticket, message, first }) {
  const intl = useIntl();
  if (first > 0 && (marked.ticket !== ticket || !marked.message)) marked = { ticket, message: first };
  if (marked.ticket !== ticket || marked.message !== message) return null;
  return (
    <p className="new-line">
      <span>{intl.t("New messages")}</span>
    </p>
  );
}

/** Tells the portal that what is on the page was read: when it is looked at, and again when something comes. */
export function Seen({ ticket, message, newest, onSeen }) {
  const told = useRef("");
  useEffect(
    () => () => {
      marked = { ticket: 0, message: 0 };
    },
    [],
  );
  useEffect(() => {
    const tell = () => {
      const now = `${ticket}:${newest}`;
      if (!(ticket > 0) || !message || document.visibilityState !== "visible" || told.current === now) return;
      told.current = now;
      onSeen(ticket, message);
    };
    tell();
    document.addEventListener("visibilitychange", tell);
    return () => document.removeEventListener("visibilitychange", tell);
  }, [ticket, message, newest]);
  return null;
}

/** A tab that leads to another address; `set` names the query by which it knows that it is open. */
export function TabLink({ to, children }) {
  const { pathname, search } = useLocation();
  const [path, query] = to.split("?");
  const here = pathname.replace(/(.)\/$/, "$1") === path;
  const tab = (text) => new URLSearchParams(text ?? "").get("tab") ?? "";
  const isOpen = here && tab(search) === tab(query);
  return (
    <Link to={to} className={`tab ${isOpen ? "on" : ""}`} aria-current={isOpen ? "page" : undefined}>
      {children}
    </Link>
  );
}

/** A choice that takes effect at once: `options` are codes {value, msgid} or people {id, name}, with `none` for 0. */
export function Pick({ label, value, options, none, disabled, onPick }) {
  const intl = useIntl();
  const id = useId();
  const choices = (options ?? []).map((one) => ({ value: one.value ?? one.id, text: one.name ?? intl.t(one.msgid) }));
  if (none) choices.unshift({ value: 0, text: none });
  return (
    <div className="pick-field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        className="pick"
        value={String(value)}
        disabled={disabled}
        onChange={(event) => onPick(choices.find((one) => String(one.value) === event.target.value).value)}
      >
        {choices.map((one) => (
          <option key={one.value} value={String(one.value)}>
            {one.text}
          </option>
        ))}
      </select>
    </div>
  );
}
