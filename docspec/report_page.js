"use strict";

// Texts come from documents that nobody has vetted: they are only ever set as textContent.
const items = JSON.parse(document.getElementById("data").textContent);
const byKey = new Map(items.map((item) => [item.key, item]));
const $ = (id) => document.getElementById(id);
const boxOf = (key) => $("b-" + key);
const optionOf = (key) => $("o-" + key);
let shown = items; // what the filters leave, in the list's order
let selected = null;
let opener = null; // what had the focus when the details opened

function el(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// Verified text; where the draft had something else, that is shown struck out before it.
function corrected(parts) {
  const text = el("div", { class: "text", dir: "auto" });
  for (const [verified, draft] of parts) {
    if (draft === undefined) {
      text.append(verified);
      continue;
    }
    if (draft) text.append(el("del", {}, el("span", { class: "unseen" }, " draft: "), draft));
    if (verified) text.append(el("ins", {}, el("span", { class: "unseen" }, " corrected: "), verified));
  }
  if (!text.textContent) text.append(el("span", { class: "none" }, "no text"));
  return text;
}

function heading(words, note) {
  return el("h3", {}, words, ...(note ? [el("span", { class: "note" }, note)] : []));
}

function details(item) {
  const content = $("content");
  const badge = el("span", { class: "badge c-" + item.color, "aria-hidden": "true" }, item.mark);
  content.replaceChildren(el("h2", { id: "what" }, badge, item.title));
  content.append(el("p", { class: "state" }, item.state));
  if (item.leftOut) content.append(el("p", { class: "warn" }, "Left out of the markdown: " + item.leftOut));
  const legend = item.corrections ? "draft’s words struck out, corrections underlined" : "";
  content.append(heading(item.textTitle, legend), corrected(item.parts));
  const table = $("t-" + item.key);
  if (table) {
    const copy = table.content.cloneNode(true);
    for (const part of copy.querySelectorAll(".scroll")) {
      for (const [key, value] of [["tabindex", "0"], ["role", "group"], ["aria-label", "the table"]])
        part.setAttribute(key, value);
    }
    content.append(heading("As a table"), copy);
  }
  if (item.draft !== null) {
    const same = item.draft === item.parts.map(([verified]) => verified).join("");
    const draft = el("div", { class: "text", dir: "auto" }, item.draft);
    if (!item.draft) draft.append(el("span", { class: "none" }, "empty"));
    content.append(heading("Draft", same ? "the same" : ""), draft);
  }
  const facts = el("dl", { class: "facts" });
  for (const [label, value] of item.facts)
    facts.append(el("div", {}, el("dt", {}, label), el("dd", {}, value)));
  content.append(facts);
  $("detail").scrollTop = 0;
}

function select(key, focus) {
  if (selected) {
    boxOf(selected)?.setAttribute("aria-pressed", "false");
    optionOf(selected).setAttribute("aria-selected", "false");
  }
  selected = key;
  details(byKey.get(key));
  document.body.classList.add("open");
  const box = boxOf(key);
  const option = optionOf(key);
  box?.setAttribute("aria-pressed", "true");
  option.setAttribute("aria-selected", "true");
  stops();
  (box ?? $("page-" + byKey.get(key).page))?.scrollIntoView({ block: "nearest" });
  const list = $("list");
  const above = option.offsetTop < list.scrollTop;
  if (above || option.offsetTop + option.offsetHeight > list.scrollTop + list.clientHeight)
    list.scrollTop = option.offsetTop - list.clientHeight / 3;
  const target = focus === "option" ? option : focus === "box" ? box ?? option : null;
  if (target) (opener = target).focus({ preventScroll: true });
}

function close() {
  document.body.classList.remove("open");
  opener?.focus({ preventScroll: true });
}

// One box and one line of the list can be reached with the tab key; the arrow keys go on from there.
function stops() {
  const first = shown.some((item) => item.key === selected) ? selected : shown[0]?.key;
  const firstBox = first && boxOf(first) ? first : shown.find((item) => boxOf(item.key))?.key;
  for (const element of document.querySelectorAll("[data-key][tabindex='0']")) element.tabIndex = -1;
  if (first) optionOf(first).tabIndex = 0;
  if (firstBox) boxOf(firstBox).tabIndex = 0;
}

function go(to, focus) {
  if (shown.length) select(shown[Math.min(Math.max(to, 0), shown.length - 1)].key, focus);
}

function step(by, focus) {
  const at = shown.findIndex((item) => item.key === selected);
  go(at < 0 ? 0 : at + by, focus);
}

const WHICH = {
  all: () => true,
  corrected: (item) => item.corrections > 0,
  unverified: (item) => !item.verified && item.kind === "region",
  dropped: (item) => item.leftOut !== "",
};
const least = (item) => item.agreement ?? 2;
const ORDER = {
  reading: () => 0,
  agreement: (one, other) => least(one) - least(other),
  corrections: (one, other) => other.corrections - one.corrections,
};

function filter() {
  const category = $("category").value;
  const words = $("words").value.trim().toLowerCase();
  const found = (item) =>
    !words || (item.parts.map((part) => part[0]).join("") + "\n" + (item.draft ?? "")).toLowerCase().includes(words);
  shown = items
    .filter((item) => (!category || item.category === category) && WHICH[$("which").value](item) && found(item))
    .sort(ORDER[$("order").value]);
  const visible = new Set(shown.map((item) => item.key));
  for (const item of items) {
    optionOf(item.key).hidden = !visible.has(item.key);
    const box = boxOf(item.key);
    if (box) box.hidden = !visible.has(item.key);
  }
  $("list").append(...shown.map((item) => optionOf(item.key)));
  $("count").textContent = `${shown.length} of ${items.length} shown`;
  stops();
}

document.addEventListener("click", (event) => {
  const element = event.target.closest("[data-key]");
  if (element) select(element.dataset.key, element.classList.contains("box") ? "box" : "option");
});

document.addEventListener("keydown", (event) => {
  const target = event.target;
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (target.closest("input, select, summary, .scroll")) return;
  const option = target.closest("[role=option]");
  const focus = option ? "option" : "box";
  const inside = option ?? target.closest(".box");
  if (event.key === "Escape") close();
  else if (event.key === "ArrowRight" || (inside && event.key === "ArrowDown")) step(1, focus);
  else if (event.key === "ArrowLeft" || (inside && event.key === "ArrowUp")) step(-1, focus);
  else if (inside && event.key === "Home") go(0, focus);
  else if (inside && event.key === "End") go(shown.length - 1, focus);
  else if (option && (event.key === "Enter" || event.key === " ")) select(option.dataset.key, "option");
  else return;
  event.preventDefault();
});

for (const id of ["category", "which", "order", "words"]) $(id).addEventListener("input", filter);
$("tools").addEventListener("submit", (event) => event.preventDefault());
$("path").addEventListener("change", () => document.body.classList.toggle("path", $("path").checked));
$("previous").addEventListener("click", () => step(-1, null));
$("next").addEventListener("click", () => step(1, null));
$("close").addEventListener("click", close);
filter(); // browsers restore form fields when a page is opened again
document.body.classList.toggle("path", $("path").checked);
