// Numbers for people. Exact decimal text stays text: only its length is cut, never its value guessed.

export const bps = (value) => (value == null ? "–" : `${value >= 0 ? "+" : "−"}${Math.abs(value).toFixed(2)} bps`);

export function duration(ns) {
  if (ns == null) return "–";
  if (ns < 1e3) return `${Math.round(ns)} ns`;
  if (ns < 1e6) return `${(ns / 1e3).toPrecision(3)} µs`;
  if (ns < 1e9) return `${Math.round(ns / 1e6)} ms`;
  if (ns < 120e9) return `${(ns / 1e9).toFixed(1)} s`;
  if (ns < 7200e9) return `${Math.round(ns / 60e9)} min`;
  return `${(ns / 3600e9).toFixed(1)} h`;
}

// Cut decimals that nobody reads: 0.00123456789 has six, 12345.678901 two.
export function short(text, decimals = 6) {
  if (text == null) return "–";
  const [whole, fraction = ""] = String(text).split(".");
  const kept = Math.max(2, decimals - Math.max(0, whole.replace("-", "").length - 1));
  const cut = fraction.slice(0, kept).replace(/0+$/, "");
  return cut ? `${whole}.${cut}` : whole;
}

// Money of a thousand and more has no cents.
export const money = (text) => (Math.abs(Number(text)) >= 1000 ? Number(text).toFixed(0) : Number(text).toFixed(2));

export const count = (value) => (value == null ? "–" : Number(value).toLocaleString("en-US"));

export function clock(ns) {
  return new Date(ns / 1e6).toLocaleTimeString([], { hour12: false });
}
