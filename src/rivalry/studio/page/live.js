// A training: its form, what it shows, and what it can be told.

import { Refused, attempt, button, choice, field, fill, get, gone, h, png, post, tell } from "/page/dom.js";
import { curve, hue, plane } from "/page/plot.js";
import { say } from "/page/words.js";

const MOST = 600; // points of a live curve

function form(games, data, first) {
  const place = h("form", { className: "panel" });
  const game = choice(games.map((one) => [one.name, one.name]), { value: first });
  game.value = games.some((one) => one.name === first) ? first : "gan";
  const rest = h("div");
  let fields = {}, about = null;

  async function open() {
    about = await get(`/api/game/${encodeURIComponent(game.value)}`);
    const own = data.filter((one) => !one.kind || about.data.includes(one.name));
    const on = choice(own.map((one) => [one.name, `${one.name}${one.what ? `: ${one.what}` : ""}`]));
    on.value = own.some((one) => one.name === "ring") ? "ring" : own[0]?.name ?? "";
    const recipe = choice([["", say("none")], ...Object.keys(about.recipes).map((name) => [name, name])]);
    fields = {
      data: field(say("data"), on), recipe: field(say("recipe"), recipe),
      rounds: field(say("rounds"), h("input", { type: "number", min: 1, value: 20000 })),
      seed: field(say("seed"), h("input", { type: "number", min: 0, value: 0 })),
      ...(about.room === "agents" ? { env: field(say("env"), h("input", { value: "" })) } : {}),
    };
    const basic = Object.values(fields).map((one) => one.node);
    const settings = about.settings.map((one) => {
      const input = one.choices.length ? choice(one.choices.map((each) => [each, each])) : h("input", {});
      input.value = String(one.default ?? "");
      fields[`-${one.name}`] = { ...field(one.name, input, `${one.kind}${one.meaning ? `: ${one.meaning}` : ""}`), was: input.value };
      return fields[`-${one.name}`].node;
    });
    fill(rest, basic, h("details", {}, h("summary", {}, say("settings")), settings));
  }

  async function begin(paused) {
    Object.values(fields).forEach((one) => one.refuse(""));
    const changed = Object.entries(fields).filter(([name, one]) => name.startsWith("-") && one.input.value !== one.was);
    const asked = { game: game.value, data: fields.data.input.value, recipe: fields.recipe.input.value, paused,
      rounds: Number(fields.rounds.input.value), seed: Number(fields.seed.input.value), env: fields.env?.input.value ?? "",
      settings: Object.fromEntries(changed.map(([name, one]) => [name.slice(1), one.input.value])) };
    try { await post("/api/train", asked); }
    catch (trouble) {
      const at = fields[`-${trouble.field}`] ?? fields[trouble.field];
      if (!(trouble instanceof Refused) || !at) throw trouble;
      at.refuse(trouble.message);
      at.node.closest("details")?.setAttribute("open", "");
      at.input.focus();
    }
  }

  game.addEventListener("change", () => attempt(null, open));
  place.addEventListener("submit", (event) => event.preventDefault());
  fill(place, h("h2", {}, say("train")), field(say("game"), game).node, rest,
    h("div", { className: "row" }, button("begin", () => begin(false), { className: "main" }), button("beginPaused", () => begin(true))));
  return { place, open };
}

function words({ player, notes, batch, plural }) {
  const short = (value) => (Number.isFinite(value) ? value.toPrecision(3) : "?");
  const kind = { critic: "criticWords", generator: "generatorWords" }[player] ?? "turnWords";
  return say(kind, { player, batch, plural, loss: short(notes.loss), gradient: short(notes.gradient) });
}

