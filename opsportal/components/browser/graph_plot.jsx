// The drawing of a graph. It lives on while values arrive: zoom and hover stay where they are.
import { useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { tidyUp } from "$/portal/faults";
import { timeline, writer } from "$/portal/graph";
import { alone, niceTop, prefixOf, RATES, VOLUMES } from "$/portal/figures";
import { instant } from "$/portal/intl";

const HOUR = 3600;
const DAY = 86_400;
const KIND = (increment) => (increment < DAY ? "time" : increment < 30 * DAY ? "day" : "month");

/** The theme's colours: a canvas knows no custom properties. */
function readColours() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    text: colour("muted"),
    grid: colour("line-soft"),
    gap: colour("graph-gap"),
    mark: colour("graph-mark"),
    surface: colour("surface"),
    tone: (tone) => colour(`graph-${tone}`),
    fill: (tone) => colour(`graph-${tone}-fill`),
    font: `12px ${colour("font")}`,
  };
}

/** What uPlot draws: bars are stacked, each on top of those before it. */
function columns(lines, times, isBars) {
  const count = lines[0].values.length;
  const xs = Array.from({ length: count }, (_, at) => (isBars ? at : (times.from(at) + times.until(at)) / 2000));
  const below = new Array(count).fill(0);
  const ys = lines.map((line) => {
    if (!isBars) return line.values;
    return line.values.map((value, at) => (below[at] += value ?? 0));
  });
  const peaks = isBars ? [] : lines.filter((line) => line.peaks).map((line) => line.peaks);
  return [xs, ...(isBars ? ys.reverse() : [...ys, ...peaks])];
}

function limits(lines, times, isBars) {
  const last = lines[0].values.length - 1;
  return isBars ? [-0.6, last + 0.6] : [times.from(0) / 1000, times.until(last) / 1000];
}

/** Series as uPlot wants them. `now()` gives the newest props and colours. */
function describe(lines, now, isBars) {
  const one = (line, isPeak) => ({
    stroke: () => now().colours.tone(line.tone),
    fill: isPeak ? undefined : () => (isBars ? now().colours.tone(line.tone) : now().colours.fill(line.tone)),
    width: isPeak ? 1 : isBars ? 0 : 1.6,
    alpha: isPeak ? 0.35 : 1,
    paths: isBars ? uPlot.paths.bars({ size: [0.62, 44], radius: 0.12 }) : undefined,
    points: isBars
      ? { show: false }
      : { show: true, size: 4, filter: (u, index) => (isPeak ? [] : alone(u.data[index])) },
  });
  const drawn = lines.map((line) => one(line, false));
  if (isBars) return [{}, ...drawn.reverse()];
  return [{}, ...drawn, ...lines.filter((line) => line.peaks).map((line) => one(line, true))];
}

function axes(now) {
  const base = {
    stroke: () => now().colours.text,
    font: now().colours.font,
    grid: { stroke: () => now().colours.grid, width: 1 },
    ticks: { show: false },
  };
  const x = {
    ...base,
    grid: { show: false },
    space: 64,
    size: 30,
    values: (u, splits, _axis, _space, increment) => splits.map((split) => now().says(split, increment)),
  };
  if (now().isBars) {
    x.splits = () => now().splits();
  } else {
    // Whole hours and days of the viewer's clock; from 30 days on uPlot takes the beginnings of months.
    x.incrs = [300, 900, 1800, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 5 * DAY, 10 * DAY, 30 * DAY, 60 * DAY, 90 * DAY];
  }
  const y = { ...base, space: 44, size: (u, values) => 16 + 7 * Math.max(3, ...(values ?? []).map((text) => text.length)) };
  y.values = (u, splits) => splits.map((split) => now().tick(split));
  return [x, y];
}

/** Times without a measurement, as a band behind the lines; a thin one is still seen. */
function drawGaps(u, { gaps, colours }) {
  u.ctx.save();
  u.ctx.fillStyle = colours.gap;
  u.ctx.beginPath();
  u.ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
  u.ctx.clip();
  for (const gap of gaps ?? []) {
    const from = u.valToPos(instant(gap.start) / 1000, "x", true);
    const until = u.valToPos(instant(gap.end) / 1000, "x", true);
    u.ctx.fillRect(from, u.bbox.top, Math.max(devicePixelRatio, until - from), u.bbox.height);
  }
  u.ctx.restore();
}

function drawMarks(u, { marks, colours }) {
  u.ctx.save();
  u.ctx.strokeStyle = colours.mark;
  u.ctx.lineWidth = 1.5 * devicePixelRatio;
  u.ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
  for (const mark of marks ?? []) {
    if (mark.value === null || mark.value === undefined) continue;
    const y = Math.round(u.valToPos(mark.value, "y", true));
    u.ctx.beginPath();
    u.ctx.moveTo(u.bbox.left, y);
    u.ctx.lineTo(u.bbox.left + u.bbox.width, y);
    u.ctx.stroke();
  }
  u.ctx.restore();
}

