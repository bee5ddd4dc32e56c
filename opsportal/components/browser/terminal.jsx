// A serial console as a terminal (xterm.js). A chunk of its own: only an open console fetches it.
import { useEffect, useRef } from "react";
import { Terminal as Xterm } from "@xterm/xterm";
import { tidyUp } from "$/portal/faults";
import "@xterm/xterm/css/xterm.css";

// A serial line has no size: firmware, boot loaders and login programs all take it for a terminal of 80 by 24.
const COLUMNS = 80;
const ROWS = 24;
const SMALLEST = 6.5;
const LARGEST = 15;
const CHARACTER = 0.603;

const THEME = {
  background: "#0d0e11",
  foreground: "#e6e6ea",
  cursor: "#8aa2ff",
  selectionBackground: "#3a4570",
};

/** An element that takes the text of a <style> and keeps it in a constructed sheet, which the page's policy allows. */
function sheetElement(real) {
  const element = real.createElement("span");
  const sheet = new CSSStyleSheet();
  real.adoptedStyleSheets = [...real.adoptedStyleSheets, sheet];
  element.hidden = true;
  Object.defineProperty(element, "textContent", { set: (text) => sheet.replaceSync(text) });
  element.remove = () => {
    real.adoptedStyleSheets = real.adoptedStyleSheets.filter((one) => one !== sheet);
    Element.prototype.remove.call(element);
  };
  return element;
}

/** An element whose style attribute is set property by property: the policy forbids the attribute itself. */
function styledElement(element) {
  element.setAttribute = (name, value) => {
    if (name === "style") element.style.cssText = value;
    else Element.prototype.setAttribute.call(element, name, value);
  };
  return element;
}

/** The document as xterm.js sees it: nothing that it makes needs inline styles. */
function strictDocument(real) {
  const create = real.createElement.bind(real);
  const createElement = (tag, ...more) => {
    if (tag === "style") return sheetElement(real);
    return tag === "span" ? styledElement(create(tag, ...more)) : create(tag, ...more);
  };
  return new Proxy(real, {
    get(target, name) {
      if (name === "createElement") return createElement;
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** What draws rows takes the real document whatever it was told: a selection and 24-bit colours are style attributes. */
function drawStrictly(terminal, strict) {
  const rows = terminal._core?._renderService?._renderer?.value?._rowFactory;
  if (rows) rows._document = strict;
}

/** xterm.js asks the real document for one of its style elements, and only while it opens. */
function openStrictly(terminal, place, strict) {
  const real = document;
  const create = real.createElement.bind(real);
  real.createElement = (tag, ...more) => (tag === "style" ? sheetElement(real) : create(tag, ...more));
  try {
    terminal.open(place);
  } finally {
    delete real.createElement;
  }
  drawStrictly(terminal, strict);
}

function sizeFor(width) {
  return Math.max(SMALLEST, Math.min(LARGEST, Math.floor((width / COLUMNS / CHARACTER) * 4) / 4));
}

/** `attach(write)` is told where bytes go; `onKeys` gets what is typed, as bytes. */
export default function Terminal({ label, writable, attach, onKeys }) {
  const place = useRef(null);
  const made = useRef(null);
  const typed = useRef(onKeys);
  typed.current = onKeys;
  useEffect(() => {
    const strict = strictDocument(document);
    const terminal = new Xterm({
      cols: COLUMNS,
      rows: ROWS,
      documentOverride: strict,
      fontFamily: getComputedStyle(place.current).fontFamily,
      fontSize: sizeFor(place.current.clientWidth),
      scrollback: 3000,
      theme: THEME,
      cursorBlink: false,
      screenReaderMode: false,
    });
    made.current = terminal;
    openStrictly(terminal, place.current, strict);
    terminal.textarea?.setAttribute("aria-label", label);
    const encoder = new TextEncoder();
    const keys = terminal.onData((text) => typed.current(encoder.encode(text)));
    const raw = terminal.onBinary((text) => typed.current(Uint8Array.from(text, (c) => c.charCodeAt(0))));
    const watching = new ResizeObserver(([entry]) => {
      const size = sizeFor(entry.contentRect.width);
      if (size !== terminal.options.fontSize) terminal.options.fontSize = size;
    });
    watching.observe(place.current);
    attach({
      write: (bytes) => terminal.write(bytes),
      focus: () => terminal.focus(),
      reset: () => terminal.reset(),
      text: () => lines(terminal),
    });
    return () => {
      attach(null);
      watching.disconnect();
      tidyUp(() => keys.dispose(), () => raw.dispose(), () => terminal.dispose());
    };
  }, []);
  useEffect(() => {
    made.current.options.disableStdin = !writable;
    if (writable) made.current.focus();
  }, [writable]);
  return <div ref={place} className="console-terminal" role="group" aria-label={label} />;
}

function lines(terminal) {
  const buffer = terminal.buffer.active;
  return Array.from({ length: buffer.length }, (_, row) => buffer.getLine(row)?.translateToString(true) ?? "").join("\n");
}
