// Values over time: a drawing with hover, zoom and legend, and the same numbers as a table.
// The drawing (uPlot) is a chunk of its own: only pages that show a graph fetch it.
import { Component, Suspense, lazy, useId, useState } from "react";
import { instant, useIntl } from "$/portal/intl";
import { sparkline } from "$/portal/figures";

const Plot = lazy(() => import("$/portal/graph_plot"));
const DAY_S = 86_400;

/** How this graph's values are written: bits a second, bytes, money, or plain numbers. */
export function writer(intl, unit) {
  if (unit === "bit/s") return { short: intl.rate, exact: (value) => intl.t("{n} bit/s", { n: value }) };
  if (unit === "B") return { short: intl.volume, exact: (value) => intl.t("{n} B", { n: value }) };
  if (unit) return { short: (minor) => intl.money(minor, unit), exact: null };
  return { short: intl.number, exact: null };
}

/** The instants of a graph: where each value begins and ends, in ms, and how that is said. */
export function timeline(intl, { start, step, at }) {
  const given = (at ?? []).map(instant);
  const begin = instant(start);
  const from = (index) => (given.length ? given[index] : begin + index * step * 1000);
  const until = (index) => (given.length ? (given[index + 1] ?? given[index] + DAY_S * 1000) : from(index + 1));
  // Days are UTC days here: their edges would look odd in any other zone.
  const says = (index) => {
    if (given.length) return intl.date(at[index]);
    if (step >= DAY_S) return intl.t("{day} (UTC)", { day: intl.tick(from(index), "date", "UTC") });
    return intl.range(from(index), until(index));
  };
  return { from, until, says };
}

/** A drawing that cannot be had (no canvas, a chunk that does not arrive) leaves the table. */
class OrTable extends Component {
  state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  render() {
    return this.state.failed ? <p className="sub graph-none">{this.props.says}</p> : this.props.children;
  }
}

function Legend({ intl, lines, marks, short }) {
  const peaks = lines.find((line) => (line.peaks ?? []).length);
  return (
    <ul className="graph-legend">
      {lines.map((line) => (
        <li key={line.key}>
          <i className={`swatch ${line.tone}`} aria-hidden="true" />
          {line.label}
        </li>
      ))}
      {peaks ? (
        <li>
          <i className={`swatch thin ${peaks.tone}`} aria-hidden="true" />
          {intl.t("Thin: the highest five minutes")}
        </li>
      ) : null}
      {(marks ?? [])
        .filter((mark) => mark.value !== null && mark.value !== undefined)
        .map((mark) => (
          <li key={mark.label}>
            <i className="swatch mark" aria-hidden="true" />
            {mark.label} <b className="num">{short(mark.value)}</b>
          </li>
        ))}
    </ul>
  );
}

/** `lines`: [{key, label, tone, values, peaks?}]; `marks`: [{label, value}]; `gaps`: [{start, end, cause}], `words` for causes. */
export function Graph(props) {
  const { lines, marks, unit, label, className } = props;
  const intl = useIntl();
  const { short } = writer(intl, unit);
  const isEmpty = lines.every((line) => line.values.every((value) => value === null || value === undefined));
  return (
    <figure className={`graph ${className ?? ""}`} aria-label={label}>
      <Legend intl={intl} lines={lines} marks={marks} short={short} />
      <OrTable says={intl.t("The drawing could not be loaded. The table below has the same numbers.")}>
        <Suspense fallback={<div className="graph-plot" aria-busy="true" />}>
          <Plot {...props} intl={intl} />
        </Suspense>
      </OrTable>
      {isEmpty ? <p className="graph-none sub">{intl.t("Nothing was measured in this time.")}</p> : null}
    </figure>
  );
}

/** The graph's numbers, exactly, newest first; written only while it is open. */
export function GraphTable({ lines, unit, label, start, step, at, covered }) {
  const intl = useIntl();
  const [open, setOpen] = useState(false);
  return (
    <details className="graph-table" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{intl.t("Show as a table")}</summary>
      {open ? <Rows {...{ intl, lines, unit, label, covered, step }} times={timeline(intl, { start, step, at })} /> : null}
    </details>
  );
}

function Rows({ intl, lines, unit, label, times, covered, step }) {
  const { short, exact } = writer(intl, unit);
  const write = exact ?? short;
  const cell = (value) => (value === null || value === undefined ? "–" : write(value));
  const hasPeaks = lines.some((line) => (line.peaks ?? []).length);
  const isPart = (index) => covered && covered[index] > 0 && covered[index] < step;
  const indices = lines[0].values.map((_, index) => lines[0].values.length - 1 - index);
  return (
    <div className="table graph-rows" role="region" aria-label={label} tabIndex={0}>
      <table aria-label={label}>
        <thead>
          <tr>
            <th scope="col">{intl.t("Time")}</th>
            {lines.map((line) => <th scope="col" className="r" key={line.key}>{line.label}</th>)}
            {hasPeaks
              ? lines.map((line) => (
                  <th scope="col" className="r on-wide" key={line.key}>{intl.t("Highest: {line}", { line: line.label })}</th>
                ))
              : null}
            {covered ? <th scope="col" className="r on-wide">{intl.t("Measured")}</th> : null}
          </tr>
        </thead>
        <tbody>
          {indices.map((index) => (
            <tr key={times.from(index)}>
              <th scope="row" className="num">{times.says(index)}</th>
              {lines.map((line) => <td className="r" key={line.key}>{cell(line.values[index])}</td>)}
              {hasPeaks
                ? lines.map((line) => <td className="r on-wide" key={line.key}>{cell(line.peaks?.[index])}</td>)
                : null}
              {covered ? (
                <td className={`r on-wide ${isPart(index) ? "warn-text" : ""}`}>
                  {intl.number(covered[index] / step, { style: "percent", maximumFractionDigits: 0 })}
                </td>
              ) : null}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What a small line stands on and reaches up to. Fitted: around its values, a tenth of the highest at least. */
function room(known, fitted) {
  const high = Math.max(1, ...known);
  if (!fitted || !known.length) return { floor: 0, top: high * 1.05 };
  const low = Math.min(...known);
  const span = Math.max(high - low, high / 10);
  const middle = (high + low) / 2;
  return { floor: middle - span * 0.7, top: span * 1.4 };
}

/** A line without axes beside a number; what it shows is said in `label`. Needs no library. */
export function Sparkline({ lines, label, fitted, className }) {
  const id = useId();
  const isKnown = (value) => value !== null && value !== undefined;
  const { floor, top } = room(lines.flatMap((line) => line.values).filter(isKnown), fitted);
  const above = (value) => (isKnown(value) ? value - floor : value);
  return (
    <svg className={`sparkline ${className ?? ""}`} viewBox="0 0 300 60" preserveAspectRatio="none" role="img" aria-labelledby={id}>
      <title id={id}>{label}</title>
      {lines.map((line) => {
        const [path, area] = sparkline(line.values.map(above), 300, 60, top);
        return (
          <g key={line.key} className={line.tone}>
            <path className="area" d={area} />
            <path className="line" d={path} />
          </g>
        );
      })}
    </svg>
  );
}
