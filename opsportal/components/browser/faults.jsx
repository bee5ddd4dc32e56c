// Mistakes of our own JavaScript, and of the libraries in it: the log keeps them under a number.

const MOST = 500; // characters: what the portal takes of one message

/** A number for support; it stands on the page and in the log. */
export function newFaultId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(4)), (b) => b.toString(16).padStart(2, "0")).join("");
}

/** What went wrong in one line, with the errors that an `AggregateError` holds. */
export function describe(error) {
  const own = `${error?.name}: ${error?.message}`;
  const held = error instanceof AggregateError ? error.errors : [];
  return [own, ...held.map(describe)].join(" · ");
}

/** Tell the portal. The page stands without an answer. */
export function tellFault(error, id = newFaultId()) {
  fetch("/faults", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      error_id: id,
      path: location.pathname.slice(0, 200),
      message: describe(error).slice(0, MOST),
    }),
  }).catch(() => {});
}

/** Take foreign widgets off the page. One that fails at it is told of and left behind: what its reader went to stays. */
export function tidyUp(...steps) {
  for (const step of steps) {
    try {
      step();
    } catch (error) {
      tellFault(error);
    }
  }
}
