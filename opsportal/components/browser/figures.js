// Rates and volumes in SI units: 1 Mbit/s is 10^6 bit/s, 1 GB is 10^9 bytes (IEC 80000-13). Pure: no page needed.

const N_ = (msgid) => msgid;

export const RATES = [N_("{n} bit/s"), N_("{n} kbit/s"), N_("{n} Mbit/s"), N_("{n} Gbit/s"), N_("{n} Tbit/s")];
export const VOLUMES = [N_("{n} B"), N_("{n} kB"), N_("{n} MB"), N_("{n} GB"), N_("{n} TB"), N_("{n} PB")];

const DIGITS = 3;

/** Which unit of `units` a value is written in: the largest that leaves at least one whole of it. */
export function prefixOf(value, units) {
  const size = Math.abs(Number(value));
  let step = 0;
  // Compared as it will be written: 999,900 bit/s round to 1.00 Mbit/s, not to 1,000 kbit/s.
  while (step < units.length - 1 && Number((size / 1000 ** step).toPrecision(DIGITS)) >= 1000) step += 1;
  return step;
}

/** A value as {n, msgid}: three digits that matter, and the unit's text with {n} in it. */
export function scaled(value, units) {
  const step = prefixOf(value, units);
  return { n: Number((Number(value) / 1000 ** step).toPrecision(DIGITS)), msgid: units[step] };
}

/** The highest number of an axis from 0 that shows `most`: 1, 2, 2.5 or 5 times a power of ten, and room above. */
export function niceTop(most) {
  if (!(most > 0)) return 1;
  const wanted = most * 1.05;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((factor) => factor * power >= wanted);
  return step * power;
}

/** Indices of values that stand alone between gaps: a line does not show them, so they are drawn as dots. */
export function alone(values) {
  const missing = (at) => values[at] === null || values[at] === undefined;
  return values.map((_, at) => at).filter((at) => !missing(at) && missing(at - 1) && missing(at + 1));
}

/** The paths of a small line without axes in a box of width × height: [line, area], broken at gaps. */
export function sparkline(values, width, height, top) {
  const x = (at) => ((at / Math.max(1, values.length - 1)) * width).toFixed(1);
  const y = (value) => (height - (value / top) * height).toFixed(1);
  let line = "";
  let area = "";
  for (let at = 0; at < values.length; at += 1) {
    if (values[at] === null || values[at] === undefined) continue;
    const from = at;
    while (at + 1 < values.length && values[at + 1] !== null && values[at + 1] !== undefined) at += 1;
    const points = values.slice(from, at + 1).map((value, more) => `${x(from + more)},${y(value)}`);
    // A point of no width would not be seen.
    const run = points.length > 1 ? points : [points[0], `${x(from + 0.5)},${y(values[from])}`];
    line += `M${run.join("L")}`;
    area += `M${x(from)},${height}L${run.join("L")}L${x(at)},${height}Z`;
  }
  return [line, area];
}
