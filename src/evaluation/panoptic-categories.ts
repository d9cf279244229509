/** Which class of the truth each category of predictions is. */
import type { Fields } from "../datasets/text-file.ts";
import { isObject } from "../errors.ts";

/** A class as a panoptic JSON lists it. */
export interface PanopticClass {
  /** As segments name it; numbers may have gaps. */
  readonly id: number;
  readonly name: string;
  readonly thing: boolean;
}

/** Of classes, by id. */
export function indicesOf(classes: readonly PanopticClass[]): ReadonlyMap<unknown, number> {
  return new Map(classes.map(({ id }, index) => [id, index]));
}

/**
 * By id, as COCO has it. Where the predictions list categories and call one that they use otherwise than the truth does: by name, if each
 * that they use has the name of one class, and by id if not. Both are said.
 */
export function predictedCategories(
  { annotations, categories }: Fields,
  file: string,
  classes: readonly PanopticClass[],
  onNote: (line: string) => void,
): ReadonlyMap<unknown, number> {
  const byId = indicesOf(classes);
  const named = namesIn(categories);
  const used = usedIn(annotations);
  const nameOf = (id: unknown) => classes[byId.get(id) ?? -1]?.name;
  const other = used.find((id) => named.has(id) && named.get(id) !== nameOf(id));
  if (other === undefined) return byId;
  const byName = indicesByName(named, classes);
  const truly = nameOf(other);
  if (used.every((id) => byName.has(id))) {
    const there = truly === undefined ? "not there" : truly;
    const why = `category ${other} is called ${named.get(other)}, and is ${there} in the ground truth`;
    onNote(`${file}: ${why}: categories are matched by name`);
    return byName;
  }
  if (truly !== undefined) {
    const why = `category ${other} is called ${named.get(other)}, ${truly} in the ground truth`;
    onNote(`${file}: ${why}: ids count, not names`);
  }
  return byId;
}

/** Of categories that share their name with one class, and with no other category. */
function indicesByName(
  named: ReadonlyMap<unknown, string>,
  classes: readonly PanopticClass[],
): ReadonlyMap<unknown, number> {
  const once = (names: readonly string[]) => {
    const again = new Set(names.filter((name, index) => names.indexOf(name) !== index));
    return (name: string) => !again.has(name);
  };
  const names = classes.map(({ name }) => name);
  const [isOneClass, isOneCategory] = [once(names), once([...named.values()])];
  const found = [...named].flatMap(([id, name]): [unknown, number][] => {
    const index = names.indexOf(name);
    return index >= 0 && isOneClass(name) && isOneCategory(name) ? [[id, index]] : [];
  });
  return new Map(found);
}

function namesIn(categories: unknown): ReadonlyMap<unknown, string> {
  const list: readonly unknown[] = Array.isArray(categories) ? categories : [];
  const named = list.flatMap((each): [unknown, string][] =>
    isObject(each) && typeof each.id === "number" && typeof each.name === "string" ? [[each.id, each.name]] : [],
  );
  return new Map(named);
}

/** Ids that segments have, each once; what is no list of segments is told where it is read. */
function usedIn(annotations: unknown): readonly unknown[] {
  const used = new Set<unknown>();
  for (const annotation of Array.isArray(annotations) ? annotations : []) {
    const segments: unknown = isObject(annotation) ? annotation.segments_info : null;
    for (const segment of Array.isArray(segments) ? segments : []) {
      if (isObject(segment)) used.add(segment.category_id);
    }
  }
  return [...used];
}
