/** Modules of PyTorch that were saved whole: what of their attributes is weights. */
import { kindOf, PassedBy } from "./pickle-values.ts";
import { damaged } from "./torch-pickle.ts";
import { StoredTensor } from "./torch-tensors.ts";

/** Modules within modules. */
const deepest = 50;
const mostModules = 100_000;
const longestName = 200;

/** Whether an object of a class that is not known is a module: those keep their parameters and modules by name. */
export function isModule(value: unknown): value is PassedBy {
  if (!(value instanceof PassedBy)) return false;
  const attributes = attributesOf(value);
  return attributes?.get("_parameters") instanceof Map && attributes.get("_modules") instanceof Map;
}

/** Parameters and buffers by the names of `state_dict()`, of the module and those in it. No code of theirs is looked at. */
export function tensorsOfModule(module: PassedBy, where: string): Map<string, StoredTensor> {
  const found = new Map<string, StoredTensor>();
  let left = mostModules;
  const visit = (value: unknown, prefix: string, level: number) => {
    if (value === null) return;
    if (!isModule(value) || level > deepest) {
      throw damaged(where, `a module at ${prefix || "its root"}, at most ${deepest} deep`, kindOf(value));
    }
    if (--left < 0) throw damaged(where, `at most ${mostModules} modules`, "more");
    const attributes = attributesOf(value)!;
    for (const part of ["_parameters", "_buffers"]) {
      for (const [name, tensor] of mapOf(attributes.get(part))) {
        if (tensor instanceof StoredTensor) found.set(`${prefix}${nameOf(name, where)}`, tensor);
      }
    }
    for (const [name, inner] of mapOf(attributes.get("_modules")))
      visit(inner, `${prefix}${nameOf(name, where)}.`, level + 1);
  };
  visit(module, "", 0);
  return found;
}

function nameOf(name: unknown, where: string): string {
  if (typeof name === "string" && name.length <= longestName) return name;
  throw damaged(where, `names of at most ${longestName} letters in a module`, kindOf(name));
}

function attributesOf({ state }: PassedBy): Map<unknown, unknown> | undefined {
  // With slots beside them, the attributes are the first of two.
  const attributes = Array.isArray(state) ? state[0] : state;
  return attributes instanceof Map ? attributes : undefined;
}

const mapOf = (value: unknown): Map<unknown, unknown> => (value instanceof Map ? value : new Map());
