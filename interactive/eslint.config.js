import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    rules: {
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-implicit-globals": "error",
    },
  },
  {
    files: ["adam/*.js", "answering/*.js", "backprop/*.js", "shared/*.js"],
    languageOptions: { globals: globals.browser },
  },
  { files: ["tests/*.js"], languageOptions: { globals: globals.node } },
];
