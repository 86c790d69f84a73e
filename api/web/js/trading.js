// What we hold and risk: profit band, hedge exposure, inventory, risk state, fills.

import { $, element, setData, setHidden, setScale, setText, Table } from "./dom.js";
import { clock, count, money, short } from "./text.js";

const TONES = { ACTIVE: "good", REDUCE: "wait", HALT: "bad" };
const FILLS_SHOWN = 12;
const STATES = ["ACTIVE", "REDUCE", "HALT"];

// The most careful state of all worlds is what counts.
export function worst(worlds) {
  const states = Object.values(worlds).map((one) => one.state);
  return STATES.findLast((state) => states.includes(state)) ?? "ACTIVE";
}

export class TradingView {
  constructor() {
    this.band = element("p", { class: "big" });
    this.worlds = element("dl");
    $("pnl").replaceChildren(this.band, element("p", { class: "note" }, "least and most of the worlds"), this.worlds);
    this.hedges = $("hedges");
    this.meters = new Map();
    this.inventory = new Table($("inventory"), [["instrument", "name"], ["strategy", "name"], ["position", ""], ["value", ""]], {
      rowsMax: 12,
      empty: "no position",
    });
    this.risk = new Table($("risk-detail"), [["world", "name"], ["state", "name"], ["why", "words"], ["open orders", ""], ["refused", ""]]);
    this.fills = new Table(
      $("fills"),
      [["time", "name"], ["world", "name"], ["side", "name"], ["instrument", "name"], ["price", ""], ["size", ""], ["fee", ""]],
      { rowsMax: FILLS_SHOWN, empty: "no fill yet" },
    );
    this.newest = [];
  }

  addFills(fills, snapshot) {
    const known = new Set(this.newest.map((one) => one.id));
    this.newest.push(...fills.filter((one) => !known.has(one.id)));
    this.newest.sort((a, b) => b.id - a.id);
    this.newest.length = Math.min(this.newest.length, FILLS_SHOWN);
    if (snapshot || fills.length) this.fills.fill(this.newest.map(fillRow));
  }

  // What the stream tells: state and result of each world.
  showState(trading) {
    setHidden($("trading"), !trading);
    setHidden($("risk"), !trading);
    setHidden($("halt"), !trading);
    if (!trading) return;
    const state = worst(trading.worlds);
    setText($("risk"), `risk ${state}`);
    setData($("risk"), "tone", TONES[state]);
    const halted = state === "HALT";
    setText($("halt"), halted ? "Resume trading" : "Halt trading");
    $("halt").className = halted ? "go" : "halt";
    this.halted = halted;
    const results = Object.values(trading.worlds).map((one) => Number(one.pnl));
    const [least, most] = [Math.min(...results), Math.max(...results)];
    const text = least === most ? least.toFixed(2) : `${least.toFixed(2)} to ${most.toFixed(2)}`;
    setText(this.band, `${text} ${trading.currency}`);
    setData(this.band, "tone", least >= 0 ? "good" : most <= 0 ? "bad" : "wait");
    facts(this.worlds, Object.entries(trading.worlds).map(([name, one]) => [
      name,
      `${Number(one.pnl).toFixed(2)} · ${count(one.fills)} fills · ${count(one.open_orders)} open`,
    ]));
  }

  showPositions(positions) {
    const several = new Set(positions.map((one) => one.world)).size > 1;
    this.inventory.fill(
      positions.filter((one) => Number(one.position) !== 0).map((one) => [
        one.instrument,
        several ? `${one.strategy} · ${one.world}` : one.strategy,
        short(one.position),
        `${money(one.value)} ${one.currency}`,
      ]),
    );
  }

  // How much of the bound on what is not hedged is used, in the worse direction.
  showHedges(hedges) {
    if (!hedges.length) {
      this.hedges.replaceChildren(element("p", { class: "note" }, "no strategy hedges"));
      this.meters.clear();
      return;
    }
    if (this.meters.size === 0) this.hedges.replaceChildren();
    for (const one of hedges) {
      const key = `${one.world} ${one.strategy}`;
      let meter = this.meters.get(key);
      if (!meter) {
        meter = { label: element("p"), bar: element("i"), box: element("div", { class: "meter" }) };
        meter.box.append(meter.bar);
        this.hedges.append(meter.label, meter.box);
        this.meters.set(key, meter);
      }
      const used = Math.max(Math.abs(Number(one.worst_long)), Math.abs(Number(one.worst_short)));
      const share = Number(one.bound) ? used / Number(one.bound) : 0;
      setText(meter.label, `${key}: ${short(String(used))} of ${short(one.bound)} · ${one.state}, ${short(one.open)} open`);
      setScale(meter.bar, share);
      setData(meter.box, "tone", share > 1 ? "bad" : share > 0.8 ? "wait" : "good");
    }
  }

  showRisk(risk) {
    this.risk.fill(
      Object.entries(risk.worlds ?? {}).map(([name, one]) => [
        name,
        [one.state, TONES[one.state]],
        Object.entries(one.causes).map(([cause, { detail }]) => (detail ? `${cause}: ${detail}` : cause)).join("; ") || "–",
        count(one.open_orders),
        count(Object.values(one.refused).reduce((sum, each) => sum + each, 0)),
      ]),
    );
  }
}

function facts(list, rows) {
  while (list.children.length > rows.length * 2) list.lastChild.remove();
  while (list.children.length < rows.length * 2) list.append(element("dt"), element("dd"));
  rows.forEach(([name, value], at) => {
    setText(list.children[at * 2], name);
    setText(list.children[at * 2 + 1], value);
  });
}

function fillRow(fill) {
  const tone = fill.side === "buy" ? "good" : "bad";
  return [clock(fill.ts_ns), fill.world, [fill.side, tone], fill.instrument, fill.price, short(fill.size), short(fill.fee)];
}
