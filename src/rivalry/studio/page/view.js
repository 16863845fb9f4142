// What is seen of one training: its points or its sheet, losses, and what each turn did.

import { fill, get, gone, h, png, post, tell } from "/page/dom.js";
import { curve, hue, plane } from "/page/plot.js";
import { say } from "/page/words.js";

const MOST = 600; // points of a live curve
const SELDOM = 250; // milliseconds from one drawing of the curves to the next

function words({ player, notes, batch, plural }) {
  const short = (value) => (Number.isFinite(value) ? value.toPrecision(3) : "?");
  const kind = { critic: "criticWords", generator: "generatorWords" }[player] ?? "turnWords";
  return say(kind, { player, batch, plural, loss: short(notes.loss), gradient: short(notes.gradient) });
}

// The sheet, and over the picture that is pointed at what the critic would change about it.
function pointing(sheet, slopes) {
  const place = h("div", { className: "pointed", tabIndex: 0, role: "group", "aria-label": say("pointHelp") }, sheet, slopes);
  let grid = null, at = null, live = false;

  const pitch = () => [(sheet.naturalWidth - 2 * grid.margin + grid.gap) / grid.columns,
    (sheet.naturalHeight - 2 * grid.margin + grid.gap) / Math.ceil(grid.of / grid.columns)];
  function point(to) {
    if (to === at) return;
    at = to;
    slopes.hidden = true;
    if (grid && live) post("/api/live", { do: "point", at }).catch(() => {}); // it may have ended just now
  }
  place.addEventListener("pointermove", (event) => {
    if (!grid) return;
    const box = sheet.getBoundingClientRect(), scale = sheet.naturalWidth / box.width, [wide, high] = pitch();
    const column = Math.floor(((event.clientX - box.left) * scale - grid.margin) / wide);
    const row = Math.floor(((event.clientY - box.top) * scale - grid.margin) / high);
    const to = row * grid.columns + column;
    point(column >= 0 && column < grid.columns && to >= 0 && to < grid.of ? to : null);
  });
  place.addEventListener("pointerleave", () => point(null));
  place.addEventListener("blur", () => point(null));
  place.addEventListener("keydown", (event) => {
    const by = grid && { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -grid.columns, ArrowDown: grid.columns }[event.key];
    if (!by) return;
    event.preventDefault();
    point(at === null ? 0 : Math.min(grid.of - 1, Math.max(0, at + by)));
  });

  function show(frame) {
    grid = frame.grid ?? null;
    const told = frame.pointed;
    slopes.hidden = !told?.slopes || told.at !== at;
    if (slopes.hidden) return;
    const [wide, high] = pitch(), share = (value, whole) => `${100 * value / whole}%`;
    slopes.src = png(told.slopes);
    slopes.style.left = share(grid.margin + at % grid.columns * wide, sheet.naturalWidth);
    slopes.style.top = share(grid.margin + Math.floor(at / grid.columns) * high, sheet.naturalHeight);
    slopes.style.width = share(wide - grid.gap, sheet.naturalWidth);
    slopes.style.height = share(high - grid.gap, sheet.naturalHeight);
  }
  return { place, show, allow: (is) => { live = is; } };
}

// Shows the training that the socket at `path` tells of; `changed` is told whether it goes on, and its name.
export function view(path, changed) {
  const standing = h("p", { role: "status" }, say("nothingTrained"));
  const canvas = h("canvas", { className: "plane", role: "img", "aria-label": say("legend"), hidden: true });
  const legend = h("p", { className: "soft", hidden: true }, say("legend"));
  const sheet = h("img", { className: "sheet", alt: say("sample") }), slopes = h("img", { className: "slopes", alt: "", hidden: true });
  const pictures = pointing(sheet, slopes), pointHelp = h("p", { className: "soft", hidden: true }, say("pointHelp"));
  pictures.place.hidden = true;
  const losses = h("canvas", { className: "curve", role: "img", "aria-label": say("losses") });
  const names = h("p", { className: "row" }), turns = h("ol", { reversed: true });
  const node = h("section", { className: "panel" }, standing, canvas, legend, pictures.place, pointHelp,
    h("h3", {}, say("losses")), losses, names, h("h3", {}, say("turns")), turns);
  let begun = null, lines = {}, newest = null, drawing = false, seen = [], run = "", charted = 0;

  function draw() {
    drawing = false;
    if (!newest) return;
    const now = performance.now();
    seen = [...seen.filter((time) => now - time < 2000), now];
    const speed = newest.in_play > 0 ? (newest.t / newest.in_play).toFixed(0) : "";
    const modes = newest.modes ? `, ${newest.modes.found}/${newest.modes.of} ${say("modes")}` : "";
    standing.textContent = `${run}: ${say("at")} ${newest.t}${modes}, ${speed} ${say("perSecond")}, ${(seen.length / 2).toFixed(0)} ${say("frames")}`;
    canvas.hidden = legend.hidden = !newest.made;
    pictures.place.hidden = !newest.sheet;
    pointHelp.hidden = !newest.grid;
    if (newest.made && begun?.box) plane(canvas, begun.box, begun.real, newest);
    if (newest.sheet) { sheet.src = png(newest.sheet); pictures.show(newest); }
    if (newest.paused || now - charted > SELDOM) chart(now);
  }

  function chart(now) {
    charted = now;
    curve(losses, lines);
    fill(names, Object.keys(lines).map((name, k) => { const each = h("span", {}, name); each.style.color = hue(k); return each; }));
  }

  const take = {
    state: (told) => {
      run = told.run;
      if (told.busy && !newest) standing.textContent = `${run}: ${say("starting")}`;
      pictures.allow(told.busy);
      changed(told.busy, run);
    },
    begun: (told) => {
      begun = told; lines = {}; newest = null; charted = 0; fill(turns);
      get(`/api/run/${encodeURIComponent(told.run)}`).then(({ curves }) => {
        for (const [name, points] of Object.entries(curves)) if (name.endsWith("/loss")) lines[name] = [...points, ...(lines[name] ?? [])];
      }, () => {});
    },
    frame: (told) => {
      newest = { surface: newest?.surface, arrows: newest?.arrows, ...told }; // which come with some frames only
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
    socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`);
    socket.addEventListener("open", () => gone(false));
    socket.addEventListener("message", ({ data: text }) => { const { is, told } = JSON.parse(text); take[is]?.(told); });
    socket.addEventListener("close", () => { if (!left) { gone(true); setTimeout(() => { if (!left) connect(); }, 2000); } });
  }
  return { node, connect, leave: () => { left = true; socket?.close(); } };
}
