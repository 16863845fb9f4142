// Elements, and questions to the server.  Text is always set as text: nothing from a run or a file becomes markup.

import { say } from "/page/words.js";

export function h(name, given = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(given)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key in node && key !== "list" && key !== "form" && !key.startsWith("aria")) node[key] = value;
    else if (value !== null && value !== false) node.setAttribute(key, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

export function fill(node, ...children) {
  node.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

let hiding = 0;
export function tell(words) {
  const place = document.getElementById("said");
  place.textContent = words;
  clearTimeout(hiding);
  hiding = setTimeout(() => { place.textContent = ""; }, 6000);
}

export function gone(is) {
  const place = document.getElementById("gone");
  place.textContent = is ? say("gone") : "";
  place.hidden = !is;
}

export class Refused extends Error {
  constructor(words, field) { super(words); this.field = field; }
}

async function answered(asking) {
  let response;
  try { response = await asking; } catch { gone(true); throw new Refused(say("gone"), ""); }
  gone(false);
  const told = await response.json().catch(() => ({ error: response.statusText }));
  if (!response.ok) throw new Refused(told.error ?? response.statusText, told.field ?? "");
  return told;
}

export const get = (path) => answered(fetch(path));
export const post = (path, asked) => answered(fetch(path, {
  method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(asked),
}));

// Runs work that may be refused, with the button off while it lasts.
export async function attempt(button, work) {
  if (button) { button.disabled = true; button.setAttribute("aria-busy", "true"); }
  try { return await work(); }
  catch (trouble) { if (!(trouble instanceof Refused)) throw trouble; tell(trouble.message); return null; }
  finally { if (button) { button.disabled = false; button.removeAttribute("aria-busy"); } }
}

export function button(word, work, given = {}) {
  const node = h("button", { type: "button", ...given }, say(word));
  node.addEventListener("click", () => attempt(node, work));
  return node;
}

export function choice(options, given = {}) {
  return h("select", given, options.map(([value, words]) => h("option", { value }, words)));
}

let counted = 0;
export function field(word, input, meaning = "") {
  input.id ||= `field-${counted += 1}`;
  const error = h("span", { className: "bad", role: "alert" });
  const node = h("div", { className: "field" }, h("label", { htmlFor: input.id }, word), input,
    meaning ? h("small", {}, meaning) : null, error);
  return { node, input, refuse: (words) => { error.textContent = words; input.setAttribute("aria-invalid", words ? "true" : "false"); } };
}

// A table that scrolls by itself where it is too wide, by keys as well.
export const wide = (name, ...rows) => h("div", { className: "wide", tabIndex: 0, role: "region", "aria-label": name }, h("table", {}, ...rows));

export const png = (base64) => `data:image/png;base64,${base64}`;

export function download(name, address) {
  h("a", { href: address, download: name }).click();
}

export async function runChoice(given = {}) {
  const { runs } = await get("/api/runs");
  return { runs, node: choice(runs.map((run) => [run.name, `${run.name} (${run.round})`]), given) };
}
