// One book of a pair: levels with their size as bars, what grades it, and where our orders rest.

import { element, setData, setHidden, setScale, setText } from "./dom.js";
import { duration, short } from "./text.js";

const LEVELS = 8;

function line(side) {
  const bar = element("i", { class: "bar" });
  const size = element("span");
  const price = element("span", { class: "price" });
  const row = element("tr", { class: side }, element("td", {}, bar, size), element("td", {}, price));
  return { row, bar, size, price };
}

export class BookView {
  constructor(parent) {
    this.name = element("p", { class: "name" });
    this.state = element("span");
    this.silence = element("span");
    this.lag = element("span");
    this.spread = element("td", { colspan: 2 });
    this.asks = Array.from({ length: LEVELS }, () => line("asks"));
    this.bids = Array.from({ length: LEVELS }, () => line("bids"));
    this.parent = parent;
    parent.replaceChildren(
      this.name,
      element("div", { class: "facts" }, this.state, this.silence, this.lag),
      element(
        "table",
        {},
        element("thead", {}, element("tr", {}, element("th", {}, "size"), element("th", {}, "price"))),
        element(
          "tbody",
          {},
          ...this.asks.map((one) => one.row).reverse(),
          element("tr", { class: "middle" }, this.spread),
          ...this.bids.map((one) => one.row),
        ),
      ),
    );
  }

  // `ours` are the prices of our open orders, as text, by side.
  show(instrument, book, quote, ours) {
    setText(this.name, instrument);
    if (!book) return;
    setData(this.parent, "usable", book.usable ? "yes" : "no");
    const grade = book.grade.length ? ` · ${book.grade.join(", ")}` : "";
    setText(this.state, `${book.state}${grade}`);
    setData(this.state, "tone", book.usable ? (book.grade.length ? "wait" : "good") : "bad");
    if (quote) {
      setText(this.silence, `silent ${duration(quote.silence_ns)}`);
      setText(this.lag, `lag ${duration(quote.lag_ns)}`);
    }
    const most = Math.max(...[...book.bids, ...book.asks].slice(0, 40).map(([, size]) => Number(size)), 0);
    this.fill(this.asks, book.asks, most, ours.sell);
    this.fill(this.bids, book.bids, most, ours.buy);
    setText(this.spread, spread(book));
  }

  fill(lines, levels, most, ours) {
    lines.forEach((one, at) => {
      const level = levels[at];
      setText(one.size, level ? short(level[1]) : "");
      setText(one.price, level ? level[0] : "");
      setScale(one.bar, level && most ? Number(level[1]) / most : 0);
      one.row.classList.toggle("ours", Boolean(level && ours.has(Number(level[0]))));
      setHidden(one.bar, !level);
    });
  }
}

function spread(book) {
  if (!book.bids.length || !book.asks.length) return "nothing to read";
  const [bid, ask] = [Number(book.bids[0][0]), Number(book.asks[0][0])];
  return `spread ${(((ask - bid) / ((ask + bid) / 2)) * 1e4).toFixed(2)} bps`;
}
