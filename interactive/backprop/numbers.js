// Vectors and matrices of numbers, and numbers as texts.

/** @typedef {import("./types").Index} Index */

/** @type {(values: any, index: Index) => any} */
export function at(values, index) {
  return index.reduce((inner, i) => inner[i], values);
}

/**
 * The entries of a number, vector or matrix with their indices; a number's is [0].
 * @param {any} values
 * @returns {[Index, any][]}
 */
export function entries(values) {
  return [values].flat().flatMap((value, i) => {
    if (!Array.isArray(value)) return [[[i], value]];
    return value.map((inner, j) => /** @type {[Index, any]} */ ([[i, j], inner]));
  });
}

/** @type {(values: number[]) => number} */
export function total(values) {
  return values.reduce((sum, value) => sum + value, 0);
}

/** @type {(column: number[], row: number[]) => number[][]} */
export function outer(column, row) {
  return column.map((a) => row.map((b) => a * b));
}

/** @type {(matrix: any[][]) => any[][]} */
export function transpose(matrix) {
  return matrix[0].map((_, j) => matrix.map((row) => row[j]));
}

/**
 * "W_H row 2 column 1", "b_H 2"
 * @type {(name: string, index: Index) => string}
 */
export function label(name, [i, j]) {
  return `${name} ${j === undefined ? i + 1 : `row ${i + 1} column ${j + 1}`}`;
}

/**
 * A rounded number: short where it is exact, tiny ones with their power of ten.
 * @param {number} value
 * @param {number} digits
 */
export function rounded(value, digits = 4) {
  if (value === 0) return "0";
  let text = value.toFixed(digits);
  if (Number(text) === 0 || Math.abs(value) >= 1e6) {
    const [mantissa, power] = value.toExponential(1).split("e");
    const raised = [...power.replace("+", "")].map((d) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(d)] ?? "⁻");
    text = `${mantissa}·10${raised.join("")}`;
  } else if (Math.abs(value - Number(text)) <= 1e-13 * Math.abs(value)) {
    text = String(Number(text));
  }
  return text.replace("-", "−");
}
