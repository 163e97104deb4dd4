// Owns drawing lines over time with uPlot, in the colours of the theme; what they are of, and their words, are the caller's.
import { useEffect, useRef, useState } from "preact/hooks";
import { clock, millis, plural } from "./format.mjs";
import { html } from "./html.mjs";

const HEIGHT = 168;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function columns(points, lines) {
  return [points.map((one) => one.start_ms / 1000), ...lines.map(({ of }) => points.map((one) => one[of]))];
}

function options(lines, width, onCursor) {
  const axis = { stroke: colour("--ink-quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false } },
    scales: { y: { range: (_, low, high) => [0, Math.max(high * 1.1, 1)] } },
    axes: [
      { ...axis, size: 28, values: (_, ticks) => ticks.map((at) => clock(at * 1000).slice(0, 5)) },
      { ...axis, size: 44, values: (_, ticks) => ticks.map((ms) => (ms >= 10_000 ? `${ms / 1000} s` : `${Number(ms.toPrecision(3))}`)) },
    ],
    series: [
      {},
      ...lines.map(({ name, colour: of, dash }) => ({
        label: name, stroke: colour(of), width: 2, dash, points: { show: true, size: 5, fill: colour(of) },
      })),
    ],
    hooks: { setCursor: [(plot) => onCursor(plot.cursor.idx)] },
  };
}

/** A number that is another one after each change of the theme, so that the colours are asked for anew. */
function useTheme() {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const turned = () => setTurn((count) => count + 1);
    const watch = new MutationObserver(turned);
    watch.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", turned);
    return () => {
      watch.disconnect();
      system.removeEventListener("change", turned);
    };
  }, []);
  return turn;
}

function Key({ lines, point }) {
  return html`<p class="chart-key" aria-hidden="true">
    ${lines.map(({ name, of, colour: kind, dash }) => html`<span key=${name} data-line=${kind.slice(2)}>
      <svg viewBox="0 0 20 4"><path d="M0 2h20" stroke-dasharray=${dash.join(" ")} /></svg>${name}${point ? html` <b>${millis(point[of])} ms</b>` : null}
    </span>`)}
    <span class="muted">${point ? `${clock(point.start_ms).slice(0, 5)}, ${plural(point.calls, "call")}` : ""}</span>
  </p>`;
}

let loading = null;

/** uPlot, loaded when a chart first opens: as a script, for its small form is no module. */
function plotter() {
  loading ??= new Promise((told, failed) => {
    const script = document.createElement("script");
    script.src = new URL("./vendor/uplot.js", import.meta.url).href;
    script.onload = () => told(window.uPlot);
    script.onerror = failed;
    document.head.append(script);
  });
  return loading;
}

/** Points with `start_ms` and a value for each line; the label says in words what is to be seen. */
export function Chart({ points, lines, label }) {
  const room = useRef(null);
  const plot = useRef(null);
  const [at, setAt] = useState(null);
  const turn = useTheme();
  useEffect(() => {
    let gone = false;
    let seen = null;
    plotter().then((Plot) => {
      if (gone || !room.current) return;
      plot.current = new Plot(options(lines, room.current.clientWidth, setAt), columns(points, lines), room.current);
      seen = new ResizeObserver(() => room.current && plot.current?.setSize({ width: room.current.clientWidth, height: HEIGHT }));
      seen.observe(room.current);
    });
    return () => {
      gone = true;
      seen?.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [turn]);
  useEffect(() => plot.current?.setData(columns(points, lines)), [points]);
  return html`<figure class="chart">
    <div class="chart-room" ref=${room} role="img" aria-label=${label}></div>
    <${Key} lines=${lines} point=${points[at ?? points.length - 1]} />
  </figure>`;
}
