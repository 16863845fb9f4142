// A distribution of one's own in the plane: points that are sprayed by pointer or keys, kept as data to train on.

import { button, h, post } from "/page/dom.js";
import { say } from "/page/words.js";

const SIDE = 320, UNIT = 140, MOST = 20000, EACH = 15; // pixels, pixels of 1, points, points of one puff

const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());

// `kept` is called with the name of the data.
export function spray(kept) {
  const canvas = h("canvas", { className: "spray", width: SIDE, height: SIDE, tabIndex: 0, role: "img", "aria-label": say("sprayHelp") });
  const width = h("input", { type: "range", min: 1, max: 60, value: 8 });
  const count = h("output", {}, "0");
  let points = [], at = [SIDE / 2, SIDE / 2];

  function draw() {
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, SIDE, SIDE);
    pen.fillStyle = pen.strokeStyle = getComputedStyle(canvas).color;
    for (const [x, y] of points) pen.fillRect(SIDE / 2 + x * UNIT - 1, SIDE / 2 - y * UNIT - 1, 2, 2);
    if (document.activeElement === canvas) pen.strokeRect(at[0] - 4, at[1] - 4, 8, 8);
    count.textContent = String(points.length);
  }

  function puff([x, y]) {
    for (let k = 0; k < EACH && points.length < MOST; k += 1) {
      points.push([x + width.value * normal() - SIDE / 2, SIDE / 2 - y - width.value * normal()].map((one) => Number((one / UNIT).toFixed(4))));
    }
    draw();
  }

  const where = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width * SIDE, (event.clientY - box.top) / box.height * SIDE];
  };
  canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); puff(where(event)); });
  canvas.addEventListener("pointermove", (event) => { if (event.buttons) puff(where(event)); });
  canvas.addEventListener("focus", draw);
  canvas.addEventListener("blur", draw);
  canvas.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way && event.key !== " ") return;
    event.preventDefault();
    if (way) { at = at.map((one, k) => Math.min(SIDE, Math.max(0, one + 8 * way[k]))); draw(); } else puff(at);
  });
  return h("details", {}, h("summary", {}, say("spray")), h("p", { className: "soft" }, say("sprayHelp")), canvas,
    h("div", { className: "row" }, h("label", {}, `${say("size")} `, width), count, say("points"),
      button("sprayKeep", async () => { kept((await post("/api/draw", { points })).data); }, { className: "main" }),
      button("erase", () => { points = []; draw(); })));
}
