// What somebody writes and has not sent yet. It stays in this tab through live updates, reloads, lost connections and
// a sign-in in between, until the portal says that it has it.
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";

const NO_ANSWER_MS = 10_000;
const NO_ANSWER = {
  msgid: N_("No answer has come yet. What you wrote is kept here. Look whether it has arrived, then send it again."),
};

function N_(msgid) {
  return msgid;
}

/** A number that nobody else has: `crypto.randomUUID` is only there on https and on this machine. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function kept(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key));
  } catch {
    return null; // storage may be blocked: then a draft lives as long as its page
  }
}

function keep(key, draft) {
  try {
    if (draft) sessionStorage.setItem(key, JSON.stringify(draft));
    else sessionStorage.removeItem(key);
  } catch {
    // Full or blocked: what is on the page stays on the page.
  }
}

/** What stands in a draft that was not in it when it was sent: words typed and files chosen meanwhile. */
function unsent(draft, sent) {
  const body = draft.body.startsWith(sent.body) ? draft.body.slice(sent.body.length).trimStart() : draft.body;
  const files = draft.files.filter((one) => !sent.files.some((gone) => gone.id === one.id));
  return body || files.length ? { ...draft, body, files } : null; // a note stays a note
}

/**
 * A draft under `name` of the person `owner`; `empty` is what a new one holds. `change` takes a part of it or a function
 * from the whole to a part; `clear` begins a new one with what was written after `sent` had gone.
 */
export function useDraft(name, owner, empty) {
  const key = owner > 0 ? `draft:${owner}:${name}` : "";
  const [draft, setDraft] = useState({ id: "", ...empty });
  const at = useRef("");
  // What the draft is by now. React runs no update of a form that goes away in the same moment, as one does that was
  // sent: what is kept would be the old draft, and its number would make the portal take the next one for sent already.
  const now = useRef(draft);
  const put = (after) => {
    now.current = after;
    setDraft(after);
  };
  // Before anybody can press a key: one that is pressed over the empty form would take the place of what was kept.
  useLayoutEffect(() => {
    if (!key || at.current === key) return;
    const isMoved = at.current !== "";
    at.current = key;
    put({ ...empty, ...(isMoved ? {} : now.current), ...kept(key), id: kept(key)?.id ?? newId() });
  }, [key]);
  const change = (part) => {
    const before = now.current;
    const after = { ...before, ...(typeof part === "function" ? part(before) : part) };
    if (at.current) keep(at.current, after);
    put(after);
  };
  const clear = (sent) => {
    const rest = sent ? unsent(now.current, sent) : null;
    const after = { ...(rest ?? empty), id: newId() };
    if (at.current) keep(at.current, rest ? after : null);
    put(after);
  };
  return [draft, change, clear];
}

/**
 * Sending a draft and waiting for the portal's word on it. `answer` is the state's {id, draft, code, msgid, params};
 * a word that does not come for ten seconds frees the form, and one that comes later still counts. `onSent` is told
 * what was sent, too: more may have been written since. It is null for what was sent before this form was here.
 */
export function useSending(draft, answer, onSent) {
  const [isWaiting, setWaiting] = useState(false);
  const [refusal, setRefusal] = useState(null);
  // A form that was away when its draft was taken hears of it now: what is written next is not that draft again.
  const heard = useRef(answer?.code ? answer.id : "");
  const sent = useRef(null);
  useEffect(() => {
    if (!answer?.id || answer.id === heard.current || !draft.id || answer.draft !== draft.id) return;
    heard.current = answer.id;
    const what = sent.current;
    // In one go, before the next key: one that is pressed while the page still shows what was sent brings all of it
    // back into the new draft. React draws at once only outside of its own work, so this waits for the end of that.
    queueMicrotask(() =>
      flushSync(() => {
        setWaiting(false);
        setRefusal(answer.code ? answer : null);
        if (!answer.code) onSent?.(answer, what);
      }),
    );
  }, [answer?.id, draft.id]);
  useEffect(() => {
    if (!isWaiting) return undefined;
    const timer = setTimeout(() => {
      setWaiting(false);
      setRefusal(NO_ANSWER);
    }, NO_ANSWER_MS);
    return () => clearTimeout(timer);
  }, [isWaiting]);
  const begin = () => {
    sent.current = draft;
    setRefusal(null);
    setWaiting(true);
  };
  return { isWaiting, refusal, setRefusal, begin };
}
