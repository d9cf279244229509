/** A model's classes as those of a data set that it was not trained on (Chen et al. 2023, table 6; Lambert et al. 2020, MSeg). */
import type { ClassInfo } from "../data/sample.ts";
import { InputError, listed, problem, suggestion } from "../errors.ts";
import { IGNORE } from "../image/image.ts";
import type { Segmentation, SegmentOptions } from "../prediction/segmentation.ts";
import type { Segmenter } from "../prediction/segmenter.ts";

/** Of a list of classes in a message. */
const mostNamed = 3;

/** By index of the model's class: index of the data set's, or `IGNORE` where it is none of them. */
export type ClassMap = Uint8Array;

/**
 * Reads a map, `{"model's class": "data set's class", …}`, several of the first to one of the second; null: to none. Classes that it does
 * not name are those of the same name. Throws InputError, beginning with `where`, for names that neither list has, and for classes of the
 * model that are left over.
 */
export function classMapFrom(
  value: unknown,
  where: string,
  { from, to }: { readonly from: readonly ClassInfo[]; readonly to: readonly ClassInfo[] },
): ClassMap {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const expected = 'expected an object such as {"car": "vehicle", "sky": null}';
    throw new InputError(
      problem(where, expected, Array.isArray(value) ? "a list" : String(value), "Correct the file."),
    );
  }
  const [ours, theirs] = [from, to].map((classes) => classes.map(({ name }) => name));
  const indices = new Map<string, number>();
  for (const [name, target] of Object.entries(value)) {
    if (!ours.includes(name)) throw unknownClass(where, "a class of the model", name, ours);
    if (target === null) indices.set(name, IGNORE);
    else if (typeof target !== "string" || !theirs.includes(target)) {
      throw unknownClass(where, "a class of the data set or null", String(target), theirs);
    } else indices.set(name, theirs.indexOf(target));
  }
  const left = ours.filter((name) => !indices.has(name) && !theirs.includes(name));
  if (left.length > 0) {
    throw new InputError(
      problem(
        where,
        "expected every class of the model, unless the data set has its name",
        `none for ${listed(left, mostNamed)}`,
        "Map them to a class of the data set, or to null.",
      ),
    );
  }
  return Uint8Array.from(ours, (name) => indices.get(name) ?? theirs.indexOf(name));
}

function unknownClass(where: string, expected: string, got: string, known: readonly string[]): InputError {
  return new InputError(problem(where, `expected ${expected}`, `"${got}"`, suggestion(got, known)));
}

/**
 * The same predictions under the data set's classes: the class of each pixel is decided among the model's, and then mapped. A pixel whose
 * class is none of the data set's is `IGNORE`, which scores as wrong.
 */
export function mappedSegmenter(segmenter: Segmenter, classes: readonly ClassInfo[], map: ClassMap): Segmenter {
  const { card, source } = segmenter;
  if (card.kind !== "semantic") {
    throw new InputError(
      `${source}: expected a model of a class per pixel for a map of classes, got one of segments. Score it without.`,
    );
  }
  return {
    card: { ...card, classes },
    source,
    async segment(image, options: SegmentOptions = {}): Promise<Segmentation> {
      const { labels, areas } = await segmenter.segment(image, { ...options, scores: false });
      const data = labels.data.map((label) => map[label]);
      const mapped = new Array<number>(classes.length).fill(0);
      for (const [label, area] of areas.entries()) if (map[label] !== IGNORE) mapped[map[label]] += area;
      return { labels: { ...labels, data }, areas: mapped };
    },
    close: () => segmenter.close(),
  };
}
