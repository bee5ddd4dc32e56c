// What people write, shown as markdown. The renderer is a chunk of its own, fetched with the first text that is shown.
import { Component, Suspense, lazy, memo } from "react";

// Some texts take a browser seconds and minutes (measured: 9,000 pairs of `*_` 14 s to render and 10 s to lay out in a
// font with ligatures, a table of 100 columns 7 s). Nobody writes such by hand: they are shown as they were typed.
const MARKS_AT_MOST = 2_000;
const CELLS_AT_MOST = 10_000;
const UNBROKEN = /\S{1500}/;
const NESTED = /^[ \t]*(?:>[ \t]?){40}|^[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+){12}/m;

/** Whether the text would take longer to show than anybody would wait. */
export function isTangled(text) {
  const lines = text.split("\n");
  const columns = lines.reduce((most, line) => Math.max(most, line.split("|").length - 1), 0);
  const marks = text.match(/[*_~[\]]/g)?.length ?? 0;
  const isMuch = marks > MARKS_AT_MOST || columns * lines.length > CELLS_AT_MOST;
  return isMuch || UNBROKEN.test(text) || NESTED.test(text);
}

const Rendered = lazy(() => import("$/portal/markdown_rendered"));

/** The text as it was typed: while the renderer is on its way, and when it cannot be had. */
function Plain({ text }) {
  return <p className="md-plain">{text}</p>;
}

/** A text that the renderer cannot show, or a chunk that cannot be fetched, leaves the words readable. */
class OrPlain extends Component {
  state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  render() {
    return this.state.failed ? <Plain text={this.props.text} /> : this.props.children;
  }
}

export const Markdown = memo(function Markdown({ text, className }) {
  const body = text ?? "";
  if (isTangled(body)) return <p className={`md md-tangled ${className ?? ""}`}>{body}</p>;
  return (
    <div className={`md ${className ?? ""}`} dir="auto">
      <OrPlain key={body} text={body}>
        <Suspense fallback={<Plain text={body} />}>
          <Rendered text={body} />
        </Suspense>
      </OrPlain>
    </div>
  );
});
