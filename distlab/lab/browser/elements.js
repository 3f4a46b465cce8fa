// Elements of the page, and the few helpers that every part of the lab uses.

function node(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

const button = (label, attributes) => node("button", { type: "button", ...attributes }, label);
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const plain = (ms) => `${Math.round(ms * 1000) / 1000}`;

function table(title, head, rows) {
  const line = (cells, scope) => node("tr", {}, ...cells.map((cell, place) =>
    (place === 0 || scope === "col" ? node("th", { scope }, cell) : node("td", {}, cell))));
  return node("table", {}, node("caption", {}, title), node("thead", {}, line(head, "col")),
    node("tbody", {}, ...rows.map((cells) => line(cells, "row"))));
}

function parsed(svg) {
  const holder = document.createElement("template");
  holder.innerHTML = svg;
  return holder.content.firstChild;
}
