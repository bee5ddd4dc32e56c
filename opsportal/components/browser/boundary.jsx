// The page of a mistake in our own JavaScript: a sentence, a way on, and what support needs to find it.
import { Component } from "react";
import { describe, newFaultId, tellFault } from "$/portal/faults";
import { useIntl } from "$/portal/intl";

function Fault({ error, at, id }) {
  const intl = useIntl();
  return (
    <main className="plain-page" role="alert">
      <p className="plain-mark" aria-hidden="true" />
      <h1>{intl.t("This page could not be shown")}</h1>
      <p className="sub">
        {intl.t("The mistake is ours. Nothing you saved is lost. Reload the page; if it happens again, tell support the number {id}.", { id })}
      </p>
      <p className="row">
        <button type="button" className="btn primary" onClick={() => location.reload()}>
          {intl.t("Reload")}
        </button>
        <a className="btn" href="/">
          {intl.t("Go to the dashboard")}
        </a>
      </p>
      <details>
        <summary>{intl.t("Details for support")}</summary>
        <pre className="log">{`${id}\n${at}\n${location.pathname}\n${describe(error)}`}</pre>
      </details>
    </main>
  );
}

export class Boundary extends Component {
  state = { error: null, at: "", id: "" };

  static getDerivedStateFromError(error) {
    return { error, at: new Date().toISOString(), id: newFaultId() };
  }

  componentDidCatch(error) {
    tellFault(error, this.state.id);
  }

  render() {
    return this.state.error ? <Fault {...this.state} /> : this.props.children;
  }
}
