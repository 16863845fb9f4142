// What one does with a trained game: sample, sliders, path, mixing, inversion, the brush, dreams, translation.

import { attempt, button, choice, download, fill, h, png, post, runChoice, tell } from "/page/dom.js";
import { say } from "/page/words.js";
import { easel } from "/page/easel.js";
import { dreaming } from "/page/dream.js";

export async function enter(place, first) {
  const { runs, node: run } = await runChoice({ "aria-label": say("chooseRun") });
  if (!runs.length) { fill(place, h("p", {}, say("noRuns"))); return; }
  if (runs.some((one) => one.name === first)) run.value = first;
  const body = h("div");
  const open = () => attempt(null, async () => {
    fill(body, say("loading"));
    const facts = await post("/api/use/facts", { run: run.value }).catch((trouble) => { fill(body, h("p", { className: "bad" }, trouble.message)); throw trouble; });
    await tools(body, run.value, facts);
  });
  run.addEventListener("change", open);
  fill(place, h("div", { className: "row" }, h("label", {}, `${say("chooseRun")} `, run)), body);
  await open();
}

async function tools(place, run, facts) {
  if (facts.given === "pictures") { translation(place, run, facts); return; }
  const label = facts.classes.length ? choice(facts.classes.map((name, k) => [k, name]), { "aria-label": say("label") }) : null;
  const asked = () => ({ run, ...(label ? { label: Number(label.value) } : {}) });
  const use = (what, more) => post(`/api/use/${what}`, { ...asked(), ...more });
  const number = (word, value, given = {}) => {
    const input = h("input", { type: "number", value, ...given });
    return { input, node: h("label", {}, `${say(word)} `, input) };
  };
  const seed = number("firstSeed", 0, { min: 0 }), many = number("howMany", 16, { min: 1, max: 64 });
  const truncation = number("truncation", "", { step: .1 });
  const text = h("input", { type: "text", size: 30, "aria-label": say("text") });
  const tiles = h("div", { className: "tiles" }), hint = h("p", { className: "soft" });
  const workshop = h("section", { className: "panel", hidden: true });
  const bench = facts.latent && facts.image && !facts.given ? workbench(workshop, use, facts) : null;
  const act = choice([["work", say("work")], ["plus", say("toA")], ["minus", say("toB")]], { "aria-label": say("onClick") });
  let newest = { pictures: [], codes: [] };

  function show(found, onto = tiles) {
    fill(onto, found.pictures.map((picture, k) => {
      const image = h("img", { src: png(picture), alt: `${say("sample")} ${k + 1}` });
      if (!bench || !found.codes.length) { image.className = "sheet"; image.style.width = found.pictures.length > 1 ? "84px" : ""; return image; }
      const node = h("button", { type: "button", title: say("pick") }, image);
      node.addEventListener("click", () => {
        if (act.value === "work") { bench.choose(found.codes[k], picture); return; }
        node.dataset.group = act.value === "plus" ? "A" : "B";
        bench.group(act.value, found.codes[k]);
      });
      return node;
    }));
  }

  bench?.uses(show, () => { for (const node of place.querySelectorAll("[data-group]")) delete node.dataset.group; });
  const draw = async () => {
    newest = await use("sample", { seed: Number(seed.input.value), n: Number(many.input.value), text: text.value,
      truncation: truncation.input.value === "" ? null : Number(truncation.input.value) });
    show(newest);
    hint.textContent = bench && newest.codes.length ? say("pick") : "";
  };
  const kept = h("p", { className: "row" }, button("savePictures", () => savePictures(newest.pictures)),
    bench ? button("saveCodes", () => saveCodes(newest.codes)) : null);
  label?.addEventListener("change", () => attempt(null, draw));
  const upload = h("input", { type: "file", accept: "image/*", "aria-label": say("invert") });
  upload.addEventListener("change", () => attempt(null, async () => {
    hint.textContent = say("working");
    const found = await use("invert", { picture: await uploaded(upload.files[0]) }).finally(() => { hint.textContent = ""; });
    hint.textContent = `${say("error")}: ${found.errors[0].toPrecision(3)}`;
    bench.choose(found.codes[0], found.pictures[1]);
  }));
  fill(place, h("div", { className: "columns" },
    h("section", { className: "panel" }, h("h2", {}, say("sample")),
      facts.given ? h("p", {}, h("label", {}, `${say("text")} `, text), " ", h("small", { className: "soft" }, facts.words.join(" "))) : null,
      h("div", { className: "row" }, label, seed.node, many.node, facts.truncation ? truncation.node : null, button("sample", draw, { className: "main" })),
      bench ? h("p", {}, h("label", {}, `${say("onClick")} `, act)) : null,
      hint, tiles, kept, bench ? h("p", { className: "row" }, h("label", {}, `${say("invert")} `, upload)) : null),
    workshop));
  if (!facts.given) await draw();
}

