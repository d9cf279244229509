/**
 * Runs whose results come in the arrays given for them, and in no others. ONNX Runtime's Node package wraps each output in a new array
 * besides, which nobody reads. V8 counts its bytes as memory, so that it collects garbage many times in a step that writes hundreds of
 * megabytes of gradients (bench/README.md, "Results that nobody wraps").
 *
 * Outputs are wrapped in their order, after all of them are computed, and the package refuses sequences then. So the model is given one
 * as its first output, and the refusal is what says that the run is done. A package that takes sequences would wrap as before.
 */
import { encodeModel } from "../onnx/wire.ts";

/** Name of the output that is refused. */
export const refused = "results are not wrapped";

const refusal = "Non tensor type is temporarily not supported";

/** A model with that output before its own: protocol buffers one behind the other are one message, lists joined. */
export function withRefused(model: Uint8Array): Uint8Array {
  const type = { sequence_type: { elem_type: { tensor_type: { elem_type: 1, shape: {} } } } };
  const before = encodeModel({
    graph: { node: [{ output: [refused], op_type: "SequenceEmpty" }], output: [{ name: refused, type }] },
  });
  const joined = new Uint8Array(before.length + model.length);
  joined.set(before);
  joined.set(model, before.length);
  return joined;
}

export const isRefusal = (error: unknown): boolean => error instanceof Error && error.message.includes(refusal);
