// The page: what the stream tells goes into maps, and ten times a second what is seen is drawn anew.

import { BookView } from "./books.js";
import { EdgeChart, venue } from "./chart.js";
import { $, element, setData, setHidden, setText } from "./dom.js";
import { FeedsView } from "./feeds.js";
import { get, list, post, setToken, Unauthorised } from "./rest.js";
import { Stream } from "./stream.js";
import { bps } from "./text.js";
import { TradingView, worst } from "./trading.js";

const DRAW_MS = 100;
const SAMPLE_MS = 200;
const POLL_MS = 1000;

const quotes = new Map();
const books = new Map();
const edges = new Map();
let pairs = [];
let chosen = null;
let trading;
let ours = new Map();
let dirty = true;

const views = [new BookView($("book-0")), new BookView($("book-1"))];
const chart = new EdgeChart($("chart"), $("directions"));
const tradingView = new TradingView();
const feedsView = new FeedsView();

const stream = new Stream(
  (channel, key, data, snapshot) => {
    dirty = true;
    if (channel === "quotes") quotes.set(key, data);
    else if (channel === "books") books.set(key, data);
    else if (channel === "edges") hearEdge(key, data);
    else if (channel === "fills") hearFills(data, snapshot);
    else if (channel === "states" && key === "trading") trading = data;
  },
  (open) => {
    setText($("link"), open ? "connected" : "connecting");
    setData($("link"), "tone", open ? "good" : "bad");
    if (!open) forget();
  },
);

// What was heard before the link went is no news any more: nothing old may pass for new.
function forget() {
  books.clear();
  quotes.clear();
  for (const [name, edge] of edges) edges.set(name, { ...edge, net_bps: null, gross_bps: null, rule: "no link" });
  dirty = true;
}

function hearEdge(name, data) {
  const known = edges.has(name);
  edges.set(name, data);
  if (!known) findPairs();
}

function hearFills(fills, snapshot) {
  chart.addFills(fills);
  tradingView.addFills(fills, snapshot);
}

// --- pairs ---------------------------------------------------------------------------------------

function findPairs() {
  const found = new Map();
  for (const [name, edge] of edges) {
    const legs = [edge.sell, edge.buy].sort();
    const key = legs.join(" · ");
    const pair = found.get(key) ?? { name: key, legs, edges: [] };
    pair.edges.push(name);
    found.set(key, pair);
  }
  const old = new Map(pairs.map((one) => [one.name, one]));
  pairs = [...found.values()].map((one) => Object.assign(old.get(one.name) ?? {}, one));
  const tabs = pairs.map((pair) => {
    pair.value = element("span");
    pair.tab = element("button", { role: "tab", type: "button", onclick: () => choose(pair) }, label(pair), " ", pair.value);
    return pair.tab;
  });
  $("pair-tabs").replaceChildren(...tabs);
  if (pairs.length) choose(pairs.find((one) => one.name === chosen?.name) ?? pairs[0]);
}

function label(pair) {
  const [base] = pair.legs[0].split(/[-.]/);
  return `${base} ${pair.legs.map(venue).join(" / ")}`;
}

function choose(pair) {
  chosen = pair;
  for (const one of pairs) one.tab.setAttribute("aria-selected", String(one === pair));
  stream.want("books", { channels: ["books"], keys: pair.legs });
  dirty = true;
}

// --- drawing -------------------------------------------------------------------------------------

function draw() {
  if (!dirty || document.hidden) return;
  dirty = false;
  setData(document.body, "messages", String(stream.messages));
  for (const pair of pairs) {
    const best = Math.max(...pair.edges.map((name) => edges.get(name)?.net_bps ?? -Infinity));
    setText(pair.value, Number.isFinite(best) ? bps(best) : "–");
    setData(pair.value, "tone", best > 0 ? "good" : "");
  }
  if (chosen) {
    chosen.legs.forEach((leg, at) => views[at].show(leg, books.get(leg), quotes.get(leg), ours.get(leg) ?? NONE));
    chart.show(chosen, edges);
  }
  feedsView.showQuotes([...quotes.values()]);
  showLive();
  if (trading !== undefined) tradingView.showState(trading);
}

const NONE = { buy: new Set(), sell: new Set() };

function showLive() {
  const all = [...quotes.values()];
  const usable = all.filter((one) => one.usable).length;
  setHidden($("books-live"), all.length === 0);
  setText($("books-live"), `${usable} of ${all.length} quotes usable`);
  setData($("books-live"), "tone", usable === all.length ? "good" : usable ? "wait" : "bad");
}

// --- what is asked for once a second -------------------------------------------------------------

async function poll() {
  try {
    if (!document.hidden) await ask();
    setHidden($("problem"), true);
  } catch (error) {
    if (error instanceof Unauthorised) await login();
    else problem(error.message);
  }
  setTimeout(poll, POLL_MS);
}

async function ask() {
  const [status, connections, latency] = await Promise.all([get("/v1/status"), list("/v1/connections"), get("/v1/latency")]);
  setHidden($("mode"), false);
  setText($("mode"), `mode ${status.mode}`);
  showRecording(status.recording);
  feedsView.showConnections(connections);
  feedsView.showStages(latency.stages ?? {});
  if (!trading) return;
  const [orders, positions, hedges, risk] = await Promise.all([
    list("/v1/orders"),
    list("/v1/positions"),
    list("/v1/hedges"),
    get("/v1/risk"),
  ]);
  ours = new Map();
  for (const order of orders) {
    if (!ours.has(order.instrument)) ours.set(order.instrument, { buy: new Set(), sell: new Set() });
    ours.get(order.instrument)[order.side].add(Number(order.price));
  }
  tradingView.showPositions(positions);
  tradingView.showHedges(hedges);
  tradingView.showRisk(risk);
  dirty = true;
}

function showRecording(recording) {
  setHidden($("recording"), !recording);
  if (!recording) return;
  setText($("recording"), `recording ${recording.state}`);
  setData($("recording"), "tone", recording.state === "on" ? "good" : "wait");
}

// --- what a person does --------------------------------------------------------------------------

$("halt").addEventListener("click", async () => {
  const resume = worst(trading.worlds) === "HALT";
  const sure = await question(
    resume ? "Resume trading?" : "Halt trading?",
    resume ? "Every cause of the halt is lifted, and strategies quote again." : "All orders are cancelled and nothing new is sent until somebody resumes.",
    resume ? "Resume" : "Halt",
  );
  if (!sure) return;
  try {
    const done = await post(resume ? "/v1/risk/resume" : "/v1/risk/halt", resume ? {} : { reason: "asked for on the page" });
    if (done.accepted === false) problem(done.reason);
  } catch (error) {
    problem(error.message);
  }
});

function question(title, text, yes) {
  setText($("ask-title"), title);
  setText($("ask-text"), text);
  setText($("ask-yes"), yes);
  return answer($("ask"));
}

function answer(dialog) {
  return new Promise((resolve) => {
    dialog.returnValue = "no";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
  });
}

async function login() {
  if (await answer($("login"))) setToken($("token").value.trim());
  $("token").value = "";
  stream.socket.close();
}

function problem(text) {
  setText($("problem"), text);
  setHidden($("problem"), false);
}

stream.want("all", { channels: ["quotes", "edges", "fills", "states"] });
setInterval(() => chart.sample(pairs, edges), SAMPLE_MS);
setInterval(draw, DRAW_MS);
poll();
