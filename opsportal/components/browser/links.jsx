// Links that change the address without a reload: the URL is the state of every page.
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { Link, useLocation, useNavigate, useNavigation } from "react-router";

const isHere = (pathname, to) => pathname === to || (to !== "/" && pathname.startsWith(`${to}/`));

/**
 * The address, without its query while a prerendered page is hydrated: pages are prerendered without one, and React
 * keeps the attributes that it finds. Set before the first paint.
 */
function useAddress() {
  const { pathname, search } = useLocation();
  const [isThere, setThere] = useState(false);
  useLayoutEffect(() => setThere(true), []);
  return { pathname, search: isThere ? search : "" };
}

/** A link inside the portal. */
export function A({ to, children, className, ...rest }) {
  return (
    <Link to={to ?? "/"} className={className} {...rest}>
      {children}
    </Link>
  );
}

/**
 * Leads on from a page to where what it would show has its place. The page does it, not an event of the portal's: that
 * would lead away from wherever somebody has gone meanwhile, or is about to go.
 */
export function Moved({ to }) {
  const navigate = useNavigate();
  const { state } = useNavigation();
  useEffect(() => {
    if (to && state === "idle") navigate(to, { replace: true });
  }, [to, state]);
  return null;
}

/** A link whose answer the browser saves: no page of ours, so nothing of ours may take the click. */
export function Saved({ href, children, className, name }) {
  return (
    <a href={href} download={name ?? ""} className={className}>
      {children}
    </a>
  );
}

/** A link of the left menu: marked while its page, or a page below it, is open. `to` may hold a query. */
export function NavItem({ to, label, count, icon, also, exact }) {
  const { pathname, search } = useAddress();
  const [path, query] = to.split("?");
  const wanted = new URLSearchParams(query);
  const now = new URLSearchParams(search);
  const sameQuery = [...wanted].every(([key, value]) => now.get(key) === value);
  // A menu entry with a filter shares its path with the one without: only one of them may be marked.
  const isFiltered = path === "/services" && !query && now.get("family");
  const here = exact ? pathname.replace(/(.)\/$/, "$1") === path : isHere(pathname, path);
  const active = (also && isHere(pathname, also)) || (here && sameQuery && !isFiltered);
  return (
    <Link to={to} className={active ? "on" : undefined} aria-current={active ? "page" : undefined}>
      <span className="nav-text">
        {icon}
        <span className="truncate">{label}</span>
      </span>
      {count === null || count === undefined || count === "" ? null : <b className="num">{count}</b>}
    </Link>
  );
}

/** The address with some query parameters set; an empty value removes one. Any change returns to page one. */
function changed(search, set) {
  const query = new URLSearchParams(search);
  if (!("page" in set)) query.delete("page");
  for (const [key, value] of Object.entries(set)) {
    if (value === "" || value === null || value === undefined) query.delete(key);
    else query.set(key, String(value));
  }
  const text = query.toString();
  return text ? `?${text}` : "";
}

/** On a phone a row of tabs is wider than the screen: it scrolls so that the open one is seen; the page stays. */
function bringIntoItsRow(link) {
  const row = link?.closest("nav");
  if (!row || row.scrollWidth <= row.clientWidth) return;
  const [inner, outer] = [link.getBoundingClientRect(), row.getBoundingClientRect()];
  if (inner.left < outer.left || inner.right > outer.right) row.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
}

/** A filter chip or tab: sets query parameters, and knows whether they are set; `initial`: what an absent one means. */
export function QueryLink({ set, initial, children, className, role }) {
  const { pathname, search } = useAddress();
  const now = new URLSearchParams(search);
  const active = Object.entries(set).every(([key, value]) => (now.get(key) ?? initial?.[key] ?? "") === String(value ?? ""));
  const link = useRef(null);
  useEffect(() => {
    if (active) bringIntoItsRow(link.current);
  }, [active]);
  return (
    <Link
      ref={link}
      to={pathname + changed(search, set)}
      className={`${className ?? ""} ${active ? "on" : ""}`}
      aria-current={active ? "true" : undefined}
      role={role}
      preventScrollReset
    >
      {children}
    </Link>
  );
}

/** A search box whose text lives in the query; what is being typed is never replaced. */
export function SearchField({ param = "q", label }) {
  const { pathname, search } = useLocation();
  const navigate = useNavigate();
  const { state } = useNavigation();
  const inAddress = new URLSearchParams(search).get(param) ?? "";
  const [text, setText] = useState(inAddress);
  const box = useRef(null);
  const typed = useRef(inAddress.trim());
  useEffect(() => {
    // The bare page was there before this code: what was typed into it counts.
    if (box.current.value !== text) setText(box.current.value);
  }, []);
  useEffect(() => {
    // Back, forward or a cleared filter changed the address: follow it, unless it is our own echo, also an older one.
    const now = new URLSearchParams(window.location.search).get(param) ?? "";
    if (now.trim() !== typed.current) {
      typed.current = now.trim();
      setText(now);
    }
  }, [inAddress]);
  const wanted = text.trim();
  useEffect(() => {
    // A link that was followed meanwhile comes first: to another page, or to another filter of this one.
    if (wanted === typed.current || state !== "idle") return undefined;
    const timer = setTimeout(() => {
      if (window.location.pathname !== pathname) return;
      typed.current = wanted;
      const to = pathname + changed(window.location.search, { [param]: wanted });
      navigate(to, { replace: true, preventScrollReset: true });
    }, 250);
    return () => clearTimeout(timer);
  }, [wanted, state]);
  return (
    <label className="search">
      <span className="visually-hidden">{label}</span>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <circle cx="7" cy="7" r="4.5" />
        <path d="m10.5 10.5 3 3" />
      </svg>
      <input ref={box} type="search" value={text} placeholder={label} onChange={(event) => setText(event.target.value)} />
    </label>
  );
}

/** Page numbers of a list, in the query. */
export function Pages({ page, pages, label, previous, next }) {
  const { pathname, search } = useLocation();
  if (!(pages > 1)) return null;
  const to = (number) => pathname + changed(search, { page: number > 1 ? number : "" });
  const step = (number, text, arrow) =>
    number < 1 || number > pages ? (
      <span className="btn" aria-disabled="true">{arrow}<span className="visually-hidden">{text}</span></span>
    ) : (
      <Link className="btn" to={to(number)}>{arrow}<span className="visually-hidden">{text}</span></Link>
    );
  return (
    <nav className="pages" aria-label={label}>
      {step(page - 1, previous, "←")}
      <span className="num sub">{`${page} / ${pages}`}</span>
      {step(page + 1, next, "→")}
    </nav>
  );
}

/** After a link to another page, moves the focus to its content: a screen reader begins there. */
let arrivedAt = null; // not in the component: every page brings an Arrival of its own
export function Arrival() {
  const { pathname } = useLocation();
  // As the page is drawn: later, somebody may have begun to type on it.
  useLayoutEffect(() => {
    if (arrivedAt !== null && arrivedAt !== pathname) document.getElementById("main")?.focus({ preventScroll: true });
    arrivedAt = pathname;
  }, [pathname]);
  return null;
}
