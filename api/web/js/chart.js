// The edge after fees of both directions over the last two minutes, with our fills on it.

import { element, setText } from "./dom.js";
import { bps, clock } from "./text.js";

const SECONDS = 120;
const PERIOD_MS = 200;
const POINTS = (SECONDS * 1000) / PERIOD_MS;
const FILLS_MAX = 200;

// A canvas knows no variables: an element is asked what comes of one, in the theme of now.
function colours(parent) {
  const probe = element("span");
  parent.append(probe);
  const found = {};
  for (const name of ["faint", "line", "ours", "wait", "good", "bad"]) {
    probe.style.color = `var(--${name})`;
    found[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return found;
}

export class EdgeChart {
  constructor(parent, directions) {
    this.parent = parent;
    this.rows = [0, 1].map((at) => {
      const swatch = element("i", { class: "swatch" });
      swatch.style.background = `var(--${at ? "wait" : "ours"})`;
      const name = element("span");
      const value = element("span", { class: "bps" });
      const rule = element("span", { class: "faint" });
      directions.append(element("div", {}, swatch, value, name, rule));
      return { name, value, rule };
    });
    this.histories = new Map();
    this.fills = [];
    this.pair = null;
    this.plot = null;
    this.drawn = 0;
    new ResizeObserver(() => this.resize()).observe(parent);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.build());
  }

  // Keep a point of every pair, so that the chart of another one is there when it is chosen.
  sample(pairs, edges) {
    const now = Date.now() / 1000;
    for (const pair of pairs) {
      let history = this.histories.get(pair.name);
      if (!history) this.histories.set(pair.name, (history = [[], [], []]));
      history[0].push(now);
      pair.edges.forEach((name, at) => history[at + 1].push(edges.get(name)?.net_bps ?? null));
      if (pair.edges.length < 2) history[2].push(null);
      if (history[0].length > POINTS) history.forEach((values) => values.shift());
    }
  }

  addFills(fills) {
    this.fills.push(...fills);
    this.fills.splice(0, this.fills.length - FILLS_MAX);
  }

  show(pair, edges) {
    if (pair !== this.pair) {
      this.pair = pair;
      this.build();
    }
    this.rows.forEach(({ name, value, rule }, at) => {
      const edge = edges.get(pair.edges[at]);
      setText(name, edge ? `sell ${venue(edge.sell)}, buy ${venue(edge.buy)}` : "");
      setText(value, edge ? bps(edge.net_bps) : "");
      setText(rule, edge ? edge.rule ?? "" : "");
    });
    const history = this.histories.get(pair.name);
    if (this.plot && history && history[0].at(-1) !== this.drawn) {
      this.drawn = history[0].at(-1);
      this.plot.setData(history);
    }
  }

  build() {
    this.plot?.destroy();
    this.plot = null;
    const width = this.parent.clientWidth;
    if (!width || !this.pair) return;
    this.colours = colours(this.parent);
    const { faint, line, ours, wait } = this.colours;
    const axis = { stroke: faint, grid: { stroke: line, width: 1 }, ticks: { show: false } };
    const series = (label, stroke) => ({ label, stroke, width: 1.5, points: { show: false }, spanGaps: false });
    this.plot = new window.uPlot(
      {
        width,
        height: this.parent.clientHeight || 300,
        cursor: { show: false },
        legend: { show: false },
        scales: { x: { range: (_, __, last) => [last - SECONDS, last] } },
        axes: [
          { ...axis, values: (_, ticks) => ticks.map((at) => clock(at * 1e9)) },
          { ...axis, size: 52, values: (_, ticks) => ticks.map((value) => `${value}`) },
        ],
        series: [{}, series("first", ours), series("second", wait)],
        hooks: { draw: [(plot) => this.draw(plot)] },
      },
      this.histories.get(this.pair.name) ?? [[], [], []],
      this.parent,
    );
  }

  resize() {
    const width = this.parent.clientWidth;
    if (!this.plot) this.build();
    else if (width && width !== this.plot.width) this.plot.setSize({ width, height: this.parent.clientHeight });
  }

  // The line of no profit, and a mark for each fill of this pair.
  draw(plot) {
    const { ctx, bbox } = plot;
    ctx.save();
    const zero = plot.valToPos(0, "y", true);
    if (zero >= bbox.top && zero <= bbox.top + bbox.height) {
      ctx.strokeStyle = this.colours.faint;
      ctx.setLineDash([4, 4]);
      ctx.beginPath();
      ctx.moveTo(bbox.left, zero);
      ctx.lineTo(bbox.left + bbox.width, zero);
      ctx.stroke();
    }
    const first = plot.scales.x.min;
    for (const fill of this.fills) {
      const at = fill.ts_ns / 1e9;
      const leg = this.pair.legs.indexOf(fill.instrument);
      if (at < first || leg < 0) continue;
      const x = plot.valToPos(at, "x", true);
      const bought = fill.side === "buy";
      const y = bbox.top + (bought ? bbox.height - 6 : 6);
      const size = 5 * devicePixelRatio;
      ctx.fillStyle = bought ? this.colours.good : this.colours.bad;
      ctx.beginPath();
      ctx.moveTo(x - size, y + (bought ? size : -size));
      ctx.lineTo(x + size, y + (bought ? size : -size));
      ctx.lineTo(x, y - (bought ? size : -size));
      ctx.fill();
    }
    ctx.restore();
  }
}

export const venue = (instrument) => instrument.slice(instrument.lastIndexOf(".") + 1).toLowerCase();
