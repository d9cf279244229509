/** Operators that we do not have, as nodes of operator set 20, in which models are written. */
import type { Dtype } from "../array/dtype.ts";
import { InputError } from "../errors.ts";
import { type Attribute, nodes, type Tensor, type TensorType } from "../graph/tensor.ts";
import { checkKept } from "./operators/kept-rules.ts";
import { keptType } from "./operators/kept-shapes.ts";
import type { Reading } from "./reading.ts";
import { checkSlots, checkUnknownAttribute, means, type Signature, signatureOf } from "./signature.ts";
import { arrayOf } from "./tensor-proto.ts";
import { type AttributeProto, attributeType, toNumber } from "./wire.ts";
import { writtenOpset } from "./write.ts";

/** What becomes of a node that means something else in operator set 20; what is not said stays. */
export interface Conversion {
  readonly op?: string;
  readonly inputs?: readonly (Tensor | null)[];
  /** All of them. */
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Where they are known without the file. */
  readonly outputs?: readonly TensorType[];
}

/**
 * The node as it is in the file, or what `conversion` says that it is in operator set 20. It has no gradient.
 *
 * Throws InputError where operator set 20 would understand it differently, or not at all, and where the file does not
 * tell the shapes of the outputs.
 */
export function keep(r: Reading, conversion?: Conversion): readonly Tensor[] {
  if (r.domain !== "") return keepUnknown(r);
  const { op = r.op, inputs = r.inputs, attributes = attributesOf(r) } = conversion ?? {};
  if (conversion === undefined && !means(op, r.opset, writtenOpset)) {
    throw new InputError(
      `${r.where}: expected ${op} as operator set ${writtenOpset} means it, got that of ${r.opset}, which means something else. Export the model with opset ${writtenOpset}.`,
    );
  }
  const signature = signatureOf(op, writtenOpset, r.where);
  checkAttributes(attributes, signature, r.where);
  const types = new Map<string, Dtype>();
  checkSlots("inputs", inputs, signature.inputs, types, r.where);
  const node = { inputs, attributes, where: r.where };
  checkKept(op, node);
  const outputs = conversion?.outputs ?? typesOf(r, keptType(op, node));
  const named = outputs.map((type, i) => (r.outputs[i] === "" ? null : type));
  checkSlots("outputs", named, signature.outputs, types, r.where);
  return nodes(op, inputs, { attributes, gradient: null, outputs });
}

/** A node of ONNX Runtime's own operators, of which we know nothing. */
function keepUnknown(r: Reading): readonly Tensor[] {
  for (const attribute of r.attributes) checkUnknownAttribute(attribute, r.where);
  return nodes(r.op, r.inputs, {
    attributes: attributesOf(r),
    domain: r.domain,
    gradient: null,
    outputs: typesOf(r, null),
  });
}

/** Throws InputError for attributes, or texts in them, that are older or newer than operator set 20. */
function checkAttributes(attributes: Readonly<Record<string, Attribute>>, signature: Signature, where: string): void {
  for (const [name, value] of Object.entries(attributes)) {
    const rule = signature.attributes.get(name);
    const unknown = rule === undefined || (rule.kind.includes("|") && !rule.kind.split("|").includes(String(value)));
    if (!unknown) continue;
    const got = typeof value === "string" ? `${name} "${value}"` : name;
    throw new InputError(
      `${where}: expected attributes of operator set ${writtenOpset}, got ${got}, which it does not have. Export the model with opset ${writtenOpset}.`,
    );
  }
}

/** What the outputs are: the first as `known`, if it is, the others as the file says. */
function typesOf(r: Reading, known: TensorType | null): readonly TensorType[] {
  return r.outputs.map((name, i): TensorType => {
    if (name === "") return { dtype: "float32", shape: [] };
    const { dtype, shape } = (i === 0 ? known : null) ?? r.types[i] ?? { dtype: "float32", shape: null };
    if (shape === null) {
      throw new InputError(
        `${r.where}: expected the file to tell the shape of output ${i + 1}, got none. Run ONNX shape inference on the model first.`,
      );
    }
    return { dtype, shape };
  });
}

export function attributesOf(r: Reading): Record<string, Attribute> {
  return Object.fromEntries(
    r.attributes.map((attribute) => {
      const name = attribute.name ?? "";
      return [name, attributeOf(attribute, `${r.where} ${name}`)];
    }),
  );
}

function attributeOf(attribute: AttributeProto, where: string): Attribute {
  switch (attribute.type) {
    case attributeType.int:
      return toNumber(attribute.i);
    case attributeType.ints:
      return (attribute.ints ?? []).map(toNumber);
    case attributeType.float:
      return { float: attribute.f ?? 0 };
    case attributeType.string:
      return new TextDecoder().decode(attribute.s ?? new Uint8Array());
    case attributeType.tensor:
      return { value: arrayOf(attribute.t ?? {}, where) };
    default:
      throw new InputError(
        `${where}: expected numbers, text or a tensor as attribute, got another kind (${attribute.type ?? 0}), such as a subgraph. Export the model without it.`,
      );
  }
}
