// Elements of pages and drawings. Text goes in as text, never as HTML.
const SVG = "http://www.w3.org/2000/svg";

/**
 * A new element; "p.result" is a p of the class result.
 * @param {any} parent
 * @param {string} kind
 * @param {Record<string, any>} attributes
 * @param {string} text
 * @returns {any}
 */
export function element(parent, kind, attributes = {}, text = "") {
  const [name, ...classes] = kind.split(".");
  const isDrawn = name === "svg" || parent?.namespaceURI === SVG;
  const node = isDrawn ? document.createElementNS(SVG, name) : document.createElement(name);
  node.classList.add(...classes);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(text);
  parent?.append(node);
  return node;
}
