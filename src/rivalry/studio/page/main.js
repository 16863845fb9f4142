// The rooms of the page, by the address after #.

import { fill, gone, h } from "/page/dom.js";
import { language, otherLanguage, say } from "/page/words.js";
import * as family from "/page/family.js";
import * as live from "/page/live.js";
import * as use from "/page/use.js";
import * as compare from "/page/compare.js";
import * as judge from "/page/judge.js";

const ROOMS = { family, live, use, compare, judge };
let leave = () => {};

async function enter() {
  const [name, argument] = decodeURIComponent(location.hash.slice(1)).split("/");
  const room = ROOMS[name] ? name : "family";
  leave();
  document.documentElement.lang = language();
  document.getElementById("language").textContent = say("other");
  fill(document.getElementById("rooms"), Object.keys(ROOMS).map((each) => h("a", { href: `#${each}`,
    ...(each === room ? { "aria-current": "page" } : {}) }, say(each))));
  const place = document.createElement("div");
  fill(document.getElementById("room"), place);
  place.textContent = say("loading");
  leave = () => {};
  try { leave = (await ROOMS[room].enter(place, argument ?? "")) ?? leave; }
  catch (trouble) { fill(place, h("p", { className: "bad" }, trouble.message)); }
}

document.getElementById("language").addEventListener("click", () => { otherLanguage(); gone(false); enter(); });
addEventListener("hashchange", enter);
enter();