export async function enter(place, first) {
  const [{ games }, { data }, { runs }] = await Promise.all(["/api/family", "/api/data", "/api/runs"].map((path) => get(path)));
  const asked = form(games, data, first);
  const standing = h("p", { role: "status" }, say("nothingTrained"));
  const canvas = h("canvas", { className: "plane", role: "img", "aria-label": say("legend"), hidden: true });
  const sheet = h("img", { className: "sheet", alt: say("sample"), hidden: true });
  const losses = h("canvas", { className: "curve", role: "img", "aria-label": say("losses") });
  const legend = h("p", { className: "row" }), turns = h("ol", { reversed: true });
  const told = (command) => post("/api/live", command);
  const rate = h("input", { type: "range", min: -2, max: 1, step: .1, value: 0, "aria-label": say("rate") });
  const shownRate = h("output", {}, "1");
  rate.addEventListener("change", () => attempt(null, () => told({ do: "rate", factor: Number((10 ** rate.value).toPrecision(2)) })));
  rate.addEventListener("input", () => { shownRate.textContent = (10 ** rate.value).toPrecision(2); });
  const tools = h("div", { className: "row" }, ["pause", "play", "round", "turn", "stop"].map((name) => button(name, () => told({ do: name }))),
    h("label", {}, `${say("rate")} `, rate), shownRate);
  const allow = () => { for (const node of tools.querySelectorAll("button, input")) node.disabled = !busy; };
  const old = choice(runs.map((run) => [run.name, `${run.name} (${run.round})`]), { "aria-label": say("runs") });
  const more = h("input", { type: "number", min: 1, placeholder: say("rounds"), "aria-label": say("rounds") });
  const again = h("div", { className: "row" }, old, more, button("resume", () => post("/api/resume", { run: old.value, rounds: Number(more.value) || null })));

  fill(place, h("div", { className: "columns" },
    h("section", { className: "panel" }, standing, tools, canvas, sheet, h("p", { className: "soft" }, say("legend")),
      h("h3", {}, say("losses")), losses, legend, h("h3", {}, say("turns")), turns),
    h("div", {}, asked.place, runs.length ? h("section", { className: "panel" }, h("h3", {}, say("resume")), again) : null)));
  await asked.open();

  let begun = null, lines = {}, newest = null, drawing = false, seen = [], busy = false, run = "";
  allow();

  function draw() {
    drawing = false;
    if (!newest) return;
    const now = performance.now();
    seen = [...seen.filter((time) => now - time < 2000), now];
    const speed = newest.in_play > 0 ? (newest.t / newest.in_play).toFixed(0) : "";
    const modes = newest.modes ? `, ${newest.modes.found}/${newest.modes.of} ${say("modes")}` : "";
    standing.textContent = `${run}: ${say("at")} ${newest.t}${modes}, ${speed} ${say("perSecond")}, ${(seen.length / 2).toFixed(0)} ${say("frames")}`;
    canvas.hidden = !newest.made; sheet.hidden = !newest.sheet;
    if (newest.made && begun?.box) plane(canvas, begun.box, begun.real, newest);
    if (newest.sheet) sheet.src = png(newest.sheet);
    curve(losses, lines);
    fill(legend, Object.keys(lines).map((name, k) => { const node = h("span", {}, name); node.style.color = hue(k); return node; }));
  }

  const take = {
    state: (told) => {
      ({ busy, run } = told);
      allow();
      if (busy && !newest) standing.textContent = `${run}: ${say("starting")}`;
    },
    begun: (told) => {
      begun = told; lines = {}; newest = null; fill(turns);
      get(`/api/run/${encodeURIComponent(told.run)}`).then(({ curves }) => {
        for (const [name, points] of Object.entries(curves)) if (name.endsWith("/loss")) lines[name] = [...points, ...(lines[name] ?? [])];
      }, () => {});
    },
    frame: (told) => {
      newest = told;
      for (const [name, value] of Object.entries(told.notes)) if (name.endsWith("/loss")) {
        const points = lines[name] ??= [];
        if (points.at(-1)?.[0] !== told.t) points.push([told.t, value]);
        if (points.length > MOST) lines[name] = points.filter((_, k) => k % 2 === 0);
      }
      if (!drawing) { drawing = true; requestAnimationFrame(draw); }
    },
    turn: ({ moves }) => {
      turns.prepend(...(moves.length ? moves.map((move) => h("li", {}, words(move))) : [h("li", {}, say("roundOver"))]));
      while (turns.children.length > 20) turns.lastChild.remove();
    },
    said: ({ why }) => tell(why),
    ended: ({ how, why }) => { turns.prepend(h("li", { className: how === "failed" ? "bad" : "" }, how === "failed" ? say("failed") + why : say(how))); },
  };

  let socket = null, left = false;
  function connect() {
    socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/watch`);
    socket.addEventListener("open", () => gone(false));
    socket.addEventListener("message", ({ data: text }) => { const { is, told } = JSON.parse(text); take[is]?.(told); });
    socket.addEventListener("close", () => { if (!left) { gone(true); setTimeout(() => { if (!left) connect(); }, 2000); } });
  }
  connect();
  return () => { left = true; socket.close(); gone(false); };
}
