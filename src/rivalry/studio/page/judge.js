// The human study: questions, one at a time, and what the answers amount to.

import { attempt, button, choice, fill, get, h, post, tell, wide } from "/page/dom.js";
import { say } from "/page/words.js";

export async function enter(place, first) {
  const { runs, studies } = await get("/api/runs");
  const study = choice(studies.map((name) => [name, name]), { "aria-label": say("study") });
  if (studies.includes(first)) study.value = first;
  const judge = h("input", { value: localStorage.getItem("rivalry-judge") ?? "judge-1", "aria-label": say("judgeName") });
  const asked = h("section", { className: "panel", hidden: true }), result = h("div", { "aria-live": "polite" });
  let begun = 0, current = null;
  const who = () => ({ study: study.value, judge: judge.value });
  const address = (item) => `/api/judged/${encodeURIComponent(study.value)}/${item}.png`;

  async function put({ question, kind, answered }) {
    asked.hidden = false;
    if (!question) { fill(asked, h("p", {}, say("noQuestion"))); await tally(); return; }
    const images = question.items.map((item, k) => h("img", { alt: `${k + 1}`, src: address(item) }));
    await Promise.all(images.map((image) => image.decode().catch(() => {})));
    fill(asked, h("h2", {}, say(kind === "pairs" ? "askBetter" : "askReal")), h("div", { className: "judged" }, images),
      h("div", { className: "row" }, question.answers.map((answer) => button(answer, () => give(answer)))),
      h("p", { className: "soft" }, `${answered} ${say("answers")}. ${say("judgeHelp")}`));
    current = question;  // not before it is seen: a key that is pressed meanwhile answers nothing
    begun = performance.now();
    if (question.exposure) setTimeout(() => images.forEach((image) => image.classList.add("away")), question.exposure);
  }

  async function next() { localStorage.setItem("rivalry-judge", judge.value); await put(await post("/api/judge/next", who())); }

  async function give(answer) {
    if (!current) return;
    const { items } = current;
    current = null;
    const seconds = (performance.now() - begun) / 1000;
    let told;
    try { told = await post("/api/judge/answer", { ...who(), items, answer, seconds }); }
    catch (trouble) { tell(trouble.message); told = await post("/api/judge/next", who()); }
    await put(told);
  }

  async function tally() {
    const { scores } = await post("/api/judge/result", who());
    fill(result, wide(say("result"), scores.map((score) => h("tr", {}, h("th", { scope: "row" }, score.name),
      h("td", {}, Number(score.value).toPrecision(4)), h("td", {}, (score.details.interval ?? []).map((end) => Number(end).toPrecision(3)).join(" … ")),
      h("td", {}, `n = ${score.n}`)))));
  }

  const key = (event) => {
    if (event.target.matches("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    const answer = current?.answers.find((each) => each[0] === event.key.toLowerCase());
    if (answer) attempt(null, () => give(answer));
  };
  addEventListener("keydown", key);

  const kind = choice([["real-or-fake", say("realFake")], ["pairs", say("pairs")]], { "aria-label": say("newStudy") });
  const names = () => runs.map((run) => [run.name, run.name]);
  const one = choice(names(), { "aria-label": say("chooseRun") }), two = choice(names(), { "aria-label": say("chooseRun") });
  two.hidden = true;
  kind.addEventListener("change", () => { two.hidden = kind.value !== "pairs"; });
  const many = h("input", { type: "number", min: 4, max: 500, value: 60 });
  const width = h("input", { type: "number", min: .01, step: .01, placeholder: say("never") }), timed = h("input", { type: "checkbox" });
  kind.addEventListener("change", () => { timed.disabled = kind.value === "pairs"; });
  const make = async () => {
    const chosen = kind.value === "pairs" ? [one.value, two.value] : [one.value];
    const made = await post("/api/judge/new", { runs: chosen, kind: kind.value, n: Number(many.value),
      width: Number(width.value) || null, timed: timed.checked && !timed.disabled });
    location.hash = `judge/${made.study}`;
  };
  fill(place,
    studies.length ? h("div", { className: "row" }, h("label", {}, `${say("study")} `, study), h("label", {}, `${say("judgeName")} `, judge),
      button("next", next, { className: "main" }), button("result", tally)) : null,
    asked, result,
    runs.length ? h("section", { className: "panel" }, h("h2", {}, say("newStudy")), h("div", { className: "row" }, kind, one, two,
      h("label", {}, `${say("images")} `, many), h("label", {}, `${say("width")} `, width), h("label", {}, timed, ` ${say("timed")}`), button("make", make))) : h("p", {}, say("noRuns")));
  return () => removeEventListener("keydown", key);
}
