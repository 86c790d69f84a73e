// What every view needs of the document: making elements, and changing only what is different.

export const $ = (id) => document.getElementById(id);

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value == null) continue;
    if (key === "class") made.className = value;
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

// A write to the document costs a layout: most of what is told is what stands there already, and a
// text that is changed costs less than one that takes another's place.
export function setText(node, text) {
  const held = node.firstChild;
  if (held?.nodeType === Node.TEXT_NODE && held === node.lastChild) {
    if (held.data !== text) held.data = text;
  } else if (held || text) {
    node.textContent = text;
  }
}

export function setData(node, key, value) {
  if (node.dataset[key] !== value) node.dataset[key] = value;
}

export function setHidden(node, hidden) {
  if (node.hidden !== hidden) node.hidden = hidden;
}

export function setScale(node, share) {
  const text = `scaleX(${Math.min(1, Math.max(0, share)).toFixed(3)})`;
  if (node.style.transform !== text) node.style.transform = text;
}

// A table whose rows are kept and filled anew: `columns` are [heading, class].
export class Table {
  constructor(parent, columns, { rowsMax = 100, empty = "nothing yet" } = {}) {
    const head = element("tr", {}, ...columns.map(([name, kind]) => element("th", { class: kind }, name)));
    this.columns = columns;
    this.rowsMax = rowsMax;
    this.body = element("tbody");
    this.empty = element("p", { class: "note" }, empty);
    this.table = element("table", { hidden: true }, element("thead", {}, head), this.body);
    parent.replaceChildren(this.table, this.empty);
  }

  // Rows are lists of texts, or [text, tone] for one that is coloured.
  fill(rows) {
    const shown = rows.slice(0, this.rowsMax);
    setHidden(this.table, shown.length === 0);
    setHidden(this.empty, shown.length !== 0);
    while (this.body.rows.length > shown.length) this.body.deleteRow(-1);
    while (this.body.rows.length < shown.length) {
      this.body.append(element("tr", {}, ...this.columns.map(([, kind]) => element("td", { class: kind }))));
    }
    shown.forEach((row, at) => {
      const cells = this.body.rows[at].cells;
      row.forEach((value, column) => {
        const [text, tone] = Array.isArray(value) ? value : [value, ""];
        setText(cells[column], text);
        setData(cells[column], "tone", tone);
      });
    });
  }
}
