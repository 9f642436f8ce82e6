// Exact fractions, on which the side of a ReLU and all zeros are decided.
const Playground = {
  // What the package knows, its words among it: see hw1lib.backprop.playground.
  rules: JSON.parse(document.getElementById("playground-rules").textContent),
};

Playground.exact = (function () {
"use strict";
const NUMBER = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?(?:\/(\d+))?$/i;
const ZERO = fraction(0n, 1n), TENTH = fraction(1n, 10n);

function fraction(top, bottom) {
  let [a, b] = [top < 0n ? -top : top, bottom];
  while (b) [a, b] = [b, a % b];
  return { top: top / a, bottom: bottom / a };
}

// Reads an integer, a decimal, also as 1e-2, or a fraction.
function parse(text) {
  const [, sign, whole, decimals, power, bottom] = text.match(NUMBER);
  const shift = Number(power || 0) - decimals.length;
  const scale = 10n ** BigInt(Math.abs(shift));
  const top = BigInt(whole + decimals) * (sign === "-" ? -1n : 1n);
  return fraction(shift > 0 ? top * scale : top, BigInt(bottom || 1) * (shift < 0 ? scale : 1n));
}

// A decimal where one of at most 9 places is exact, else a fraction.
function write(value) {
  for (let places = 0; places <= 9; places += 1) {
    if ((value.top * 10n ** BigInt(places)) % value.bottom === 0n) return toNumber(value).toFixed(places);
  }
  return `${value.top}/${value.bottom}`;
}

// The nearest double, but for its last digit; the shift keeps long numbers in range.
function toNumber({ top, bottom }) {
  const size = top < 0n ? -top : top;
  const bits = 4 * Math.max(size.toString(16).length, bottom.toString(16).length);
  const shift = BigInt(Math.max(0, bits - 1000));
  return (top < 0n ? -1 : 1) * (Number(size >> shift) / Number(bottom >> shift)) || 0;
}

function add(a, b) { return fraction(a.top * b.bottom + b.top * a.bottom, a.bottom * b.bottom); }
function minus(a) { return { top: -a.top, bottom: a.bottom }; }
function times(a, b) { return fraction(a.top * b.top, a.bottom * b.bottom); }
function isZero(a) { return a.top === 0n; }
function isPositive(a) { return a.top > 0n; }
function key(a) { return `${a.top}/${a.bottom}`; }

return { ZERO, TENTH, parse, write, toNumber, add, minus, times, isZero, isPositive, key };
})();
