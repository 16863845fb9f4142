// A training: its form, what it shows, and what it can be told.

import { Refused, attempt, button, choice, field, fill, get, gone, h, post } from "/page/dom.js";
import { spray } from "/page/spray.js";
import { view } from "/page/view.js";
import { say } from "/page/words.js";

// The settings of a game as fields, by their name behind `before`.
function settingFields(about, before) {
  return Object.fromEntries(about.settings.map((one) => {
    const input = one.choices.length ? choice(one.choices.map((each) => [each, each])) : h("input", {});
    input.value = String(one.default ?? "");
    return [`${before}${one.name}`, { ...field(one.name, input, `${one.kind}${one.meaning ? `: ${one.meaning}` : ""}`), was: input.value }];
  }));
}

const folded = (fields) => h("details", {}, h("summary", {}, say("settings")), Object.values(fields).map((one) => one.node));
const changed = (fields, before) => Object.fromEntries(Object.entries(fields)
  .filter(([, one]) => one.input.value !== one.was).map(([name, one]) => [name.slice(before.length), one.input.value]));

function form(games, data, first) {
  const place = h("form", { className: "panel" });
  const names = games.map((one) => [one.name, one.name]);
  const game = choice(names), other = choice([["", say("none")], ...names]);
  game.value = games.some((one) => one.name === first) ? first : "gan";
  const rest = h("div"), second = h("div");
  let fields = {}, own = {}, others = {};
  const about = (name) => get(`/api/game/${encodeURIComponent(name)}`);

  async function open() {
    const told = await about(game.value);
    const fit = data.filter((one) => !one.kind || told.data.includes(one.name));
    const on = choice(fit.map((one) => [one.name, `${one.name}${one.what ? `: ${one.what}` : ""}`]));
    on.value = fit.some((one) => one.name === "ring") ? "ring" : fit[0]?.name ?? "";
    const recipe = choice([["", say("none")], ...Object.keys(told.recipes).map((name) => [name, name])]);
    fields = {
      data: field(say("data"), on), recipe: field(say("recipe"), recipe),
      rounds: field(say("rounds"), h("input", { type: "number", min: 1, value: 20000 })),
      seed: field(say("seed"), h("input", { type: "number", min: 0, value: 0 })),
      ...(told.room === "agents" ? { env: field(say("env"), h("input", { value: "" })) } : {}),
    };
    own = settingFields(told, "");
    fill(rest, Object.values(fields).map((one) => one.node), folded(own));
  }

  async function openOther() {
    others = other.value ? settingFields(await about(other.value), "beside.") : {};
    fill(second, other.value ? [h("p", { className: "soft" }, say("besideHelp")), folded(others)] : []);
  }

  async function begin(paused) {
    for (const some of [fields, own, others]) Object.values(some).forEach((one) => one.refuse(""));
    const asked = { game: game.value, data: fields.data.input.value, recipe: fields.recipe.input.value, paused,
      rounds: Number(fields.rounds.input.value), seed: Number(fields.seed.input.value), env: fields.env?.input.value ?? "",
      settings: changed(own, ""), beside: other.value, beside_settings: changed(others, "beside.") };
    try { await post("/api/train", asked); }
    catch (trouble) {
      const at = own[trouble.field] ?? others[trouble.field] ?? fields[trouble.field];
      if (!(trouble instanceof Refused) || !at) throw trouble;
      at.refuse(trouble.message);
      at.node.closest("details")?.setAttribute("open", "");
      at.input.focus();
    }
  }

  function drawn(name) {
    data.unshift({ name, kind: "", what: say("yours") });
    fields.data.input.prepend(h("option", { value: name }, `${name}: ${say("yours")}`));
    fields.data.input.value = name;
  }

  game.addEventListener("change", () => attempt(null, open));
  other.addEventListener("change", () => attempt(null, openOther));
  place.addEventListener("submit", (event) => event.preventDefault());
  fill(place, h("h2", {}, say("train")), field(say("game"), game).node, rest, spray(drawn), field(say("beside"), other).node, second,
    h("div", { className: "row" }, button("begin", () => begin(false), { className: "main" }), button("beginPaused", () => begin(true))));
  return { place, open };
}

export async function enter(place, first) {
  const [{ games }, { data }, { runs }] = await Promise.all(["/api/family", "/api/data", "/api/runs"].map((path) => get(path)));
  const asked = form(games, data, first);
  const told = (command) => post("/api/live", command);
  const rate = h("input", { type: "range", min: -2, max: 1, step: .1, value: 0, "aria-label": say("rate") });
  const shownRate = h("output", {}, "1");
  rate.addEventListener("change", () => attempt(null, () => told({ do: "rate", factor: Number((10 ** rate.value).toPrecision(2)) })));
  rate.addEventListener("input", () => { shownRate.textContent = (10 ** rate.value).toPrecision(2); });
  const tools = h("div", { className: "row" }, ["pause", "play", "round", "turn", "stop"].map((name) => button(name, () => told({ do: name }))),
    h("label", {}, `${say("rate")} `, rate), shownRate);
  const busy = [false, false];
  const allow = () => { for (const node of tools.querySelectorAll("button, input")) node.disabled = !busy.some(Boolean); };
  const views = h("div", { className: "views" });
  const one = view("/watch", (is) => { busy[0] = is; allow(); });
  const two = view("/watch/beside", (is, run) => {
    busy[1] = is;
    two.node.hidden = !run;
    views.classList.toggle("pair", Boolean(run));
    allow();
  });
  two.node.hidden = true;
  const old = choice(runs.map((run) => [run.name, `${run.name} (${run.round})`]), { "aria-label": say("runs") });
  const more = h("input", { type: "number", min: 1, placeholder: say("rounds"), "aria-label": say("rounds") });
  const again = h("div", { className: "row" }, old, more, button("resume", () => post("/api/resume", { run: old.value, rounds: Number(more.value) || null })));

  fill(place, h("div", { className: "columns" },
    h("div", {}, h("section", { className: "panel" }, tools), fill(views, one.node, two.node)),
    h("div", {}, asked.place, runs.length ? h("section", { className: "panel" }, h("h3", {}, say("resume")), again) : null)));
  allow();
  await asked.open();
  one.connect();
  two.connect();
  return () => { one.leave(); two.leave(); gone(false); };
}
