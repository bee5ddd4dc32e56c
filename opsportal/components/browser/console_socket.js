// One console connection: a ticket by plain HTTP, a socket that shows it once, and again when the gateway was away.
import { useCallback, useEffect, useReducer, useRef } from "react";
import { post, signInAgain } from "$/portal/forms";

const PAUSES_S = [1, 2, 4, 8, 15, 15, 15, 15];
const SESSION_ENDED = 4401;
// What goes away by itself: the gateway was restarted, the network was gone, we were too slow.
const PASSING = new Set(["gateway_lost", "network", "too_slow", "screen_closed"]);

const CLOSED = { phase: "closed", viewers: [], you: 0, asking: "", link: "", code: "", recording: false };

function changed(state, change) {
  return change === null ? CLOSED : { ...state, ...change };
}

function understood(message, tell) {
  if (message.type === "state") {
    const { viewers, you, asking } = message;
    tell({ viewers, you, asking, recording: message.recording === true, link: message.link ?? "live", code: message.code ?? "" });
  } else if (message.type === "idle") {
    tell({ idle: message.seconds });
  } else if (message.type === "taken") {
    tell({ note: { kind: "taken", by: message.by } });
  } else if (message.type === "kept") {
    tell({ note: { kind: "kept" } });
  }
}

/**
 * A console of one server. `onData` gets the console's bytes; answers with what is known, and what can be done.
 * `open` and `close` are the person's; a console that was lost comes back by itself, one that was ended does not.
 */
export function useConsole(server, kind, onData) {
  const [state, tell] = useReducer(changed, CLOSED);
  const current = useRef({ socket: null, timer: 0, tries: 0, attempt: 0, wanted: false });
  const receive = useRef(onData);
  receive.current = onData;

  const drop = useCallback(() => {
    const mine = current.current;
    clearTimeout(mine.timer);
    const { socket } = mine;
    mine.socket = null;
    socket?.close();
  }, []);

  const connect = useCallback(async () => {
    const mine = current.current;
    drop();
    const attempt = ++mine.attempt;
    tell({ phase: "connecting", reason: "", refusal: null, idle: 0, note: null, viewers: [] });
    const answer = await post(`/servers/${server}/console`, { kind });
    if (!mine.wanted || mine.attempt !== attempt) return;
    const again = (reason) => {
      const passes = PASSING.has(reason) && mine.tries < PAUSES_S.length;
      tell({ phase: passes ? "waiting" : "ended", reason, idle: 0, viewers: [] });
      if (passes) mine.timer = setTimeout(connect, PAUSES_S[mine.tries++] * 1000);
      else mine.wanted = false;
    };
    if (!answer.ok) {
      if (answer.code === "offline") again("network");
      else {
        mine.wanted = false;
        tell({ phase: "ended", reason: answer.code, refusal: answer });
      }
      return;
    }
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/consoles/socket`);
    socket.binaryType = "arraybuffer";
    mine.socket = socket;
    let ended = "";
    socket.onopen = () => socket.send(JSON.stringify({ ticket: answer.ticket }));
    socket.onmessage = ({ data }) => {
      if (mine.socket !== socket) return;
      if (typeof data !== "string") {
        receive.current?.(new Uint8Array(data));
        return;
      }
      const message = JSON.parse(data);
      if (message.type === "ended") ended = message.reason;
      if (message.type === "state") {
        mine.tries = 0;
        tell({ phase: "open" });
      }
      understood(message, tell);
    };
    socket.onclose = ({ code }) => {
      if (mine.socket !== socket) return;
      mine.socket = null;
      if (code === SESSION_ENDED) signInAgain();
      again(ended || (code === SESSION_ENDED ? "signed_out" : "network"));
    };
  }, [server, kind, drop]);

  const open = useCallback(() => {
    current.current.wanted = true;
    current.current.tries = 0;
    connect();
  }, [connect]);

  const close = useCallback(() => {
    current.current.wanted = false;
    drop();
    tell(null);
  }, [drop]);

  const send = useCallback((bytes) => {
    const { socket } = current.current;
    if (socket?.readyState === WebSocket.OPEN) socket.send(bytes);
  }, []);

  const say = useCallback((message) => {
    send(JSON.stringify(message));
    if (message.type === "stay" || message.type === "give") tell({ idle: 0 });
    if (message.type === "take") tell({ note: null });
  }, [send]);

  // A key is a sign of life too: the gateway counts from it, so the warning goes.
  const type = useCallback((bytes) => {
    tell({ idle: 0 });
    send(bytes);
  }, [send]);

  useEffect(() => {
    const mine = current.current;
    return () => {
      mine.wanted = false;
      drop();
    };
  }, [drop]);

  return { ...state, open, close, say, type, send };
}
