/** What an operator takes and gives in one operator set, and whether a node of a file keeps to it. */
import type { Dtype } from "../array/dtype.ts";
import { normalizeAxis } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import type { TensorType } from "../graph/tensor.ts";
import { operators, refusals, types } from "./operators/table.ts";
import type { Reading } from "./reading.ts";
import { type AttributeProto, attributeType, toNumber } from "./wire.ts";

/** An input or output. */
interface Slot {
  readonly types: readonly Dtype[];
  /** Slots with the same text other than "" have the same type. */
  readonly variable: string;
  readonly optional: boolean;
  readonly repeated: boolean;
}

interface AttributeRule {
  readonly kind: string;
  readonly required: boolean;
}

export interface Signature {
  readonly inputs: readonly Slot[];
  readonly outputs: readonly Slot[];
  readonly attributes: ReadonlyMap<string, AttributeRule>;
}

/** What holds from one operator set on; no signature: the operator is gone. */
interface Step {
  readonly since: number;
  /** Whether what was valid before may mean something else now. */
  readonly changed: boolean;
  readonly signature: Signature | null;
}

const histories = new Map<string, readonly Step[]>();

function historyOf(op: string): readonly Step[] {
  const known = histories.get(op);
  if (known !== undefined) return known;
  const steps: Step[] = [];
  for (const text of operators[op].split("; ")) steps.push(stepOf(text, steps.at(-1)?.signature ?? null));
  histories.set(op, steps);
  return steps;
}

/** Reads one step of the notation that `operators/table.ts` explains. */
function stepOf(text: string, before: Signature | null): Step {
  const [head, ...words] = text.split(" ");
  const since = Number.parseInt(head, 10);
  if (head.endsWith("x")) return { since, changed: true, signature: null };
  const changed = head.endsWith("!");
  const attributes = new Map(changed ? [] : before?.attributes);
  for (const word of words.filter((word) => word.includes(":"))) {
    const [name, kind] = word.split(":");
    attributes.set(name, { kind: kind.replace("!", ""), required: kind.endsWith("!") });
  }
  const slots = words.filter((word) => !word.includes(":"));
  const arrow = slots.indexOf(">");
  if (arrow === -1 && before !== null) return { since, changed, signature: { ...before, attributes } };
  const inputs = slots.slice(0, arrow).map(slotOf);
  return { since, changed, signature: { inputs, outputs: slots.slice(arrow + 1).map(slotOf), attributes } };
}

function slotOf(word: string): Slot {
  return {
    types: types[word[0]],
    variable: word.slice(1).replace(/[?*]/, ""),
    optional: word.endsWith("?"),
    repeated: word.endsWith("*"),
  };
}

/** The signature of an operator of ONNX. Throws InputError where that operator set has none, or where we refuse it. */
export function signatureOf(op: string, opset: number, where: string): Signature {
  const name = op.slice(0, 100);
  if (Object.hasOwn(refusals, op)) {
    throw new InputError(
      `${where}: expected an operator that a graph of ours can hold, got ${name}, which ${refusals[op]}. Export the model without it.`,
    );
  }
  if (!Object.hasOwn(operators, op)) {
    throw new InputError(`${where}: expected an operator of ONNX, got "${name}". Export the model without it.`);
  }
  const step = historyOf(op).findLast(({ since }) => since <= opset);
  if (step === undefined || step.signature === null) {
    const { since } = historyOf(op)[step === undefined ? 0 : historyOf(op).length - 1];
    const news = step === undefined ? `came with ${since}` : `was removed by ${since}`;
    throw new InputError(
      `${where}: expected an operator of operator set ${opset}, got ${name}, which ${news}. The file is damaged.`,
    );
  }
  return step.signature;
}

/** Whether what an operator says in one operator set means the same in another, as far as both allow it. */
export function means(op: string, opset: number, another: number): boolean {
  const [first, last] = [Math.min(opset, another), Math.max(opset, another)];
  return historyOf(op).every(({ since, changed }) => !changed || since <= first || since > last);
}

/** Throws InputError unless inputs, outputs and attributes of a node are as many and of the kind that they must be. */
export function checkNode(r: Reading, signature: Signature): void {
  const missing = [...signature.attributes].find(([name, { required }]) => required && !r.has(name));
  if (missing !== undefined) {
    throw new InputError(`${r.where}: expected an attribute ${missing[0]}, got none. The file is damaged.`);
  }
  for (const attribute of r.attributes) checkAttribute(attribute, r, signature);
  const types = new Map<string, Dtype>();
  checkSlots("inputs", r.inputs, signature.inputs, types, r.where);
  const outputs = r.outputs.map((name) => (name === "" ? null : {}));
  checkSlots("outputs", outputs, signature.outputs, types, r.where);
}

