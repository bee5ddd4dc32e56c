// What people write, shown as markdown. The renderer is a chunk of its own, fetched with the first text that is shown.
import { Component, Suspense, lazy, memo } from "react";

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
