// Whether a typed number is right; the twin of hw1lib.backprop.judging. Both are held to the cases
// of tests/backprop/judging.json.

/** @typedef {import("./types").Numeral} Numeral */
import { parse, toNumber } from "./exact.js";
import { rules } from "./rules.js";

/**
 * A typed number as network files have it; null if it is none.
 * @param {string} text
 */
export function plain(text) {
  if (text.length > rules.judging.longest) return null;
  const number = text
    .trim()
    .replace(/\s*\/\s*/, "/")
    .replaceAll("−", "-")
    .replace(/,(?=\d)/g, ".")
    .replace(/(?<=\d)_(?=\d)/g, "");
  return new RegExp(`^(${rules.number})$`).test(number) ? number : null;
}

/**
 * A typed number: its value, its decimals less the exponent, its significant digits.
 * @param {string} text
 * @returns {Numeral | null}
 */
export function read(text) {
  const number = plain(text);
  if (number === null) return null;
  const value = toNumber(parse(number));
  if (number.includes("/")) return { value, decimals: Infinity, digits: Infinity };
  const [mantissa, power = "0"] = number.toLowerCase().split("e");
  const [, decimals = ""] = mantissa.split(".");
  const digits = mantissa.replace(/^[-+0.]+|\./g, "").length;
  return { value, decimals: decimals.length - Number(power), digits };
}

/**
 * The verdict on a typed number: right, digits, early, wrong, unreadable or open.
 * @param {string} text
 * @param {number} right
 * @param {number} rtol
 * @param {number} digits
 */
export function judge(text, right, rtol = rules.judging.rtol, digits = rules.judging.digits) {
  if (!text.trim()) return "open";
  const typed = read(text);
  if (!typed) return "unreadable";
  const isZero = Math.abs(right) < rules.judging.negligible;
  if (typed.value === 0 || isZero || !Number.isFinite(right)) {
    return typed.value === 0 && isZero ? "right" : "wrong";
  }
  const share = Math.abs(typed.value - right) / Math.abs(right);
  if (share <= rules.judging.exact) return "right";
  if (share <= rtol || isRounded(typed, right)) {
    return typed.digits >= digits || typed.decimals > digits ? "right" : "digits";
  }
  return share <= rules.judging.close ? "early" : "wrong";
}

/** @type {(text: string, right: number, rtol?: number) => boolean} */
export function isRight(text, right, rtol = rules.judging.rtol) {
  return judge(text, right, rtol) === "right";
}

/**
 * Whether it is the right value rounded, half either way, or cut off.
 * @type {(typed: Numeral, right: number) => boolean}
 */
function isRounded({ value, decimals }, right) {
  const unit = 10 ** -decimals;
  const beyond = Math.sign(right) * (right - value); // how much further from 0 it is
  return -0.500001 * unit <= beyond && beyond < 0.999999 * unit;
}