/** A tensor, or something whose type is not known yet, or nothing. */
type Filled = Partial<TensorType> | null;

/** Checks number and element types; `types` is what the type variables stand for. */
export function checkSlots(
  what: "inputs" | "outputs",
  given: readonly Filled[],
  slots: readonly Slot[],
  types: Map<string, Dtype>,
  where: string,
): void {
  const count = given.findLastIndex((value) => value !== null) + 1;
  const least = slots.findLastIndex(({ optional }) => !optional) + 1;
  const most = slots.at(-1)?.repeated ? Number.POSITIVE_INFINITY : slots.length;
  if (count < least || count > most) {
    const range =
      least === most ? `${least}` : `${least} ${most === Number.POSITIVE_INFINITY ? "or more" : `to ${most}`}`;
    throw new InputError(`${where}: expected ${range} ${what}, got ${count}. The file is damaged.`);
  }
  for (const [i, value] of given.slice(0, count).entries()) {
    const slot = slots[Math.min(i, slots.length - 1)];
    const place = `${where} ${what.slice(0, -1)} ${i + 1}`;
    if (value === null) {
      if (slot.optional || what === "outputs") continue;
      throw new InputError(`${place}: expected a tensor, got none. The file is damaged.`);
    }
    if (value.dtype === undefined) continue;
    const bound = types.get(slot.variable);
    if (!slot.types.includes(value.dtype) || (bound !== undefined && bound !== value.dtype)) {
      const expected = bound ?? slot.types.join(", ");
      throw new InputError(`${place}: expected ${expected}, got ${value.dtype}. Cast it in the model.`);
    }
    if (slot.variable !== "") types.set(slot.variable, value.dtype);
  }
}

/** `AttributeProto.type` of the kinds that are not integers, texts to choose from, or lists of them. */
const kinds: Readonly<Record<string, number>> = {
  f: attributeType.float,
  fs: attributeType.floats,
  s: attributeType.string,
  ss: attributeType.strings,
  t: attributeType.tensor,
  st: attributeType.sparseTensor,
};

function checkAttribute(attribute: AttributeProto, r: Reading, { attributes }: Signature): void {
  const { name = "", type = 0 } = attribute;
  const where = `${r.where} ${name.slice(0, 100)}`;
  const rule = attributes.get(name);
  if (rule === undefined) {
    const known = [...attributes.keys()].join(", ") || "no";
    throw new InputError(
      `${where}: expected ${known} as attributes in operator set ${r.opset}, got another. The file is damaged.`,
    );
  }
  const { kind } = rule;
  if (kind.includes("|")) {
    checkText(attribute, kind, where);
    return;
  }
  const list = kind.length === 2;
  const expected = kinds[kind] ?? (list ? attributeType.ints : attributeType.int);
  if (type !== expected) {
    throw new InputError(`${where}: expected an attribute of type ${expected}, got ${type}. The file is damaged.`);
  }
  if (kind in kinds) return;
  const numbers = list ? (attribute.ints ?? []) : [attribute.i ?? 0];
  for (const number of numbers) checkInteger(toNumber(number), kind[0], r, where);
}

function checkText({ type = 0, s }: AttributeProto, choices: string, where: string): void {
  const text = new TextDecoder().decode(s ?? new Uint8Array()).slice(0, 100);
  if (type !== attributeType.string || !choices.split("|").includes(text)) {
    throw new InputError(
      `${where}: expected ${choices.replaceAll("|", ", ")}, got "${text}". Export the model with one of these.`,
    );
  }
}

/** Kernels hold attributes in 32 bits and trust them. */
const largest = 2 ** 31 - 1;
const ranges: Readonly<Record<string, readonly [number, number]>> = {
  i: [-largest - 1, largest],
  n: [0, largest],
  p: [1, largest],
  b: [0, 1],
  l: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
};

function checkInteger(value: number, kind: string, r: Reading, where: string): void {
  if (kind === "a") {
    normalizeAxis(where, value, r.input(0).shape.length);
    return;
  }
  const [low, high] = ranges[kind];
  if (!(value >= low && value <= high)) {
    throw new InputError(`${where}: expected an integer from ${low} to ${high}, got ${value}. The file is damaged.`);
  }
}

/** Throws InputError unless an attribute of operators whose attributes we do not know fits into 32 bits. */
export function checkUnknownAttribute({ name = "", i, ints }: AttributeProto, where: string): void {
  for (const number of [i ?? 0, ...(ints ?? [])]) {
    if (Math.abs(toNumber(number)) <= largest) continue;
    throw new InputError(
      `${where} ${name.slice(0, 100)}: expected integers of 32 bits, got ${number}. The file is damaged.`,
    );
  }
}
