// A server's screen (noVNC). A chunk of its own: only an open screen fetches it.
import { useEffect, useRef, useState } from "react";
import { tidyUp } from "$/portal/faults";

/** What noVNC takes for a connection: bytes in, bytes out. Who connects, and when it ends, is not its business. */
class Pipe {
  binaryType = "arraybuffer";
  protocol = "";
  readyState = "open";
  onopen = null;
  onmessage = null;
  onerror = null;
  onclose = null;

  constructor(send) {
    this.send = (bytes) => send(bytes);
  }

  receive(bytes) {
    this.onmessage?.({ data: bytes.buffer });
  }

  close() {
    this.readyState = "closed";
    // As a socket does, later: without it noVNC waits in vain and complains.
    queueMicrotask(() => this.onclose?.({ code: 1000, reason: "" }));
  }
}

/** `attach(pipe)` is told where bytes go; what noVNC has to say to the machine goes to `onKeys`. */
export default function Screen(props) {
  const [drawer, setDrawer] = useState(null);
  useEffect(() => {
    let isWanted = true;
    // Not at the top: noVNC looks at the window as it is loaded, and pages are prerendered without one.
    import("@novnc/novnc").then(
      (module) => isWanted && setDrawer({ RFB: module.default }),
      (error) => isWanted && setDrawer({ error }),
    );
    return () => {
      isWanted = false;
    };
  }, []);
  if (drawer?.error) throw drawer.error;
  return drawer ? <Drawn RFB={drawer.RFB} {...props} /> : <div className="screen" aria-busy="true" />;
}

function Drawn({ RFB, label, writable, attach, onKeys, onDrawn }) {
  const place = useRef(null);
  const made = useRef(null);
  const typed = useRef(onKeys);
  typed.current = onKeys;
  useEffect(() => {
    const pipe = new Pipe((bytes) => typed.current(bytes));
    const rfb = new RFB(place.current, pipe, { shared: true });
    made.current = rfb;
    rfb.scaleViewport = true;
    rfb.showDotCursor = true;
    rfb.background = "#0d0e11";
    rfb.addEventListener("connect", () => {
      const canvas = place.current?.querySelector("canvas");
      canvas?.setAttribute("aria-label", label);
      canvas?.setAttribute("role", "img");
      onDrawn?.();
    });
    attach({
      write: (bytes) => pipe.receive(bytes),
      focus: () => rfb.focus(),
      reset: () => {},
      sendKey: (keysym, code) => rfb.sendKey(keysym, code),
      ctrlAltDel: () => rfb.sendCtrlAltDel(),
    });
    return () => {
      attach(null);
      tidyUp(() => rfb.disconnect());
    };
  }, []);
  useEffect(() => {
    if (made.current) made.current.viewOnly = !writable;
  }, [writable]);
  return <div ref={place} className="screen" role="group" aria-label={label} />;
}
