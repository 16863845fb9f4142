// The family: every game by year and branch, and what one of them is.

import { button, fill, get, h, wide } from "/page/dom.js";
import { say } from "/page/words.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDE = 150, TALL = 28, COLUMN = 176, GAP = 8, TOP = 34;

function s(name, given = {}, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(given)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

// Where each game stands: its year decides the column, its room the band.
function places(games) {
  const years = [...new Set(games.map((game) => game.year))].sort();
  const rooms = [...new Set(games.map((game) => game.room))];
  const at = new Map(), bands = [];
  let top = TOP;
  for (const room of rooms) {
    const filled = new Map();
    for (const game of games.filter((one) => one.room === room)) {
      const row = filled.get(game.year) ?? 0;
      filled.set(game.year, row + 1);
      at.set(game.name, { x: 90 + years.indexOf(game.year) * COLUMN, y: top + 6 + row * (TALL + GAP) });
    }
    bands.push({ room, top });
    top += Math.max(...filled.values()) * (TALL + GAP) + 22;
  }
  return { years, at, bands, width: 110 + years.length * COLUMN, height: top };
}

function map(games, choose) {
  const { years, at, bands, width, height } = places(games);
  const svg = s("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": say("family") });
  years.forEach((year, k) => { svg.append(s("text", { class: "year", x: 92 + k * COLUMN, y: 20 }, String(year))); });
  for (const { room, top } of bands) svg.append(s("text", { class: "year", x: 6, y: top + 24 }, room));
  const ways = [];
  for (const game of games) for (const parent of game.parents) {
    const a = at.get(parent), b = at.get(game.name);
    const from = [a.x + WIDE, a.y + TALL / 2], to = [b.x, b.y + TALL / 2];
    const bend = a.x === b.x ? `M ${a.x} ${from[1]} C ${a.x - 24} ${from[1]}, ${b.x - 24} ${to[1]}, ${to}`
      : `M ${from} C ${from[0] + 26} ${from[1]}, ${to[0] - 30} ${to[1]}, ${to}`;
    const way = s("path", { d: bend });
    ways.push([way, parent, game.name]);
    svg.append(way);
  }
  const nodes = new Map();
  for (const game of games) {
    const { x, y } = at.get(game.name);
    const node = s("g", { role: "button", tabindex: 0, transform: `translate(${x} ${y})`, "aria-pressed": "false" },
      s("title", {}, game.idea), s("rect", { width: WIDE, height: TALL, rx: 6 }), s("text", { x: 8, y: 19 }, game.name));
    node.addEventListener("click", () => choose(game.name));
    node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(game.name); }
    });
    nodes.set(game.name, node);
    svg.append(node);
  }
  const mark = (name) => {
    nodes.forEach((node, each) => node.setAttribute("aria-pressed", String(each === name)));
    ways.forEach(([way, parent, child]) => way.setAttribute("class", parent === name || child === name ? "near" : ""));
  };
  return { svg, mark, width, height, nodes };
}

async function describe(place, name) {
  fill(place, say("loading"));
  const game = await get(`/api/game/${encodeURIComponent(name)}`);
  fill(place, h("h2", {}, game.name), h("p", {}, game.idea),
    h("p", {}, h("strong", {}, game.title), `, ${game.authors}, ${game.year}, ${game.paper}`),
    game.parents.length ? h("p", {}, `${say("parents")}: `, game.parents.map((parent) => h("a", { href: `#family/${parent}` }, `${parent} `))) : null,
    h("p", { className: "soft" }, `${say("kinds")}: ${game.kinds.join(", ")}${game.needs.length ? `; ${game.needs.join(", ")}` : ""}`),
    button("train", () => { location.hash = `live/${game.name}`; }, { className: "main" }),
    h("h3", {}, say("doc")), h("pre", {}, game.doc),
    h("h3", {}, say("settings")),
    wide(say("settings"), game.settings.map((one) => h("tr", {},
      h("th", { scope: "row" }, one.name), h("td", {}, one.kind), h("td", {}, String(one.default ?? "")), h("td", {}, one.meaning)))));
}

export async function enter(place, chosen) {
  const { games } = await get("/api/family");
  const about = h("section", { className: "panel", "aria-live": "polite" }, h("p", { className: "soft" }, say("mapHelp")));
  const drawn = map(games, (name) => { location.hash = `family/${name}`; });
  const zoom = h("input", { type: "range", min: .4, max: 2, step: .1, value: 1 });
  zoom.addEventListener("input", () => {
    drawn.svg.setAttribute("width", drawn.width * zoom.value);
    drawn.svg.setAttribute("height", drawn.height * zoom.value);
  });
  const names = h("datalist", { id: "games" }, games.map((game) => h("option", { value: game.name })));
  const find = h("input", { type: "search", list: "games" });
  find.addEventListener("change", () => { if (drawn.nodes.has(find.value)) location.hash = `family/${find.value}`; });
  fill(place, h("div", { className: "row" }, h("label", {}, `${say("find")} `, find), names, h("label", {}, `${say("zoom")} `, zoom)),
    h("div", { className: "columns" }, h("div", { className: "map", tabindex: 0, role: "region", "aria-label": say("family") }, drawn.svg), about));
  if (drawn.nodes.has(chosen)) {
    drawn.mark(chosen);
    drawn.nodes.get(chosen).scrollIntoView({ block: "nearest", inline: "center" });
    await describe(about, chosen);
  }
}
