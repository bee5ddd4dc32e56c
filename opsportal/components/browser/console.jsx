// The consoles of a server: its serial port as a terminal, its screen as pixels, and who else is there.
import { Component, Suspense, lazy, useCallback, useRef, useState } from "react";
import { useIntl } from "$/portal/intl";
import { useConsole } from "$/portal/console_socket";
import { KeysBar } from "$/portal/console_keys";
import { endWords, linkWords } from "$/portal/console_words";

const Terminal = lazy(() => import("$/portal/terminal"));
const Screen = lazy(() => import("$/portal/screen"));
const MOST_EARLY = 1 << 20;

/** A terminal that cannot be had (a chunk that does not arrive) says so and leaves the page alone. */
class OrWords extends Component {
  state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  render() {
    return this.state.failed ? <p className="banner bad" role="alert">{this.props.says}</p> : this.props.children;
  }
}

function People({ intl, viewers, you, say }) {
  const writer = viewers.find((one) => one.writer);
  const isMine = writer?.id === you;
  return (
    <div className="console-people">
      <ul aria-label={intl.t("Who is here")}>
        {viewers.map((one) => (
          <li key={one.id} className={one.writer ? "tag info" : "tag"}>
            {one.id === you ? intl.t("You") : one.name}
            {one.staff && one.id !== you ? ` · ${intl.t("support")}` : ""}
            {one.writer ? ` · ${intl.t("typing")}` : ""}
          </li>
        ))}
      </ul>
      {isMine || !viewers.length ? null : (
        <button type="button" className="btn small" onClick={() => say({ type: "take" })}>
          {writer ? intl.t("Ask for the keyboard") : intl.t("Take the keyboard")}
        </button>
      )}
    </div>
  );
}

function Notes({ intl, room, isMine }) {
  const { asking, idle, note, recording, say } = room;
  return (
    <div aria-live="polite">
      {recording ? (
        <p className="banner info row">{intl.t("Recorded: what this server prints goes into the log of the job that is at work on it.")}</p>
      ) : null}
      {asking && isMine ? (
        <p className="banner warn row">
          <span>{intl.t("{name} asks for the keyboard. Without an answer it goes over in 15 seconds.", { name: asking })}</span>
          <button type="button" className="btn small primary" onClick={() => say({ type: "give", ok: true })}>{intl.t("Hand it over")}</button>
          <button type="button" className="btn small" onClick={() => say({ type: "give", ok: false })}>{intl.t("Keep it")}</button>
        </p>
      ) : null}
      {note?.kind === "taken" ? <p className="banner info row">{intl.t("{name} types now. You still see everything.", { name: note.by })}</p> : null}
      {note?.kind === "kept" ? <p className="banner info row">{intl.t("The keyboard was not handed over. You still see everything.")}</p> : null}
      {idle > 0 ? (
        <p className="banner warn row" role="alert">
          <span>{intl.t("You have not typed for a while: this console closes in {n} seconds.", { n: idle })}</span>
          <button type="button" className="btn small" onClick={() => say({ type: "stay" })}>{intl.t("Stay here")}</button>
        </p>
      ) : null}
    </div>
  );
}

function Status({ intl, room, isMine }) {
  const { phase, link, code, viewers } = room;
  let [tone, words] = ["warn", intl.t("Connecting…")];
  if (phase === "waiting") words = intl.t("Lost: connecting again…");
  else if (phase === "ended") [tone, words] = ["bad", intl.t("Ended")];
  else if (phase === "open" && link === "live") {
    [tone, words] = isMine ? ["ok", intl.t("Live")] : ["info", intl.t("Live, read only")];
  } else if (phase === "open" && link === "failed") [tone, words] = ["bad", linkWords(intl, code)];
  return <span className={`tag ${tone}`} role="status" data-phase={phase} data-link={viewers.length ? link : ""}>{words}</span>;
}

function Ended({ intl, room }) {
  const { reason, refusal, open, close } = room;
  const words = refusal?.msgid ? intl.t(refusal.msgid, refusal.params ?? {}) : endWords(intl, reason);
  return (
    <div className="console-ended" role="alert">
      <p>{words}</p>
      <div className="row">
        <button type="button" className="btn primary" onClick={open}>{intl.t("Connect again")}</button>
        <button type="button" className="btn ghost" onClick={close}>{intl.t("Close")}</button>
      </div>
    </div>
  );
}

/** Bytes that come before the terminal's chunk has arrived are kept for it. */
function useTarget() {
  const target = useRef(null);
  const early = useRef([]);
  const receive = useCallback((bytes) => {
    if (target.current) target.current.write(bytes);
    else if (early.current.reduce((sum, one) => sum + one.length, 0) < MOST_EARLY) early.current.push(bytes);
  }, []);
  const attach = useCallback((made) => {
    target.current = made;
    const waiting = early.current;
    early.current = [];
    if (made) waiting.forEach((bytes) => made.write(bytes));
  }, []);
  return { target, receive, attach };
}