/** Everything that callbacks of the drawing look at, renewed with every render. */
function outlook(props, times, colours) {
  const { lines, unit, shape, intl, marks, gaps } = props;
  const isBars = shape === "bars";
  const { short } = writer(intl, unit);
  const units = { "bit/s": RATES, B: VOLUMES }[unit];
  const values = isBars
    ? lines[0].values.map((_, at) => lines.reduce((sum, line) => sum + (line.values[at] ?? 0), 0))
    : lines.flatMap((line) => [...line.values, ...(line.peaks ?? [])]);
  const most = Math.max(0, ...values.filter((v) => v !== null), ...(marks ?? []).map((mark) => mark.value ?? 0));
  const top = niceTop(most || (units ? 1000 : 1));
  const step = units ? prefixOf(top, units) : 0;
  return {
    gaps, marks, colours, isBars, top,
    unitText: units ? intl.t(units[step], { n: "" }).trim() : "",
    tick: (value) => (units ? intl.number(value / 1000 ** step) : short(value)),
    splits: () => lines[0].values.map((_, at) => at),
    says: (split, increment) =>
      isBars ? intl.tick(times.from(split), "day", "UTC") : sayTick(intl, split * 1000, increment),
  };
}

/** Midnights are said by their day, Januaries with their year. */
function sayTick(intl, at, increment) {
  const kind = KIND(increment);
  const date = new Date(at);
  if (kind === "time" && date.getHours() === 0 && date.getMinutes() === 0) return intl.tick(at, "day");
  return intl.tick(at, kind === "month" && date.getMonth() === 0 ? "year" : kind);
}

export default function Plot(props) {
  const { lines, gaps, marks, shape, unit, intl, interpolated, covered, step, label, words } = props;
  const isBars = shape === "bars";
  const host = useRef(null);
  const plot = useRef(null);
  const zoom = useRef(null);
  const latest = useRef(null);
  const [zoomed, setZoomed] = useState(false);
  const [hover, setHover] = useState(null);
  const [colours, setColours] = useState(readColours);
  const times = useMemo(() => timeline(intl, props), [intl, props.start, props.step, props.at]);
  latest.current = { ...outlook(props, times, colours), full: limits(lines, times, isBars) };

  const show = (u) => u.setScale("x", { min: (zoom.current ?? latest.current.full)[0], max: (zoom.current ?? latest.current.full)[1] });
  const reset = () => {
    zoom.current = null;
    setZoomed(false);
    show(plot.current);
  };

  // Built once for a kind of graph; later values only move it.
  const kind = `${shape}|${unit}|${lines.map((line) => `${line.key}${line.peaks ? "^" : ""}`)}`;
  useEffect(() => {
    const now = () => latest.current;
    const u = new uPlot(
      {
        width: host.current.clientWidth,
        height: host.current.clientHeight,
        padding: [10, 34, 0, 0], // half of the last label of the time axis stands beyond it
        legend: { show: false },
        scales: {
          x: { time: !isBars, auto: false, range: (_, min, max) => [min, max] },
          y: { auto: true, range: () => [0, now().top] },
        },
        series: describe(lines, now, isBars),
        axes: axes(now),
        cursor: {
          y: false,
          points: { show: !isBars, size: 7 },
          drag: { x: !isBars, y: false, setScale: false },
          bind: { dblclick: () => () => { reset(); return null; } },
        },
        select: { show: !isBars },
        hooks: {
          drawClear: [(it) => drawGaps(it, now())],
          draw: [(it) => drawMarks(it, now())],
          setCursor: [(it) => setHover(it.cursor.idx === null || it.cursor.left < 0 ? null : { at: it.cursor.idx, left: it.cursor.left })],
          setSelect: [
            (it) => {
              if (it.select.width < 8) return;
              zoom.current = [it.posToVal(it.select.left, "x"), it.posToVal(it.select.left + it.select.width, "x")];
              it.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
              setZoomed(true);
              show(it);
            },
          ],
        },
      },
      columns(lines, times, isBars),
      host.current,
    );
    plot.current = u;
    show(u);
    const resized = new ResizeObserver(() => {
      if (host.current?.clientWidth) u.setSize({ width: host.current.clientWidth, height: host.current.clientHeight });
    });
    resized.observe(host.current);
    const themed = new MutationObserver(() => setColours(readColours()));
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
    return () => {
      resized.disconnect();
      themed.disconnect();
      tidyUp(() => u.destroy());
      plot.current = null;
    };
  }, [kind]);

  // A new span or server is another picture: its zoom begins anew. A newer sample is not.
  const length = `${props.subject ?? ""}|${step}|${lines[0].values.length}`;
  const before = useRef(length);
  useEffect(() => {
    const u = plot.current;
    if (before.current !== length) {
      before.current = length;
      zoom.current = null;
      setZoomed(false);
    }
    const { left, top } = u.cursor;
    u.batch(() => {
      u.setData(columns(lines, times, isBars), false);
      show(u);
    });
    if (left >= 0) u.setCursor({ left, top });
  }, [times, length, ...lines.map((line) => line.values)]);

  useEffect(() => plot.current.redraw(false, true), [intl, colours, gaps, ...(marks ?? []).map((mark) => mark.value)]);

  const move = (event) => {
    const u = plot.current;
    const last = lines[0].values.length - 1;
    const from = hover ? hover.at : last + (event.key === "ArrowLeft" ? 1 : 0);
    const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      u.setCursor({ left: u.valToPos(u.data[0][Math.min(last, Math.max(0, to))], "x"), top: 0 });
    } else if (event.key === "Escape" && (hover || zoomed)) {
      u.setCursor({ left: -10, top: -10 });
      reset();
    }
  };

  const hint = intl.t("The arrow keys move through its values.");
  return (
    <div className="graph-frame">
      <span className="graph-unit" aria-hidden="true">{latest.current.unitText}</span>
      {zoomed ? <button type="button" className="btn graph-reset" onClick={reset}>{intl.t("Whole span")}</button> : null}
      <div
        className="graph-plot"
        ref={host}
        role="group"
        tabIndex={0}
        aria-roledescription={intl.t("graph")}
        aria-label={`${label}. ${hint}`}
        onKeyDown={move}
        onBlur={() => plot.current?.setCursor({ left: -10, top: -10 })}
      />
      <Hover {...{ intl, lines, unit, times, hover, gaps, words, interpolated, covered, step, isBars }} within={host} plot={plot} />
    </div>
  );
}