const saveCodes = (codes) => download("codes.json", URL.createObjectURL(new Blob([JSON.stringify(codes)])));

// All pictures as one PNG, in a nearly square sheet of their own pixels.
async function savePictures(pictures) {
  const images = pictures.map((picture) => h("img", { src: png(picture) }));
  await Promise.all(images.map((image) => image.decode()));
  const [{ naturalWidth: wide, naturalHeight: high }] = images, columns = Math.ceil(Math.sqrt(images.length));
  const sheet = h("canvas", { width: columns * wide, height: Math.ceil(images.length / columns) * high });
  images.forEach((image, k) => sheet.getContext("2d").drawImage(image, k % columns * wide, Math.floor(k / columns) * high));
  download("samples.png", sheet.toDataURL("image/png"));
}

async function uploaded(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

// For a game that translates: a picture is drawn, or a file is chosen.
function translation(place, run, facts) {
  const grounds = [["#ffffff", "#000000"], ["#000000", "#ffffff"]];
  const ground = choice([[0, say("white")], [1, say("black")]], { "aria-label": say("ground") }), board = h("div"), found = h("div", { className: "tiles" });
  const to = facts.domains.length ? choice([["", ""], ...facts.domains.map((name, k) => [k, name])], { "aria-label": say("domain") }) : null;
  let draw = null, newest = [];
  const translate = async (picture) => {
    ({ pictures: newest } = await post("/api/use/translate", { run, picture, to: to?.value ? Number(to.value) : null }));
    fill(found, newest.map((each, k) => h("img", { className: "large", src: png(each), alt: k ? say("translated") : say("chosen") })));
  };
  const open = () => {
    const [behind, pen] = grounds[ground.value];
    draw = easel(facts.shape, behind);
    draw.tools.find((node) => node.type === "color").value = pen;
    fill(board, draw.node, h("div", { className: "row" }, draw.tools, button("translate", () => translate(draw.picture()), { className: "main" })));
  };
  const file = h("input", { type: "file", accept: "image/*", "aria-label": say("fileOf") });
  file.addEventListener("change", () => attempt(null, async () => translate(await uploaded(file.files[0]))));
  ground.addEventListener("change", open);
  open();
  fill(place, h("section", { className: "panel" }, h("h2", {}, say("translate")),
    h("div", { className: "row" }, h("label", {}, `${say("ground")} `, ground), to ? h("label", {}, `${say("domain")} `, to) : null),
    board, h("p", {}, h("label", {}, `${say("fileOf")} `, file)), found, button("save", () => { if (newest[1]) download("translation.png", png(newest[1])); })));
}

// The place where one sample is worked on.
function workbench(place, use, facts) {
  let code = null, base = null, picture = "", show = () => {}, empty = () => {}, path = null, way = [], mixing = null;
  const groups = { plus: [], minus: [] }, counts = h("span", { className: "soft" });
  const sliders = h("div"), found = h("div", { className: "tiles" });
  const draw = easel(facts.shape);
  let waiting = false, again = false, amounts = {};

  function set(to, shown) { code = to; picture = shown; draw.show(png(shown)); }

  async function steer() {
    if (waiting) { again = true; return; }
    waiting = true;
    const moved = await attempt(null, () => use("steer", { code: base, amounts, ...(amounts.between ? groups : {}) }));
    waiting = false;
    if (moved) set(moved.codes[0], moved.pictures[0]);
    if (again) { again = false; steer(); }
  }

  function slider(kind, name, low, high, step, words) {
    const input = h("input", { type: "range", min: low, max: high, step, value: 0 });
    input.addEventListener("input", () => {
      if (kind === "between") amounts.between = Number(input.value);
      else (amounts[kind] ??= {})[name] = Number(input.value);
      steer();
    });
    return h("div", { className: "field" }, h("label", {}, words), input);
  }

  function makeSliders() {
    amounts = {};
    const row = (kind, count) => Array.from({ length: count }, (_, k) => {
      const node = slider(kind, String(k), -3, 3, .1, `${k + 1}`);
      node.querySelector("input").setAttribute("aria-label", `${kind} ${k + 1}`);
      return node;
    });
    const parts = Object.entries(facts.parts).map(([name, count]) => {
      const node = slider("part", name, count ? 0 : -2, count ? count - 1 : 2, count ? 1 : .1, name);
      node.querySelector("input").setAttribute("aria-label", name);
      return node;
    });
    const between = slider("between", "", -2, 2, .1, say("between"));
    between.querySelector("input").setAttribute("aria-label", say("between"));
    fill(sliders,
      facts.directions ? h("details", { open: true }, h("summary", {}, say("directions")), row("direction", 6)) : null,
      h("details", {}, h("summary", {}, say("numbers")), row("number", 6)),
      parts.length ? h("details", { open: true }, h("summary", {}, say("parts")), parts) : null,
      groups.plus.length && groups.minus.length ? between : null);
  }

  const group = (side, one) => { groups[side].push(one); tellGroups(); if (base) makeSliders(); };
  const tellGroups = () => { counts.textContent = `A: ${groups.plus.length}, B: ${groups.minus.length}`; };
  const film = button("saveFilm", async () => {
    const made = await use("film", { codes: way });
    download("path.gif", `data:image/gif;base64,${made.film}`);
  }, { hidden: true });
  const brush = async () => {
    const drawn = draw.drawn();
    const done = await use("brush", { code, ...drawn });
    show(done, found);
    film.hidden = true;
    tell(`${say("inside")}: ${(100 * done.inside[0]).toFixed(0)} %, ${say("outside")}: ${(100 * done.outside[0]).toFixed(0)} %`);
    draw.clear();
    base = done.codes[0];
    set(done.codes[0], done.pictures[0]);
    makeSliders();
  };
  const bands = facts.bands.length ? h("div", { className: "row" }, `${say("mixIn")} `,
    facts.bands.map((band) => button(band, () => { mixing = { code, band }; tell(say("pick")); }))) : null;
  fill(place, h("h2", {}, say("chosen")), draw.node,
    h("div", { className: "row" }, draw.tools, button("apply", brush, { className: "main" })),
    found, sliders,
    h("div", { className: "row" }, button("toA", () => group("plus", code)), button("toB", () => group("minus", code)), counts,
      button("clear", () => { groups.plus = []; groups.minus = []; tellGroups(); makeSliders(); empty(); })),
    h("div", { className: "row" }, button("pathTo", () => { path = code; tell(say("pick")); }), film,
      button("save", () => download("sample.png", png(picture))),
      button("saveCode", () => download("code.json", URL.createObjectURL(new Blob([JSON.stringify(code)]))))),
    bands, facts.layers.length ? dreaming(use, facts.layers, () => picture, uploaded) : null);
  function work(to, shown) {
    place.hidden = false;
    base = to;
    draw.clear();
    set(to, shown);
    makeSliders();
  }

  return {
    uses(how, emptied) { show = how; empty = emptied; },
    group,
    choose(to, shown) {
      const from = path, mixed = mixing;
      path = mixing = null;
      if (mixed) {
        attempt(null, async () => {
          const made = await use("mix", { ...mixed, of: to });
          work(made.codes[0], made.pictures[0]);
        });
        return;
      }
      work(to, shown);
      if (from) attempt(null, async () => {
        const walked = await use("path", { from, to, steps: 9 });
        way = walked.codes;
        film.hidden = false;
        show(walked, found);
      });
    },
  };
}
