// Keys that a phone's keyboard does not have, and pasting, for both kinds of console.
import { useRef, useState } from "react";
import { useIntl } from "$/portal/intl";

// What a VT220 sends (serial) and the key's symbol (X11 keysym, for the screen).
const KEYS = [
  ["Esc", "\x1b", 0xff1b, "Escape"],
  ["Tab", "\t", 0xff09, "Tab"],
  ["↑", "\x1b[A", 0xff52, "ArrowUp"],
  ["↓", "\x1b[B", 0xff54, "ArrowDown"],
  ["←", "\x1b[D", 0xff51, "ArrowLeft"],
  ["→", "\x1b[C", 0xff53, "ArrowRight"],
  ["Del", "\x1b[3~", 0xffff, "Delete"],
];
const FUNCTION_CODES = ["OP", "OQ", "OR", "OS", "[15~", "[17~", "[18~", "[19~", "[20~", "[21~", "[23~", "[24~"];
const FUNCTIONS = FUNCTION_CODES.map((code, index) => [`F${index + 1}`, `\x1b${code}`, 0xffbe + index, `F${index + 1}`]);
const PIECE = 512;

function Paste({ onText, onClose }) {
  const intl = useIntl();
  const [text, setText] = useState("");
  const submit = (event) => {
    event.preventDefault();
    onText(text);
    onClose();
  };
  return (
    <form className="console-paste" onSubmit={submit}>
      <label className="field">
        <span>{intl.t("Text to type on the server")}</span>
        <textarea rows={3} value={text} maxLength={20000} autoFocus onChange={(event) => setText(event.target.value)} />
      </label>
      <div className="row">
        <button type="submit" className="btn primary" disabled={!text}>{intl.t("Type it")}</button>
        <button type="button" className="btn ghost" onClick={onClose}>{intl.t("Cancel")}</button>
      </div>
    </form>
  );
}

/** A hidden field that a phone shows its keyboard for, as a screen has nothing to type into. */
function PhoneKeyboard({ onText, onKey }) {
  const intl = useIntl();
  const field = useRef(null);
  const onBeforeInput = (event) => {
    const { inputType, data } = event.nativeEvent;
    if (inputType === "deleteContentBackward") onKey(0xff08, "Backspace");
    else if (inputType === "insertLineBreak") onKey(0xff0d, "Enter");
    else if (data) onText(data);
    event.preventDefault();
  };
  return (
    <>
      <textarea ref={field} className="console-keyboard" aria-label={intl.t("Keyboard for the screen")} autoCapitalize="off"
        autoCorrect="off" autoComplete="off" spellCheck={false} tabIndex={-1} onBeforeInput={onBeforeInput} />
      <button type="button" className="btn small on-phone" onClick={() => field.current.focus()}>{intl.t("Keyboard")}</button>
    </>
  );
}

function keysymOf(character) {
  const code = character.codePointAt(0);
  if (code === 10 || code === 13) return 0xff0d;
  return code < 0x100 ? code : 0x01000000 | code;
}

/** The bar below a console. `target` is the terminal or the screen; for a terminal, bytes go to `onKeys`. */
export function KeysBar({ kind, target, onKeys, control, setControl }) {
  const intl = useIntl();
  const [isPasting, setPasting] = useState(false);
  const isScreen = kind === "screen";
  const press = ([, bytes, keysym, code]) => {
    if (isScreen) target.current?.sendKey(keysym, code);
    else onKeys(new TextEncoder().encode(bytes));
    if (!isScreen) target.current?.focus();
  };
  const enter = (text) => {
    if (isScreen) {
      for (const character of text.replace(/\r\n/g, "\n")) target.current?.sendKey(keysymOf(character), null);
      return;
    }
    const bytes = new TextEncoder().encode(text.replace(/\r?\n/g, "\r"));
    for (let start = 0; start < bytes.length; start += PIECE) onKeys(bytes.subarray(start, start + PIECE));
    target.current?.focus();
  };
  const key = (one) => (
    <button key={one[0]} type="button" className="btn small" onClick={() => press(one)}>{one[0]}</button>
  );
  return (
    <>
      <div className="console-keys" role="toolbar" aria-label={intl.t("Keys")}>
        {isScreen ? (
          <button type="button" className="btn small" onClick={() => target.current?.ctrlAltDel()}>Ctrl+Alt+Del</button>
        ) : (
          <button type="button" className="btn small" aria-pressed={control} onClick={() => setControl(!control)}>Ctrl</button>
        )}
        {KEYS.map(key)}
        <details className="console-functions">
          <summary className="btn small">F1–F12</summary>
          <div className="console-keys">{FUNCTIONS.map(key)}</div>
        </details>
        <button type="button" className="btn small" aria-expanded={isPasting} onClick={() => setPasting(!isPasting)}>
          {intl.t("Paste…")}
        </button>
        {isScreen ? <PhoneKeyboard onText={enter} onKey={(keysym, code) => target.current?.sendKey(keysym, code)} /> : null}
      </div>
      {isPasting ? <Paste onText={enter} onClose={() => setPasting(false)} /> : null}
    </>
  );
}