/** The exact values under the pointer, with their time. */
function Hover({ intl, lines, unit, times, hover, gaps, words, interpolated, covered, step, isBars, within, plot }) {
  const box = useRef(null);
  const at = hover?.at;
  useEffect(() => {
    if (!hover || !box.current || !plot.current) return;
    const room = within.current.clientWidth;
    const offset = plot.current.over.offsetLeft + hover.left;
    const width = box.current.offsetWidth;
    const left = offset + 14 + width > room ? offset - 14 - width : offset + 14;
    box.current.style.transform = `translate(${Math.max(0, Math.min(room - width, left))}px, 0)`;
  });
  if (!hover || at >= lines[0].values.length) return null;
  const { short, exact } = writer(intl, unit);
  const has = lines.some((line) => line.values[at] !== null && line.values[at] !== undefined);
  const lost = (gaps ?? []).find((gap) => instant(gap.start) < times.until(at) && instant(gap.end) > times.from(at));
  const why = lost && intl.t(words?.[lost.cause] ?? lost.cause);
  const part = covered && covered[at] > 0 && covered[at] < step && at < lines[0].values.length - 1;
  return (
    <div className="graph-hover" ref={box} role="status">
      <p className="num strong">{times.says(at)}</p>
      {has ? (
        <dl>
          {lines.map((line) => (
            <div key={line.key}>
              <dt><i className={`swatch ${line.tone}`} aria-hidden="true" />{line.label}</dt>
              <dd className="num">{short(line.values[at])}</dd>
              {exact ? <dd className="num sub">{exact(line.values[at])}</dd> : null}
              {line.peaks ? <dd className="num sub">{intl.t("highest {rate}", { rate: short(line.peaks[at]) })}</dd> : null}
            </div>
          ))}
          {isBars && lines.length > 1 ? (
            <div>
              <dt>{intl.t("Together")}</dt>
              <dd className="num">{short(lines.reduce((sum, line) => sum + (line.values[at] ?? 0), 0))}</dd>
            </div>
          ) : null}
        </dl>
      ) : (
        <p className="sub">{why ?? intl.t("Nothing was measured.")}</p>
      )}
      {has && lost ? <p className="sub">{why}</p> : null}
      {has && !lost && part ? <p className="sub">{intl.t("Measured {part} of this time.", { part: intl.number(covered[at] / step, { style: "percent" }) })}</p> : null}
      {(interpolated ?? []).includes(at) ? <p className="sub">{intl.t("Polls were missed here: the sum is exact, its spread over time is even.")}</p> : null}
    </div>
  );
}
