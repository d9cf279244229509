/** Operators that we do not have, as nodes of operator set 20, in which models are written. */
import type { Dtype } from "../array/dtype.ts";
import { InputError } from "../errors.ts";
import { type Attribute, nodes, type Tensor, type TensorType } from "../graph/tensor.ts";
import { checkKept } from "./operators/kept-rules.ts";
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
  const { op = r.op, inputs = r.inputs, outputs = typesOf(r) } = conversion ?? {};
  if (r.domain !== "") {
    for (const attribute of r.attributes) checkUnknownAttribute(attribute, r.where);
  } else {
    if (conversion === undefined && !means(op, r.opset, writtenOpset)) {
      throw new InputError(
        `${r.where}: expected ${op} as operator set ${writtenOpset} means it, got that of ${r.opset}, which means something else. Export the model with opset ${writtenOpset}.`,
      );
    }
  }
  const attributes = conversion?.attributes ?? attributesOf(r);
  if (r.domain === "") {
    const signature = signatureOf(op, writtenOpset, r.where);
    checkAttributes(attributes, signature, r.where);
    const types = new Map<string, Dtype>();
    checkSlots("inputs", inputs, signature.inputs, types, r.where);
    const named = outputs.map((type, i) => (r.outputs[i] === "" ? null : type));
    checkSlots("outputs", named, signature.outputs, types, r.where);
    checkKept(op, { inputs, attributes, outputs: named, where: r.where });
  }
  return nodes(op, inputs, { attributes, domain: r.domain, gradient: null, outputs });
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

function typesOf(r: Reading): readonly TensorType[] {
  return r.outputs.map((name, i): TensorType => {
    const type = r.types[i] ?? (name === "" ? { dtype: "float32" as const, shape: [] } : sameAsInput(r));
    if (type === null) {
      throw new InputError(
        `${r.where}: expected the file to tell the shape of output ${i + 1}, got none. Run ONNX shape inference on the model first.`,
      );
    }
    return type;
  });
}

/** Element-wise operators that we do not have, whose output is like their input. */
const unary = new Set(
  "Acos Acosh Asin Asinh Atan Atanh BitwiseNot Ceil Celu Cosh Elu HardSigmoid HardSwish Hardmax LRN Mish PRelu Selu Shrink Sinh Softsign Tan ThresholdedRelu".split(
    " ",
  ),
);

function sameAsInput({ op, domain, inputs: [first] }: Reading): TensorType | null {
  return domain === "" && unary.has(op) && first != null ? { dtype: first.dtype, shape: first.shape } : null;
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
