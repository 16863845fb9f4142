// Runs side by side.

import { button, fill, get, h, post, wide } from "/page/dom.js";
import { curve, hue } from "/page/plot.js";
import { say } from "/page/words.js";

const number = (value) => (Number.isFinite(value) ? Number(value).toPrecision(4) : "");
const spread = (score) => (Number.isFinite(score.spread) ? ` ± ${Number(score.spread).toPrecision(2)}` : "");

function grid(name, heads, rows) {
  return wide(name,
    h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
    h("tbody", {}, rows.map(([head, ...cells]) => h("tr", {}, h("th", { scope: "row" }, head), cells.map((cell) => h("td", {}, cell))))));
}

function scores(runs) {
  const last = runs.map((run) => new Map(run.scores.map((score) => [score.name, score])));
  const names = [...new Set(last.flatMap((some) => [...some.keys()]))];
  if (!names.length) return h("p", { className: "soft" }, say("noScores"));
  return grid(say("scores"), ["", ...runs.map((run) => run.name)], names.map((name) => [name, ...last.map((some) => {
    const score = some.get(name);
    return score ? `${number(score.value)}${spread(score)} (${say("at")} ${score.round})` : "";
  })]));
}

function curves(runs) {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.curves)))].filter((name) => name.endsWith("/loss"));
  return names.map((name) => {
    const canvas = h("canvas", { className: "curve", role: "img", "aria-label": name });
    const lines = Object.fromEntries(runs.map((run) => [run.name, run.curves[name] ?? []]));
    requestAnimationFrame(() => curve(canvas, lines));
    return h("figure", {}, h("figcaption", {}, name), canvas);
  });
}

function measured(found) {
  const names = Object.keys(found.scores);
  const table = grid(say("scores"), ["", ...names], (found.scores[names[0]] ?? []).map(({ name }) => [name, ...names.map((run) => {
    const score = found.scores[run].find((one) => one.name === name);
    return score ? `${number(score.value)}${spread(score)}` : "";
  })]));
  const apart = found.differences.map((one) => h("li", {},
    `${one.score}: ${one.one} − ${one.other} = ${number(one.difference)}${one.noise ? ` (${say("noise")})` : ""}`));
  return [table, h("ul", {}, apart)];
}

export async function enter(place) {
  const { runs } = await get("/api/runs");
  if (!runs.length) { fill(place, h("p", {}, say("noRuns"))); return; }
  const boxes = runs.map((run) => h("input", { type: "checkbox", value: run.name }));
  const chosen = () => boxes.filter((box) => box.checked).map((box) => box.value);
  const shown = h("div", { "aria-live": "polite" });
  async function show() {
    const found = await post("/api/compare", { runs: chosen() });
    const anew = h("div");
    fill(shown, h("h2", {}, say("different")),
      found.different.length ? grid(say("different"), ["", ...found.runs.map((run) => run.name)], found.different.map((one) => [one.name, ...one.values])) : h("p", {}, say("same")),
      h("h2", {}, say("scores")), scores(found.runs),
      button("measure", async () => fill(anew, measured(await post("/api/measure", { runs: chosen() })))), anew,
      h("h2", {}, say("curves")), h("p", { className: "row" }, found.runs.map((run, k) => { const node = h("span", {}, run.name); node.style.color = hue(k); return node; })),
      curves(found.runs),
      h("h2", {}, say("sheets")),
      grid(say("sheets"), ["", ...found.runs.map((run) => run.name)], found.rows.map((row) => [String(row[0]), ...row.map((at, k) => h("figure", {},
        h("img", { className: "sheet", loading: "lazy", src: `/api/sheet/${encodeURIComponent(found.runs[k].name)}/${String(at).padStart(6, "0")}.png`, alt: `${found.runs[k].name}, ${say("at")} ${at}` }),
        h("figcaption", {}, String(at))))])));
  }
  fill(place, h("p", {}, say("twoRuns")),
    h("fieldset", { className: "row" }, h("legend", {}, say("runs")), boxes.map((box) => h("label", {}, box, ` ${box.value}`))),
    button("show", show, { className: "main" }), shown);
}
