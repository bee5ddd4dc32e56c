// The page of a mistake in our own JavaScript: a sentence, an id that is also in the log, a way on.
import { Component } from "react";
import { useIntl } from "$/portal/intl";

function Fault({ id }) {
  const intl = useIntl();
  return (
    <main className="plain-page" role="alert">
      <p className="plain-mark" aria-hidden="true" />
      <h1>{intl.t("This page could not be shown")}</h1>
      <p className="sub">
        {intl.t("The mistake is ours and has been reported. Nothing you saved is lost. Reload the page to go on.")}
      </p>
      <p className="row">
        <button type="button" className="btn primary" onClick={() => location.reload()}>
          {intl.t("Reload")}
        </button>
        <a className="btn" href="/">
          {intl.t("Go to the dashboard")}
        </a>
      </p>
      <p className="sub">
        {intl.t("Error id")} <code>{id}</code>
      </p>
    </main>
  );
}

export class Boundary extends Component {
  state = { id: null };

  static getDerivedStateFromError() {
    const bytes = crypto.getRandomValues(new Uint8Array(4));
    return { id: Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("") };
  }

  componentDidCatch(error) {
    // Reflex reports what reaches window.onerror to the server's log.
    error.message = `[${this.state.id}] ${error.message}`;
    window.onerror?.(error.message, location.pathname, 0, 0, error);
  }

  render() {
    return this.state.id ? <Fault id={this.state.id} /> : this.props.children;
  }
}
