// Small pieces with behaviour of their own.
import { useEffect, useRef, useState } from "react";
import { Link } from "react-router";
import * as Menu from "@radix-ui/react-dropdown-menu";
import { useIntl } from "$/portal/intl";
import { notify, useNoticed } from "$/portal/notices";

const NO_WORD_MS = 3_000;
const NEVER = -1;

/** Flashes its content once when the value it shows has changed; not when it first appears. */
export function Flash({ of, children, className }) {
  const before = useRef(of);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (before.current !== of) {
      before.current = of;
      setTurn((count) => count + 1);
    }
  }, [of]);
  return (
    <span key={turn} className={`${className ?? ""} ${turn ? "flash" : ""}`}>
      {children}
    </span>
  );
}

/**
 * A button that sends an event, once however often it is pressed: its press is on its way until the page has taken the
 * button away or changed whether it can be pressed, the portal has said something, or some seconds are over.
 */
export function Press({ onClick, disabled, children, ...rest }) {
  const noticed = useNoticed();
  const [pressedAt, setPressedAt] = useState(NEVER);
  const pressed = useRef(NEVER); // the same, known at once
  const put = (at) => {
    pressed.current = at;
    setPressedAt(at);
  };
  useEffect(() => put(NEVER), [disabled]);
  useEffect(() => {
    if (pressedAt === NEVER) return undefined;
    const timer = setTimeout(() => put(NEVER), NO_WORD_MS);
    return () => clearTimeout(timer);
  }, [pressedAt]);
  const press = (event) => {
    if (pressed.current === noticed) return;
    put(noticed);
    onClick?.(event);
  };
  // Not `disabled` while it is on its way: that would take the keyboard's focus from it.
  return (
    <button {...rest} disabled={disabled} aria-disabled={pressedAt === noticed || undefined} onClick={press}>
      {children}
    </button>
  );
}

/** A value in fixed-width letters with a button that copies it. */
export function Copyable({ value, hidden, shown }) {
  const intl = useIntl();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(value ?? "");
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <span className="copyable">
      <code>{hidden ? "••••••••" : (shown ?? value)}</code>
      <button type="button" className="btn ghost icon" onClick={copy} aria-label={intl.t("Copy")}>
        <svg viewBox="0 0 16 16" aria-hidden="true">
          {copied ? <path d="m3.5 8.5 3 3 6-7" /> : <path d="M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z" />}
        </svg>
      </button>
      <span className="visually-hidden" role="status">
        {copied ? intl.t("Copied") : ""}
      </span>
    </span>
  );
}

/** "Good morning, Olena", by the viewer's own clock. */
export function Greeting({ name }) {
  const intl = useIntl();
  const [hour, setHour] = useState(null);
  useEffect(() => setHour(new Date().getHours()), []);
  if (!name || hour === null) return <span className="skeleton title" />;
  const first = name.split(" ")[0];
  if (hour >= 5 && hour < 12) return intl.t("Good morning, {name}", { name: first });
  if (hour >= 12 && hour < 18) return intl.t("Good afternoon, {name}", { name: first });
  return intl.t("Good evening, {name}", { name: first });
}

/** The actions of a row: links, and values to copy. An item without a target is left out. */
export function RowMenu({ label, items }) {
  const intl = useIntl();
  const copy = async (value) => {
    await navigator.clipboard.writeText(value);
    notify({ kind: "ok", msgid: N_("Copied") });
  };
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger className="btn ghost icon" aria-label={label}>
        <svg viewBox="0 0 16 16" aria-hidden="true" className="dots">
          <circle cx="3" cy="8" r="1" />
          <circle cx="8" cy="8" r="1" />
          <circle cx="13" cy="8" r="1" />
        </svg>
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Content className="menu" align="end" sideOffset={4} collisionPadding={8}>
          {items
            .filter((item) => item.to || item.copy)
            .map((item) =>
              item.to ? (
                <Menu.Item key={item.text} className="menu-item" asChild>
                  <Link to={item.to}>{intl.t(item.text)}</Link>
                </Menu.Item>
              ) : (
                <Menu.Item key={item.text} className="menu-item" onSelect={() => copy(item.copy)}>
                  {intl.t(item.text)}
                </Menu.Item>
              ),
            )}
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
}

const BROWSERS = [
  ["Edge", /Edg(?:e|A|iOS)?\/(\d+)/],
  ["Opera", /OPR\/(\d+)/],
  ["Firefox", /(?:Firefox|FxiOS)\/(\d+)/],
  ["Chrome", /(?:Headless)?(?:Chrome|CriOS)\/(\d+)/],
  ["Safari", /Version\/(\d+).*Safari/],
];
const SYSTEMS = [
  ["Android", /Android/],
  ["iOS", /iPhone|iPad/],
  ["Windows", /Windows/],
  ["macOS", /Mac OS X|Macintosh/],
  ["Linux", /Linux|X11/],
];

/** "Firefox 131 · Linux" of a user agent; the agent itself where it is none we know. */
export function Agent({ value }) {
  const text = value ?? "";
  const browser = BROWSERS.map(([name, pattern]) => [name, text.match(pattern)]).find(([, found]) => found);
  const system = SYSTEMS.find(([, pattern]) => pattern.test(text));
  const parts = [browser && `${browser[0]} ${browser[1][1]}`, system?.[0]].filter(Boolean);
  return <span title={text}>{parts.length ? parts.join(" · ") : text.slice(0, 60)}</span>;
}

function N_(msgid) {
  return msgid;
}
