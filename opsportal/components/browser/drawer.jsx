// The left menu, which on a narrow screen is a drawer over the page.
import { useEffect, useRef, useSyncExternalStore } from "react";
import { useLocation } from "react-router";
import { useIntl } from "$/portal/intl";

const NARROW = "(max-width: 860px)";
const listeners = new Set();
let isOpen = false;

function setOpen(value) {
  isOpen = value;
  listeners.forEach((listener) => listener());
}

const subscribe = (listener) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};
const useOpen = () => useSyncExternalStore(subscribe, () => isOpen, () => false);

function subscribeNarrow(listener) {
  const media = window.matchMedia(NARROW);
  media.addEventListener("change", listener);
  return () => media.removeEventListener("change", listener);
}
const useNarrow = () => useSyncExternalStore(subscribeNarrow, () => window.matchMedia(NARROW).matches, () => false);

export function DrawerButton() {
  const intl = useIntl();
  const open = useOpen();
  return (
    <button
      type="button"
      className="burger"
      aria-expanded={open}
      aria-controls="side"
      aria-label={intl.t("Menu")}
      onClick={() => setOpen(!isOpen)}
    >
      <svg viewBox="0 0 18 18" aria-hidden="true">
        <path d="M2 5h14M2 9h14M2 13h14" />
      </svg>
    </button>
  );
}

export function Side({ children }) {
  const intl = useIntl();
  const open = useOpen();
  const narrow = useNarrow();
  const panel = useRef(null);
  const { pathname, search } = useLocation();
  useEffect(() => setOpen(false), [pathname, search]);
  useEffect(() => {
    if (!open || !narrow) return undefined;
    panel.current?.querySelector("a")?.focus();
    const close = (event) => event.key === "Escape" && setOpen(false);
    window.addEventListener("keydown", close);
    return () => {
      window.removeEventListener("keydown", close);
      document.querySelector(".burger")?.focus();
    };
  }, [open, narrow]);
  return (
    <>
      <nav
        id="side"
        ref={panel}
        className={`side ${open ? "open" : ""}`}
        aria-label={intl.t("Menu")}
        inert={narrow && !open}
      >
        {children}
      </nav>
      {narrow && open ? <div className="scrim" onClick={() => setOpen(false)} /> : null}
    </>
  );
}
