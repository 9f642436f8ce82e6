// A student's page for answering: it checks the form of numbers, and saves and loads answers.toml.
import { plain } from "../backprop/judging.js";
import { rules } from "../backprop/rules.js";
import { fromToml, toToml } from "./answersfile.js";

/**
 * What the sheet's page says: the rule for numbers, and what is asked.
 * @typedef {import("../backprop/types").Rules & Form} Sheet
 * @typedef {object} Form
 * @property {string} refused the message for a text that is not a number
 * @property {Record<string, number[]>} shapes of each answer
 */

const page = document;
const sheet = /** @type {Sheet} */ (JSON.parse(page.getElementById("rules")?.textContent ?? "{}"));
Object.assign(rules, sheet);

const fields = /** @type {HTMLInputElement[]} */ ([...page.querySelectorAll("[type=text]")]);
const boxes = /** @type {HTMLInputElement[]} */ ([...page.querySelectorAll("[type=checkbox]")]);
const said = /** @type {HTMLElement} */ (page.getElementById("said"));
const loader = /** @type {HTMLInputElement} */ (page.getElementById("load"));
let isSaved = true;

/** @param {string} message */
function say(message) {
  said.textContent = message;
}

/** Marks what is not a number, and says how far one is. */
function check() {
  let [filled, bad] = [0, 0];
  for (const field of fields) {
    const isBad = field.value.trim() !== "" && plain(field.value) === null;
    field.setAttribute("aria-invalid", String(isBad));
    filled += Number(field.value.trim() !== "");
    bad += Number(isBad);
  }
  const count = `${filled} of ${fields.length} numbers are filled in.`;
  say(bad ? `${count} ${sheet.refused} (${bad})` : count);
}

/** What stands in the fields: each answer as a list of texts, and the places of zeros. */
function entered() {
  /** @type {Map<string, string[]>} */
  const found = new Map();
  for (const field of fields) {
    const name = field.dataset.name ?? "";
    found.set(name, [...(found.get(name) ?? []), field.value.trim()]);
  }
  const zeros = boxes.filter((box) => box.checked).map((box) => box.value);
  return { answers: found, zeros };
}

function save() {
  const { answers, zeros } = entered();
  const link = page.createElement("a");
  const text = toToml(answers, zeros, sheet.shapes);
  link.href = URL.createObjectURL(new Blob([text], { type: "application/toml" }));
  link.download = "answers.toml";
  link.click();
  URL.revokeObjectURL(link.href);
  isSaved = true;
  say("answers.toml is in your downloads: hand it in.");
}

async function load() {
  const [file] = loader.files ?? [];
  if (!file) return;
  const { answers, zeros } = fromToml(await file.text());
  /** @type {string[]} */
  const strange = [];
  for (const name of Object.keys(sheet.shapes)) {
    const places = fields.filter((field) => field.dataset.name === name);
    const texts = answers.get(name) ?? places.map(() => "");
    if (texts.length !== places.length) strange.push(name);
    else places.forEach((field, index) => (field.value = texts[index]));
  }
  for (const box of boxes) box.checked = zeros.has(box.value);
  loader.value = "";
  check();
  isSaved = true;
  if (strange.length) say(`Of another size, and not read: ${strange.join(", ")}.`);
}

page.addEventListener("input", (event) => {
  if (event.target === loader) return;
  isSaved = false;
  check();
});
page.getElementById("save")?.addEventListener("click", save);
page.getElementById("print")?.addEventListener("click", () => window.print());
loader.addEventListener("change", load);
window.addEventListener("beforeunload", (event) => {
  if (!isSaved) event.preventDefault();
});
check();
