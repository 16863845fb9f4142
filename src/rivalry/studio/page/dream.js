// Deep Dream: what the critic of a run makes of the chosen sample, or of a picture of one's own.

import { attempt, button, choice, download, fill, h, png } from "/page/dom.js";
import { say } from "/page/words.js";

// `chosen` tells the sample that is worked on, `read` turns a file into base64.
export function dreaming(use, layers, chosen, read) {
  const layer = choice([["", say("byItself")], ...layers.map((name) => [name, name])], { "aria-label": say("layer") });
  const steps = h("input", { type: "number", value: 10, min: 1, max: 40, "aria-label": say("steps") });
  const file = h("input", { type: "file", accept: "image/*", "aria-label": say("fileOf") });
  const found = h("div", { className: "tiles" });
  let newest = [];
  const dream = async (picture) => {
    ({ pictures: newest } = await use("dream", { picture, layer: layer.value, steps: Number(steps.value) }));
    fill(found, newest.map((each, k) => h("img", { className: "large", src: png(each), alt: say(k ? "dreamed" : "chosen") })));
  };
  file.addEventListener("change", () => attempt(null, async () => dream(await read(file.files[0]))));
  return h("details", {}, h("summary", {}, say("dream")),
    h("p", { className: "soft" }, say("dreamHelp")),
    h("div", { className: "row" }, h("label", {}, `${say("layer")} `, layer), h("label", {}, `${say("steps")} `, steps),
      button("dreamOn", async () => { if (chosen()) await dream(chosen()); }, { className: "main" })),
    h("p", {}, h("label", {}, `${say("fileOf")} `, file)), found,
    button("save", () => { if (newest[1]) download("dream.png", png(newest[1])); }));
}
