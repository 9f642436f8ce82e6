// What the package knows, its words among it: see hw1lib.backprop.playground. main.js fills it.

/** @type {import("./types").Rules} */
export const rules = Object.create(null);
