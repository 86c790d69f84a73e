// Whether to trust what is shown: every quote with its grade, every connection, and where time goes.

import { $, element, setData, setScale, setText, Table } from "./dom.js";
import { count, duration } from "./text.js";

export class FeedsView {
  constructor() {
    this.quotes = new Table(
      $("quotes"),
      [["instrument", "name"], ["bid", ""], ["ask", ""], ["silent", ""], ["lag", ""], ["grade", "words"]],
      { rowsMax: 60 },
    );
    this.connections = new Table(
      $("connections"),
      [["connection", "name"], ["state", "name"], ["frames/s", ""], ["gaps", ""], ["errors", ""]],
      { rowsMax: 30 },
    );
    this.before = new Map();
    this.stages = $("stages");
    this.bars = new Map();
  }

  showQuotes(quotes) {
    this.quotes.fill(
      quotes.map((one) => [
        one.instrument,
        one.bid ?? "–",
        one.ask ?? "–",
        duration(one.silence_ns),
        duration(one.lag_ns),
        [one.grade.join(", ") || one.state, one.usable ? (one.grade.length ? "wait" : "good") : "bad"],
      ]),
    );
  }

  showConnections(rows) {
    const now = performance.now();
    this.connections.fill(
      rows.map((one) => {
        const [frames, at] = this.before.get(one.connection) ?? [one.frames, now - 1000];
        this.before.set(one.connection, [one.frames, now]);
        const rate = Math.max(0, ((one.frames - frames) / (now - at)) * 1000);
        const errors = Object.values(one.errors).reduce((sum, each) => sum + each, 0);
        // REST is asked now and then: it is neither open nor closed.
        const asked = one.replies > 0 && !one.frames;
        return [
          one.connection,
          asked ? `${count(one.replies)} replies` : [one.state, one.state === "open" ? "good" : "bad"],
          count(Math.round(rate)),
          [count(one.gaps), one.gaps ? "wait" : ""],
          [count(errors), errors ? "wait" : ""],
        ];
      }),
    );
  }

  // `venues` are {venue: {stage: {samples, p50_ns, p99_ns}}} in the order of the way; a bar is the p99.
  showStages(venues) {
    const rows = Object.entries(venues).flatMap(([venue, stages]) =>
      Object.entries(stages).map(([stage, one]) => [`${venue} ${stage}`, one]),
    );
    if (!rows.length) {
      this.stages.replaceChildren(element("p", { class: "note" }, "nothing measured yet"));
      this.bars.clear();
      return;
    }
    if (this.bars.size === 0) this.stages.replaceChildren();
    // A stage of microseconds and one of milliseconds are both to be seen: the scale is logarithmic.
    const reach = (ns) => Math.log10(Math.max(ns, 100) / 100) / Math.log10(1e10 / 100);
    for (const [name, one] of rows) {
      let bar = this.bars.get(name);
      if (!bar) {
        bar = { label: element("p"), box: element("div", { class: "meter" }), fill: element("i") };
        bar.box.append(bar.fill);
        this.stages.append(bar.label, bar.box);
        this.bars.set(name, bar);
      }
      setText(bar.label, `${name}: ${duration(one.p50_ns)} half of the time, ${duration(one.p99_ns)} for 99 %`);
      setScale(bar.fill, reach(one.p99_ns));
      setData(bar.box, "tone", one.p99_ns > 1e9 ? "wait" : "good");
    }
  }
}
