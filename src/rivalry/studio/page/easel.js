// A sample to paint on, by mouse, finger or keys: two layers of the sample's own pixels, for color and for lines.
// What is warped is a disc of the sample that is put down elsewhere, as color.

import { h } from "/page/dom.js";
import { say } from "/page/words.js";

// With `ground`, a color, there is no sample: one draws on an empty picture.
export function easel([, height, width], ground = "") {
  const image = h("img", { alt: say("chosen"), hidden: Boolean(ground) });
  const layer = () => h("canvas", { width, height });
  const paint = layer(), lines = layer(), view = layer();
  const help = ground ? say("drawHelp") : say("brushHelp");
  view.tabIndex = 0;
  view.setAttribute("role", "img");
  view.setAttribute("aria-label", help);
  const color = h("input", { type: "color", value: ground ? "#000000" : "#ffffff", "aria-label": say("color") });
  const size = h("input", { type: "range", min: 1, max: Math.max(2, Math.round(width / 4)), value: Math.max(1, Math.round(width / 10)), "aria-label": say("size") });
  let tool = "paint", before = null, held = null, at = [width / 2, height / 2];
  const kinds = (ground ? [] : ["paint", "line", "warp"]).map((name) => {
    const node = h("button", { type: "button", "aria-pressed": String(name === tool), value: name }, say(name));
    node.addEventListener("click", () => {
      tool = name;
      held = null;
      for (const each of kinds) each.setAttribute("aria-pressed", String(each.value === name));
    });
    return node;
  });

  function shown() {
    const pen = view.getContext("2d");
    pen.clearRect(0, 0, width, height);
    pen.globalAlpha = ground ? 1 : .85;
    pen.drawImage(paint, 0, 0);
    pen.globalAlpha = 1;
    pen.drawImage(lines, 0, 0);
    if (document.activeElement === view) {
      pen.strokeStyle = "#ff2a6d";
      pen.lineWidth = 1;
      pen.strokeRect(Math.floor(at[0]) - .5, Math.floor(at[1]) - .5, 2, 2);
    }
  }

  function stroke(to) {
    const pen = (tool === "line" ? lines : paint).getContext("2d");
    pen.strokeStyle = pen.fillStyle = tool === "line" ? "#ff2a6d" : color.value;
    pen.lineWidth = tool === "line" ? 1.2 : Number(size.value);
    pen.lineCap = pen.lineJoin = "round";
    pen.beginPath();
    pen.moveTo(...(before ?? to));
    pen.lineTo(to[0] + .01, to[1]);
    pen.stroke();
    before = to;
    shown();
  }

  function lift(from) {
    const patch = layer(), under = layer(), pen = patch.getContext("2d");
    pen.beginPath();
    pen.arc(...from, Number(size.value), 0, 2 * Math.PI);
    pen.clip();
    pen.drawImage(image, 0, 0, width, height);
    under.getContext("2d").drawImage(paint, 0, 0);
    held = { patch, under, from };
  }

  function put(to) {
    const pen = paint.getContext("2d");
    pen.clearRect(0, 0, width, height);
    pen.drawImage(held.under, 0, 0);
    pen.drawImage(held.patch, Math.round(to[0] - held.from[0]), Math.round(to[1] - held.from[1]));
    shown();
  }

  const where = (event) => {
    const box = view.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width * width, (event.clientY - box.top) / box.height * height];
  };
  view.addEventListener("pointerdown", (event) => {
    view.setPointerCapture(event.pointerId);
    before = null;
    if (tool === "warp") lift(where(event)); else stroke(where(event));
  });
  view.addEventListener("pointermove", (event) => {
    if (event.buttons) if (held) put(where(event)); else stroke(where(event));
  });
  view.addEventListener("pointerup", () => { before = held = null; });
  view.addEventListener("blur", shown);
  view.addEventListener("focus", shown);
  view.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way && event.key !== " ") return;
    event.preventDefault();
    if (way) at = [Math.min(width - .5, Math.max(.5, at[0] + way[0])), Math.min(height - .5, Math.max(.5, at[1] + way[1]))];
    if (held && way) put(at);
    else if (tool === "warp" && !way) { if (held) held = null; else lift(at); }
    else if (!way) { before = null; stroke(at); before = null; }
    shown();
  });
  const clear = () => {
    for (const one of [paint, lines]) one.getContext("2d").clearRect(0, 0, width, height);
    if (ground) { const pen = paint.getContext("2d"); pen.fillStyle = ground; pen.fillRect(0, 0, width, height); }
    shown();
  };
  const erase = h("button", { type: "button" }, say("erase"));
  erase.addEventListener("click", clear);
  clear();
  const bytes = (canvas) => canvas.toDataURL("image/png").split(",")[1];
  const isEmpty = (canvas) => !canvas.getContext("2d").getImageData(0, 0, width, height).data.some((value, k) => k % 4 === 3 && value > 127);
  return {
    node: h("div", {}, h("p", { className: "soft" }, help), h("div", { className: ground ? "easel empty" : "easel" }, image, view)),
    tools: [...kinds, color, size, erase],
    show: (address) => { image.src = address; },
    clear,
    picture: () => bytes(paint),
    drawn: () => ({ ...(isEmpty(paint) ? {} : { paint: bytes(paint) }), ...(isEmpty(lines) ? {} : { edges: bytes(lines) }) }),
  };
}
