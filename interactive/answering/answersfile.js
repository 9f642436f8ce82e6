// answers.toml as the page for answering writes it; hw1lib.course.answerfile reads it, too.

export const OPEN = "?"; // an entry without a number

/**
 * A list of texts as lists of the sizes of a shape.
 * @param {string[]} texts
 * @param {number[]} shape
 * @returns {string}
 */
function nested(texts, shape) {
  if (!shape.length) return JSON.stringify(texts[0]);
  const [count, ...rest] = shape;
  const size = texts.length / count;
  const parts = Array.from({ length: count }, (_, index) =>
    nested(texts.slice(index * size, (index + 1) * size), rest),
  );
  return `[${parts.join(", ")}]`;
}

/**
 * The file, without answers of which nothing is filled in.
 * @param {Map<string, string[]>} answers
 * @param {string[]} zeros
 * @param {Record<string, number[]>} shapes
 */
export function toToml(answers, zeros, shapes) {
  const lines = [...answers]
    .filter(([, texts]) => texts.some(Boolean))
    .map(([name, texts]) => {
      const filled = texts.map((text) => text || OPEN);
      return `${name} = ${nested(filled, shapes[name])}\n`;
    });
  if (zeros.length) lines.push(`zeros = ${nested(zeros, [zeros.length])}\n`);
  return lines.join("");
}

/**
 * What a file says of each answer, row by row.
 * @param {string} text
 */
export function fromToml(text) {
  /** @type {Map<string, string[]>} */
  const answers = new Map();
  const statements = text.matchAll(/^[ \t]*(\w+)[ \t]*=([^=]*?)(?=^[ \t]*\w+[ \t]*=|$(?![^]))/gm);
  for (const [, name, value] of statements) {
    const bare = value.replace(/("[^"\n]*"|'[^'\n]*')|#[^\n]*/g, "$1");
    const tokens = [...bare.matchAll(/"([^"]*)"|'([^']*)'|[^\s,[\]"']+/g)];
    const texts = tokens.map(([token, double, single]) => double ?? single ?? token);
    answers.set(
      name,
      texts.map((item) => (item === OPEN ? "" : item)),
    );
  }
  const zeros = new Set((answers.get("zeros") ?? []).map((place) => place.replace(/\s/g, "")));
  answers.delete("zeros");
  return { answers, zeros };
}
