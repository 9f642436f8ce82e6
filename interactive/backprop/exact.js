// Exact fractions, on which the side of a ReLU and all zeros are decided.

/** @typedef {import("./types").Fraction} Fraction */

const NUMBER = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?(?:\/(\d+))?$/i;

/** @type {Fraction} */
export const ZERO = { top: 0n, bottom: 1n };
/** @type {Fraction} */
export const TENTH = { top: 1n, bottom: 10n };

/** @type {(top: bigint, bottom: bigint) => Fraction} */
function fraction(top, bottom) {
  let [a, b] = [top < 0n ? -top : top, bottom];
  while (b) [a, b] = [b, a % b];
  return { top: top / a, bottom: bottom / a };
}

/**
 * Reads an integer, a decimal, also as 1e-2, or a fraction.
 * @param {string} text
 */
export function parse(text) {
  const [, sign, whole, decimals, power, bottom] = /** @type {string[]} */ (text.match(NUMBER));
  const size = BigInt(whole + decimals);
  const top = sign === "-" ? -size : size;
  const shift = Number(power || 0) - decimals.length;
  const scale = 10n ** BigInt(Math.abs(shift));
  if (shift > 0) return fraction(top * scale, BigInt(bottom || 1));
  return fraction(top, BigInt(bottom || 1) * scale);
}

/**
 * A decimal where one of at most 9 places is exact, else a fraction.
 * @param {Fraction} value
 */
export function write(value) {
  for (let places = 0; places <= 9; places += 1) {
    const isExact = (value.top * 10n ** BigInt(places)) % value.bottom === 0n;
    if (isExact) return toNumber(value).toFixed(places);
  }
  return key(value);
}

/**
 * The nearest double, but for its last digit; the shift keeps long numbers in range.
 * @param {Fraction} value
 */
export function toNumber({ top, bottom }) {
  const size = top < 0n ? -top : top;
  const bits = 4 * Math.max(size.toString(16).length, bottom.toString(16).length);
  const shift = BigInt(Math.max(0, bits - 1000));
  return (top < 0n ? -1 : 1) * (Number(size >> shift) / Number(bottom >> shift)) || 0;
}

/** @type {(a: Fraction, b: Fraction) => Fraction} */
export function add(a, b) {
  return fraction(a.top * b.bottom + b.top * a.bottom, a.bottom * b.bottom);
}

/** @type {(a: Fraction) => Fraction} */
export function minus(a) {
  return { top: -a.top, bottom: a.bottom };
}

/** @type {(a: Fraction, b: Fraction) => Fraction} */
export function times(a, b) {
  return fraction(a.top * b.top, a.bottom * b.bottom);
}

/** @type {(a: Fraction) => boolean} */
export function isZero(a) {
  return a.top === 0n;
}

/** @type {(a: Fraction) => boolean} */
export function isPositive(a) {
  return a.top > 0n;
}

/** @type {(a: Fraction) => string} */
export function key(a) {
  return `${a.top}/${a.bottom}`;
}
