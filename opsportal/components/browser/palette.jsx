// ⌘K: every page at once, servers and services by searching.
import { useEffect, useId, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { useNavigate } from "react-router";
import { Dialog } from "$/portal/dialog";
import { useIntl } from "$/portal/intl";

const SEARCH_AFTER_MS = 150;
const plain = (text) => (text ?? "").toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
const isMac = () => /mac|iphone|ipad/i.test(navigator.userAgentData?.platform ?? navigator.platform ?? "");

// Not in the component: every page brings a Palette of its own, and one may lead to the next by itself.
const CLOSED = { open: false, text: "", at: 0 };
let now = CLOSED;
const listeners = new Set();

function put(part) {
  now = { ...now, ...part };
  listeners.forEach((listener) => listener());
}

function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Opens the palette from anywhere. */
export function PaletteButton() {
  const intl = useIntl();
  const [mac, setMac] = useState(false);
  useEffect(() => setMac(isMac()), []);
  return (
    <button
      type="button"
      className="palette-button"
      aria-keyshortcuts="Control+K Meta+K"
      onClick={() => window.dispatchEvent(new Event("portal:palette"))}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <circle cx="7" cy="7" r="4.5" />
        <path d="m10.5 10.5 3 3" />
      </svg>
      <span className="palette-word">{intl.t("Search")}</span>
      <kbd aria-hidden="true">{mac ? "⌘K" : "Ctrl K"}</kbd>
    </button>
  );
}

export function Palette({ pages, hits, query, onSearch }) {
  const intl = useIntl();
  const navigate = useNavigate();
  const listId = useId();
  const { open, text, at } = useSyncExternalStore(subscribe, () => now, () => CLOSED);
  const asked = useRef("");

  useEffect(() => {
    const show = () => put({ ...CLOSED, open: true });
    const key = (event) => {
      if ((event.metaKey || event.ctrlKey) && !event.altKey && event.code === "KeyK") {
        event.preventDefault();
        show();
      }
    };
    window.addEventListener("portal:palette", show);
    window.addEventListener("keydown", key);
    return () => {
      window.removeEventListener("portal:palette", show);
      window.removeEventListener("keydown", key);
    };
  }, []);

  useEffect(() => {
    const wanted = text.trim();
    if (!open || wanted === asked.current || (wanted.length < 2 && !asked.current)) return undefined;
    const timer = setTimeout(() => {
      asked.current = wanted;
      onSearch?.(wanted);
    }, SEARCH_AFTER_MS);
    return () => clearTimeout(timer);
  }, [text, open]);

  const items = useMemo(() => {
    const words = plain(text).split(/\s+/).filter(Boolean);
    const found = (pages ?? []).filter((page) => words.every((word) => plain(page.label).includes(word)));
    // What was found for other words stays while it has these words, too: Enter leads to nothing that was not typed.
    const isAbout = (hit) => query === text.trim() || words.every((word) => plain(`${hit.label} ${hit.detail}`).includes(word));
    const deeper = text.trim().length >= 2 ? (hits ?? []).filter(isAbout) : [];
    return [...found.map((page) => ({ ...page, kind: "page" })), ...deeper];
  }, [pages, hits, query, text]);

  const isAnswered = text.trim().length < 2 || query === text.trim();
  const close = () => put({ open: false });
  const go = (item) => {
    if (!item) return;
    close();
    navigate(item.href);
  };
  const keys = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && items.length) {
      event.preventDefault();
      put({ at: (at + step + items.length) % items.length });
    } else if (event.key === "Enter") {
      event.preventDefault();
      go(items[Math.min(at, items.length - 1)]);
    }
  };
  const chosen = Math.min(at, items.length - 1);
  const kinds = {
    page: intl.t("Page"),
    company: intl.t("Company"),
    invoice: intl.t("Invoice"),
    ticket: intl.t("Ticket"),
    server: intl.t("Server"),
    part: intl.t("Part"),
    rack: intl.t("Rack"),
    switch: intl.t("Switch"),
    port: intl.t("Port"),
    prefix: intl.t("Prefix"),
    site: intl.t("Site"),
    job: intl.t("Job"),
    cable: intl.t("Cable"),
    address: intl.t("Address"),
    order: intl.t("Hardware order"),
    bmc: intl.t("BMC"),
    storage: intl.t("Storage"),
    hosting: intl.t("Hosting"),
    vpn: intl.t("VPN"),
    domain: intl.t("Domain"),
  };

  return (
    <Dialog open={open} onClose={close} className="palette">
      <input
        className="palette-input"
        role="combobox"
        aria-expanded="true"
        aria-controls={listId}
        aria-activedescendant={items.length ? `${listId}-${chosen}` : undefined}
        aria-label={intl.t("Search pages, servers and services")}
        placeholder={intl.t("Search pages, servers and services")}
        value={text}
        autoFocus
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => put({ text: event.target.value, at: 0 })}
        onKeyDown={keys}
      />
      <ul id={listId} role="listbox" className="palette-list" aria-label={intl.t("Results")}>
        {items.map((item, index) => (
          <li
            key={`${item.kind}-${item.href}-${item.label}`}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={index === chosen}
            ref={index === chosen ? (node) => node?.scrollIntoView({ block: "nearest" }) : undefined}
            onMouseMove={() => index !== chosen && put({ at: index })}
            onClick={() => go(item)}
          >
            <span className="truncate">
              {item.label}
              {item.detail ? <small>{item.detail}</small> : null}
            </span>
            <small>{kinds[item.kind] ?? item.kind}</small>
          </li>
        ))}
      </ul>
      {items.length === 0 && isAnswered ? <p className="palette-none sub">{intl.t("Nothing found. Try a host name or an address.")}</p> : null}
    </Dialog>
  );
}
