// A sample to paint on, by mouse, finger or keys: two layers of the sample's own pixels, for color and for lines.

import { h } from "/page/dom.js";
import { say } from "/page/words.js";

export function easel([, height, width]) {
  const image = h("img", { alt: say("chosen") });
  const layer = () => h("canvas", { width, height });
  const paint = layer(), lines = layer(), view = layer();
  view.tabIndex = 0;
  view.setAttribute("role", "img");
  view.setAttribute("aria-label", say("brushHelp"));
  const color = h("input", { type: "color", value: "#ffffff", "aria-label": say("color") });
  const size = h("input", { type: "range", min: 1, max: Math.max(2, Math.round(width / 4)), value: Math.max(1, Math.round(width / 10)), "aria-label": say("size") });
  let line = false, before = null, at = [width / 2, height / 2];
  const kinds = ["paint", "line"].map((name) => {
    const node = h("button", { type: "button", "aria-pressed": String(name === "paint") }, say(name));
    node.addEventListener("click", () => {
      line = name === "line";
      kinds.forEach((each, k) => each.setAttribute("aria-pressed", String((k === 1) === line)));
    });
    return node;
  });

  function shown() {
    const pen = view.getContext("2d");
    pen.clearRect(0, 0, width, height);
    pen.globalAlpha = .85;
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
    const pen = (line ? lines : paint).getContext("2d");
    pen.strokeStyle = pen.fillStyle = line ? "#ff2a6d" : color.value;
    pen.lineWidth = line ? 1.2 : Number(size.value);
    pen.lineCap = pen.lineJoin = "round";
    pen.beginPath();
    pen.moveTo(...(before ?? to));
    pen.lineTo(to[0] + .01, to[1]);
    pen.stroke();
    before = to;
    shown();
  }

  const where = (event) => {
    const box = view.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width * width, (event.clientY - box.top) / box.height * height];
  };
  view.addEventListener("pointerdown", (event) => { view.setPointerCapture(event.pointerId); before = null; stroke(where(event)); });
  view.addEventListener("pointermove", (event) => { if (event.buttons) stroke(where(event)); });
  view.addEventListener("pointerup", () => { before = null; });
  view.addEventListener("blur", shown);
  view.addEventListener("focus", shown);
  view.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way && event.key !== " ") return;
    event.preventDefault();
    if (way) at = [Math.min(width - .5, Math.max(.5, at[0] + way[0])), Math.min(height - .5, Math.max(.5, at[1] + way[1]))];
    else { before = null; stroke(at); before = null; }
    shown();
  });
  const clear = () => { for (const one of [paint, lines]) one.getContext("2d").clearRect(0, 0, width, height); shown(); };
  const erase = h("button", { type: "button" }, say("erase"));
  erase.addEventListener("click", clear);
  const bytes = (canvas) => canvas.toDataURL("image/png").split(",")[1];
  const isEmpty = (canvas) => !canvas.getContext("2d").getImageData(0, 0, width, height).data.some((value, k) => k % 4 === 3 && value > 127);
  return {
    node: h("div", {}, h("p", { className: "soft" }, say("brushHelp")), h("div", { className: "easel" }, image, view)),
    tools: [...kinds, color, size, erase],
    show: (address) => { image.src = address; },
    clear,
    drawn: () => ({ ...(isEmpty(paint) ? {} : { paint: bytes(paint) }), ...(isEmpty(lines) ? {} : { edges: bytes(lines) }) }),
  };
}
