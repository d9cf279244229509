/** Keys of classes.json, and what other programs call the same. */

import { InputError, problem, suggestion } from "../errors.ts";
import type { Fields } from "./text-file.ts";

/** In lower case. */
const meantKeys: Readonly<Record<string, string>> = {
  ...{ categories: "classes", labels: "classes", names: "classes", label_map: "classes" },
  ...{ id: "value", ids: "values", index: "value", pixel: "value", pixel_value: "value" },
  ...{ label: "name", title: "name", class: "name", category: "name", class_name: "name" },
  ...{ colour: "color", rgb: "color", colours: "colors", isthing: "thing", synonyms: "words" },
  ...{ ignore_index: "ignoreIndex", ignore: "ignoreIndex", ignore_label: "ignoreIndex", color_coded: "colorCoded" },
};

/** Throws InputError, beginning with `where`, for a key that is not in `known`. */
export function requireKnownKeys(fields: Fields, known: readonly string[], where: string): void {
  for (const key of Object.keys(fields)) {
    if (known.includes(key)) continue;
    const meant = meantKeys[key.toLowerCase()];
    const isMeant = meant !== undefined && known.includes(meant) && fields[meant] === undefined;
    const remedy = isMeant ? `Write "${meant}" in its place.` : suggestion(key, known);
    throw new InputError(problem(where, "expected known keys", `"${key}"`, remedy));
  }
}
