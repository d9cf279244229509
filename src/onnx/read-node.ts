/** One node of a file, read by calling our operators. */
import type { Named } from "../array/ndarray.ts";
import { sameShape, show, sizeOf } from "../array/shape.ts";
import { InputError, oneLine } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { fold } from "./fold.ts";
import { keep } from "./keep.ts";
import { conversions } from "./operators/conversions.ts";
import { elementwiseReaders } from "./operators/elementwise.ts";
import { indexingReaders } from "./operators/indexing.ts";
import { layerReaders, microsoftReaders } from "./operators/layers.ts";
import { reductionReaders } from "./operators/reductions.ts";
import { shapeReaders } from "./operators/shapes.ts";
import { type Declared, type Reader, Reading } from "./reading.ts";
import { checkNode, signatureOf } from "./signature.ts";
import { shapeOf } from "./tensor-proto.ts";
import type { NodeProto } from "./wire.ts";

const readers: Named<Named<Reader>> = {
  "": {
    ...elementwiseReaders,
    ...reductionReaders,
    ...shapeReaders,
    ...indexingReaders,
    ...layerReaders,
    ...conversions,
  },
  "com.microsoft": microsoftReaders,
  "com.microsoft.nchwc": {},
};

/** What a model computes from its own constants alone may have so many elements: 256 MB of float32. */
const largestFixed = 2 ** 26;

export function checkFixed(tensor: Tensor, where: string): Tensor {
  const count = sizeOf(tensor.shape);
  if (count <= largestFixed) return tensor;
  throw new InputError(
    `${where}: expected at most ${largestFixed} elements computed from constants, got ${count}. Export the model with smaller ones, or as inputs.`,
  );
}

export function readNode(
  proto: NodeProto,
  inputs: readonly (Tensor | null)[],
  known: ReadonlyMap<string, Declared>,
  { opset, where, own = {} }: { opset: number; where: string; own?: Named<Reader> },
): readonly Tensor[] {
  const domain = proto.domain === "ai.onnx" ? "" : (proto.domain ?? "");
  const family = readers[domain];
  if (family === undefined) {
    throw new InputError(
      `${where}: expected an operator of ONNX or ONNX Runtime, got one of domain "${domain}". Export without it.`,
    );
  }
  const types = (proto.output ?? []).map((name) => known.get(name) ?? null);
  const reading = new Reading(proto, inputs, { domain, opset, types, where });
  const results = within(where, () => {
    if (domain === "") checkNode(reading, signatureOf(reading.op, opset, where));
    const folded = domain === "" ? fold(reading) : null;
    if (folded !== null) return folded;
    const other = domain === "" && Object.hasOwn(own, reading.op) ? own[reading.op](reading) : null;
    if (other !== null) return other;
    return (Object.hasOwn(family, reading.op) ? family[reading.op](reading) : null) ?? keep(reading);
  });
  if (results.length < reading.outputCount) {
    throw new InputError(
      `${where}: expected ${results.length} outputs, got ${reading.outputCount}. The file is damaged.`,
    );
  }
  results.forEach((result, i) => {
    shapeOf(result.shape, `${where} output ${i + 1}`);
    // What the file says about a result is a check of our own reading of it.
    const declared = types[i] ?? null;
    if (declared === null) return;
    const { dtype, shape } = { ...declared, shape: declared.shape ?? result.shape };
    if (dtype !== result.dtype || !sameShape(shape, result.shape)) {
      const expected = `${dtype} ${show(shape)}`;
      throw new InputError(
        `${where}: expected ${expected} as the file says, got ${result.dtype} ${show(result.shape)}. The file contradicts itself.`,
      );
    }
  });
  return results;
}

/** Runs `read`; what our operators say about wrong inputs gets the place in the file before it. */
function within(where: string, read: () => readonly Tensor[]): readonly Tensor[] {
  try {
    return read();
  } catch (error) {
    if (error instanceof InputError && !error.message.startsWith(oneLine(where)))
      throw new InputError(`${where}: ${error.message}`);
    throw error;
  }
}
