// Adam's averages, and random gradients.

/**
 * The sum of the weights of t gradients, 1 - beta^t; by expm1, so that nothing cancels.
 * @type {(beta: number, t: number) => number}
 */
export function weightSum(beta, t) {
  return beta === 0 ? 1 : -Math.expm1(t * Math.log(beta));
}

/**
 * The size of step t without correction, in units of the learning rate, for a constant gradient.
 * @type {(beta1: number, beta2: number, t: number) => number}
 */
export function stepSize(beta1, beta2, t) {
  return weightSum(beta1, t) / Math.sqrt(weightSum(beta2, t));
}

/**
 * The step up to a horizon whose size is furthest from 1, as a ratio.
 * @type {(beta1: number, beta2: number, horizon: number) => number}
 */
export function largestDeviation(beta1, beta2, horizon) {
  const deviation = (/** @type {number} */ t) => Math.abs(Math.log(stepSize(beta1, beta2, t)));
  let worst = 1;
  let largest = deviation(1);
  for (let t = 2; t <= horizon; t += 1) {
    const size = deviation(t);
    if (size > largest) [worst, largest] = [t, size];
  }
  return worst;
}

/**
 * The moving average of gradients after each of them, without correction.
 * @type {(gradients: number[], beta: number) => number[]}
 */
export function averages(gradients, beta) {
  let m = 0;
  return gradients.map((g) => (m = beta * m + (1 - beta) * g));
}

/**
 * Standard normal numbers: mulberry32, and Box and Muller's transformation.
 * @type {(seed: number, count: number) => number[]}
 */
export function normals(seed, count) {
  let state = seed;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return (((x ^ (x >>> 14)) >>> 0) + 0.5) / 4294967296;
  };
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return Array.from({ length: count }, normal);
}
