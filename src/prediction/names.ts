/** File names of what a prediction writes. */

import { InputError } from "../errors.ts";
import { lastPart } from "../platform/join-path.ts";
import { formEndings, type PhotographForm, photographForms } from "./forms.ts";

/** The files of one photograph. */
export interface OutputNames {
  readonly mask: string;
  readonly overlay: string;
  /** Segment ids, which panoptic models give. */
  readonly segments: string;
  readonly record: string;
  /** Of masks of photographs whose place on the earth is known. */
  readonly world: string;
  readonly forms: Readonly<Record<PhotographForm, string>>;
}

/** What is written of each photograph besides its mask and record. */
export interface Kinds {
  readonly overlay: boolean;
  readonly panoptic: boolean;
  readonly forms: readonly PhotographForm[];
}

/** All files that a prediction may have written: those that these kinds write (the world file where there is one), and the others. */
export function filesOf(
  names: OutputNames,
  { overlay, panoptic, forms }: Kinds,
): { written: string[]; others: string[] } {
  const optional: [string, boolean][] = [
    [names.overlay, overlay],
    [names.segments, panoptic],
    ...photographForms.map((form): [string, boolean] => [names.forms[form], forms.includes(form)]),
  ];
  const of = (wanted: boolean) => optional.filter(([, each]) => each === wanted).map(([file]) => file);
  return { written: [names.mask, names.record, ...of(true)], others: of(false) };
}

/** What there is of a photograph: a key for each file that was written, and none for others. */
export interface WrittenNames {
  readonly mask: string;
  readonly record: string;
  readonly overlay?: string;
  readonly segments?: string;
  readonly world?: string;
  readonly forms: Readonly<Partial<Record<PhotographForm, string>>>;
}

/** Of a photograph's files those that these kinds write. hasPlace: whether its place on the earth is known. */
export function writtenNames(
  { mask, record, overlay, segments, world, forms }: OutputNames,
  kinds: Kinds,
  hasPlace: boolean,
): WrittenNames {
  return {
    ...{ mask, record },
    ...(kinds.overlay && { overlay }),
    ...(kinds.panoptic && { segments }),
    ...(hasPlace && { world }),
    forms: Object.fromEntries(kinds.forms.map((form) => [form, forms[form]])),
  };
}

/**
 * Names in `folder` for each photograph: its own name with `.png`, `.overlay.png`, `.panoptic.png` and `.json`, and those of `formEndings`. Where two photographs
 * have one name (in two folders, or `a.jpg` and `a.png`), later ones get `-2`, `-3` and so on. Case does not
 * distinguish, since on many disks it does not. reserved: names of files of the whole folder. below: of each photograph the folder
 * inside that its results lie in, with a slash at its end. Throws InputError where an output would replace a photograph.
 */
export function outputNames(
  photographs: readonly string[],
  folder: string,
  { reserved = [], below = [] }: { readonly reserved?: readonly string[]; readonly below?: readonly string[] } = {},
): OutputNames[] {
  const taken = new Set(reserved.map((name) => simplified(`${folder}/${name}`)));
  const inputs = new Set(photographs.map(simplified));
  return photographs.map((photograph, index) => {
    const place = `${folder}/${below[index] ?? ""}`;
    const stem = stemOf(photograph);
    for (let count = 1; ; count++) {
      const base = `${place}${count === 1 ? stem : `${stem}-${count}`}`;
      const names = {
        mask: `${base}.png`,
        overlay: `${base}.overlay.png`,
        segments: `${base}.panoptic.png`,
        record: `${base}.json`,
        world: `${base}.pgw`,
        forms: Object.fromEntries(photographForms.map((form) => [form, `${base}${formEndings[form]}`])) as Record<
          PhotographForm,
          string
        >,
      };
      const { forms, ...others } = names;
      const files = [...Object.values(others), ...Object.values(forms)];
      const keys = files.map(simplified);
      if (keys.some((key) => taken.has(key))) continue;
      const replaced = keys.findIndex((key) => inputs.has(key));
      if (replaced >= 0) {
        throw new InputError(
          `${photograph}: expected a folder for the results other than the photographs' own, got ${folder}, where ${files[replaced]} is a photograph. Choose another --out.`,
        );
      }
      for (const key of keys) taken.add(key);
      return names;
    }
  });
}

/** File name without folder and extension. */
export function stemOf(path: string): string {
  const name = lastPart(path);
  const dot = name.lastIndexOf(".");
  return (dot > 0 ? name.slice(0, dot) : name) || "image";
}

/** A path to compare by: separators, `.`, `..` and case made the same. */
function simplified(path: string): string {
  const parts: string[] = [];
  for (const part of path.split(/[/\\]/)) {
    if (part === "." || (part === "" && parts.length > 0)) continue;
    if (part === ".." && parts.length > 0 && parts.at(-1) !== ".." && parts.at(-1) !== "") parts.pop();
    else parts.push(part);
  }
  return parts.join("/").toLowerCase();
}
