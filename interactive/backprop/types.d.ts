/** What the scripts pass to each other. */

export interface Fraction {
  top: bigint;
  bottom: bigint;
}

/** A network file's fields, with numbers as the texts that stand there. */
export interface Network {
  x: string[];
  y: string[];
  W_H: string[][];
  b_H: string[];
  W_O: string[][];
  b_O: string[];
  activation: string;
  output: string;
  [name: string]: any;
}

/** A number, a vector or a matrix. */
export type Value = number | number[] | number[][];
export type Values = Record<string, any>;
export type Index = number[];

/** A logit's distance from the target's; equal ones share a key. */
export interface Gap {
  value: number;
  key: string;
}

/** A class of the output: its weights less those of the target. */
export interface OutputClass {
  weights: Fraction[];
  gap: Gap;
  isTarget: boolean;
}

export interface Pass {
  network: Network;
  /** The network's numbers, exact. */
  given: Record<string, any>;
  /** The same as doubles. */
  numbers: Values;
  exactZ: Fraction[];
  active: boolean[];
  classes: OutputClass[];
  /** All values of both passes, by the names of `rules.formulas`. */
  values: Values;
}

export interface Cause {
  kind: string;
  unit: number;
}

export interface Zero {
  parameter: string;
  index: Index;
  key: string;
  causes: Cause[];
}

export interface Numeral {
  value: number;
  decimals: number;
  digits: number;
}

export type Tree = string | number | any[];
export type Formula = Tree | Record<string, Tree>;

export interface Mistake {
  step: string;
  kind: string;
  formula: Tree;
}

export interface Step {
  name: string;
  value: string;
  active: string;
  direction: string;
  symbol: string;
  latex: string | Record<string, string>;
  entry: string;
  equation: string;
  why: string | Record<string, string>;
  asked: string;
  label: string;
}

/** What hw1lib.backprop.playground writes into the page. */
export interface Rules {
  network: Network;
  fields: string[];
  required: string[];
  parameters: string[];
  choices: Record<string, string[]>;
  synonyms: Record<string, string>;
  slips: Record<string, string>;
  number: string;
  largest: number;
  room: number;
  largest_file: number;
  units: number;
  refusals: Record<string, string>;
  reasons: Record<string, string>;
  no_zeros: string;
  steps: Step[];
  formulas: Record<string, Formula>;
  mistakes: Mistake[];
  hints: Record<string, string>;
  judging: {
    rtol: number;
    digits: number;
    longest: number;
    exact: number;
    negligible: number;
    close: number;
  };
}

/** The elements of the page, by their data-name. */
export type View = Record<string, any>;