function withControl(bytes) {
  // Ctrl and a letter is the letter's lower five bits (ECMA-48: C0 set).
  return bytes.length === 1 && bytes[0] >= 0x40 ? Uint8Array.of(bytes[0] & 0x1f) : bytes;
}

function OpenConsole({ server, kind, onClose }) {
  const intl = useIntl();
  const { target, receive, attach } = useTarget();
  const [isSilent, setSilent] = useState(true);
  const hear = useCallback((bytes) => {
    setSilent(false);
    receive(bytes);
  }, [receive]);
  const room = useConsole(server, kind, hear);
  const [control, setControl] = useState(false);
  const [generation, setGeneration] = useState(0);
  const started = useRef(false);
  const begin = useCallback(() => {
    setGeneration((count) => count + 1);
    room.open();
  }, [room.open]);
  const start = useCallback((element) => {
    if (!element || started.current) return;
    started.current = true;
    room.open();
  }, [room.open]);
  const isMine = room.viewers.some((one) => one.id === room.you && one.writer);
  const onKeys = (bytes) => {
    room.type(control ? withControl(bytes) : bytes);
    if (control) setControl(false);
  };
  const isShown = room.phase === "open" || (kind === "serial" && room.phase === "waiting");
  const label = kind === "serial" ? intl.t("Serial console") : intl.t("Screen");
  const leave = () => {
    room.close();
    onClose();
  };
  return (
    <section className="console" aria-label={label} ref={start}>
      <header className="console-head">
        <h2>{label}</h2>
        <Status intl={intl} room={room} isMine={isMine} />
        <People intl={intl} viewers={room.viewers} you={room.you} say={room.say} />
        {room.phase === "open" && room.link === "failed" ? (
          <button type="button" className="btn small" onClick={() => room.say({ type: "again" })}>{intl.t("Try again")}</button>
        ) : null}
        <button type="button" className="btn small ghost" onClick={leave}>{intl.t("Close")}</button>
      </header>
      <Notes intl={intl} room={room} isMine={isMine} />
      {room.phase === "ended" ? <Ended intl={intl} room={{ ...room, open: begin, close: leave }} /> : null}
      {isShown ? (
        <OrWords says={intl.t("The console's program could not be loaded. Reload the page.")}>
          <Suspense fallback={<div className="console-terminal waiting" aria-busy="true" />}>
            {kind === "serial" ? (
              <Terminal key={generation} label={label} writable={isMine} attach={attach} onKeys={onKeys} />
            ) : (
              <Screen key={`${generation}:${room.you}`} label={label} writable={isMine} attach={attach} onKeys={room.send} />
            )}
          </Suspense>
        </OrWords>
      ) : room.phase === "ended" ? null : (
        <div className="console-terminal waiting" aria-busy="true" />
      )}
      {isSilent && kind === "serial" && isMine && room.link === "live" ? (
        <p className="sub">{intl.t("Nothing to see? Press Enter: the system may be waiting for it. A server that is off prints nothing.")}</p>
      ) : null}
      {isShown && isMine ? (
        <KeysBar kind={kind} target={target} onKeys={onKeys} control={control} setControl={setControl} />
      ) : null}
    </section>
  );
}

/** The buttons that open a console, and the one that is open. `problem` says why none can be opened, `noSerial` why
 *  there is no serial one. */
export function ConsolePanel({ server, hasScreen, noSerial, problem }) {
  const intl = useIntl();
  const [kind, setKind] = useState("");
  if (kind) return <OpenConsole key={`${server}:${kind}`} server={server} kind={kind} onClose={() => setKind("")} />;
  return (
    <div className="console-choice">
      <p className="sub">
        {intl.t("The serial console shows firmware, boot loader and login as text; it works while the system or its network does not. Opening one is written down.")}
      </p>
      {problem || noSerial ? <p className="banner warn">{problem || noSerial}</p> : null}
      <div className="row">
        <button type="button" className="btn primary" disabled={Boolean(problem || noSerial)} onClick={() => setKind("serial")}>
          {intl.t("Open the serial console")}
        </button>
        <button type="button" className="btn" disabled={Boolean(problem) || !hasScreen} onClick={() => setKind("screen")}>
          {intl.t("Open the screen")}
        </button>
        {hasScreen || problem ? null : (
          <span className="sub">{intl.t("This server's management controller offers no screen to the browser.")}</span>
        )}
      </div>
    </div>
  );
}
