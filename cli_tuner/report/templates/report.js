"use strict";
(() => {
  const read = (id) => { const at = document.getElementById(id); return at ? JSON.parse(at.textContent) : null; };
  const make = (tag, css, text) => {
    const one = document.createElement(tag);
    if (css) one.className = css;
    if (text !== undefined) one.textContent = text;
    return one;
  };

  // What a curve is under the pointer.
  const short = (value) => (value !== 0 && Math.abs(value) < 0.001 ? value.toExponential(2) : String(+value.toPrecision(4)));
  const frames = read("curves") || {};
  for (const figure of document.querySelectorAll("figure[data-curve]")) {
    const caption = figure.querySelector("figcaption");
    const quiet = caption.textContent;
    for (const svg of figure.querySelectorAll("svg.chart")) {
      const frame = frames[figure.dataset.curve + (svg.closest(".narrow") ? "-narrow" : "")];
      const cursor = svg.querySelector(".cursor");
      if (!frame) continue;
      const leave = () => { cursor.classList.remove("on"); caption.textContent = quiet; };
      const move = (event) => {
        const box = svg.getBoundingClientRect();
        const share = ((event.clientX - box.left) / box.width * frame.width - frame.left) / (frame.right - frame.left);
        const step = frame.x0 + Math.min(1, Math.max(0, share)) * (frame.x1 - frame.x0);
        const near = frame.series.map((one) => one.points.reduce((a, b) => (Math.abs(b[0] - step) < Math.abs(a[0] - step) ? b : a)));
        const at = near.reduce((a, b) => (Math.abs(b[0] - step) < Math.abs(a[0] - step) ? b : a))[0];
        const x = frame.left + (at - frame.x0) / (frame.x1 - frame.x0) * (frame.right - frame.left);
        cursor.setAttribute("x1", x); cursor.setAttribute("x2", x); cursor.classList.add("on");
        caption.textContent = frame.series.map((one, i) => `${one.name} ${short(near[i][1])} at step ${near[i][0]}`).join(" · ");
      };
      svg.addEventListener("pointermove", move);
      svg.addEventListener("pointerdown", move);
      svg.addEventListener("pointerleave", leave);
    }
  }

  // The browser of prompts and answers.
  const data = read("samples-data");
  const home = document.getElementById("browser");
  if (!data || !home) return;
  const list = home.querySelector(".list"), count = home.querySelector(".count"), more = home.querySelector("button");
  const field = (name) => home.querySelector(`[name=${name}]`);
  const fill = (name, choices) => {
    for (const [value, label] of choices) field(name).append(Object.assign(make("option", "", label), { value }));
    if (choices.length < (name === "metric" ? 1 : 2)) field(name).closest("label").hidden = true;
  };
  const same = (values) => values.map((value) => [value, value]);
  const both = data.rows.some((row) => row.base && row.tuned && data.metrics.length);
  const better = Object.fromEntries(data.metrics.map(([name, , way]) => [name, way || 1]));
  fill("suite", same(data.suites)); fill("group", same(data.groups)); fill("verdict", same(data.verdicts));
  fill("metric", data.metrics.map(([name, label]) => [name, label]));
  for (const name of both ? [] : ["metric", "outcome", "reading"]) field(name).closest("label").hidden = true;
  const STEP = 10;
  let shown = STEP;

  const outcome = (row) => {
    const reading = field("reading").value, metric = field("metric").value;
    if (!row.base || !row.tuned) return "";
    const before = row.base[reading][metric], after = row.tuned[reading][metric];
    if (before === undefined || after === undefined) return "";
    const gain = (after - before) * better[metric];
    return gain > 0 ? "win" : gain < 0 ? "loss" : "tie";
  };
  const haystack = (row) => [row.instruction, row.id, ...row.references, row.base && row.base.text, row.tuned && row.tuned.text]
    .filter(Boolean).join("\n").toLowerCase();
  const texts = data.rows.map(haystack);
  const tone = { SAFE: "good", REVIEW: "warn", DANGEROUS: "bad", win: "good", loss: "bad" };
  const badge = (text) => make("span", `badge ${tone[text] || ""}`, text);

  const side = (name, answer) => {
    const box = make("div"), head = make("h4", "", name);
    if (!answer) { box.append(head, make("p", "soft small", "not asked")); return box; }
    const text = field("reading").value === "lifted" && answer.extracted !== null ? answer.extracted : answer.text;
    if (answer.verdict) head.append(badge(answer.verdict));
    if (answer.parses === false) head.append(badge("does not parse"));
    if (answer.cut) head.append(badge("cut at the limit"));
    const score = answer[field("reading").value][field("metric").value];
    if (score !== undefined) head.append(badge(`${field("metric").selectedOptions[0].label} ${+score.toFixed(3)}`));
    if (answer.tokens !== null) head.append(make("span", "", `${answer.tokens} tokens`));
    box.append(head, text.trim() ? make("pre", "", text) : make("p", "soft small", "(blank)"));
    for (const finding of answer.findings) box.append(make("p", "small bad", finding));
    return box;
  };
  const card = (row) => {
    const box = make("article", "sample"), head = make("div", "head"), what = outcome(row);
    if (what) head.append(badge(what));
    head.append(badge(row.suite));
    if (row.group) head.append(badge(row.group));
    if (row.leaked) head.append(make("span", "badge warn", "also in the training data"));
    head.append(make("span", "soft small", row.id));
    box.append(head, make("p", "text", row.instruction));
    if (row.references.length) {
      box.append(make("h4", "", row.references.length > 1 ? "references" : "reference"));
      for (const one of row.references) box.append(make("pre", "", one));
    }
    const pair = make("div", "pair");
    if (row.base) pair.append(side("base", row.base));
    pair.append(side("tuned", row.tuned));
    box.append(pair);
    return box;
  };
  const fits = (row, i) => {
    const words = field("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    return words.every((word) => texts[i].includes(word))
      && (!field("suite").value || row.suite === field("suite").value)
      && (!field("group").value || row.group === field("group").value)
      && (!field("verdict").value || [row.base, row.tuned].some((one) => one && one.verdict === field("verdict").value))
      && (!field("outcome").value || outcome(row) === field("outcome").value);
  };
  const draw = () => {
    const found = data.rows.filter(fits);
    const tally = {};
    for (const row of found) { const what = outcome(row); if (what) tally[what] = (tally[what] || 0) + 1; }
    const said = [["win", "wins"], ["loss", "losses"], ["tie", "ties"]].filter(([one]) => tally[one]).map(([one, many]) => `${tally[one]} ${tally[one] === 1 ? one : many}`);
    count.textContent = `${found.length} of ${data.rows.length} prompts${said.length ? `: ${said.join(", ")}` : ""}`;
    list.replaceChildren(...found.slice(0, shown).map(card));
    more.hidden = found.length <= shown;
  };
  home.addEventListener("input", () => { shown = STEP; draw(); });
  more.addEventListener("click", () => { shown += STEP; draw(); });
  home.hidden = false;
  document.documentElement.classList.add("js");
  draw();
})();
