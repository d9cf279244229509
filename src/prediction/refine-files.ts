/** Masks or score maps in files, made better by a dense CRF on their photographs. */

import { masksByImage } from "../datasets/mask-names.ts";
import { splitName } from "../datasets/pairs.ts";
import { InputError, Interrupted, isObject } from "../errors.ts";
import { type Color, IGNORE, type Image, type LabelMap, maxClasses } from "../image/image.ts";
import { distinctColors } from "../image/palette.ts";
import { joinPath } from "../platform/join-path.ts";
import { parseJson } from "../platform/json.ts";
import type { Platform, RawImage } from "../platform/platform.ts";
import type { CrfSettings } from "../refinement/crf-settings.ts";
import { denseCrf } from "../refinement/dense-crf.ts";
import { defaultCertainty, likeliest, refineLabels } from "../refinement/refine-labels.ts";
import { readNpy } from "../weights/npy.ts";
import { masksIn, photographsIn } from "./refine-inputs.ts";

export interface RefineOptions {
  /** How sure the labels of masks are, above 0 to 1; score maps say it themselves. Default `defaultCertainty`. */
  readonly certainty?: number;
  /** Pixels of masks that are `IGNORE` stay so; otherwise they get the label that fits. Default false. */
  readonly keepUnlabelled?: boolean;
  /** Called after each mask. */
  readonly onProgress?: (done: number, total: number, mask: string) => void;
  /** Stops before the next mask; then throws Interrupted. */
  readonly signal?: AbortSignal;
}

export interface Refined {
  readonly mask: string;
  readonly photograph: string;
  readonly out: string;
  /** Share of the pixels whose label is another one, of those that had one; of score maps, of the label with the largest score. */
  readonly changed: number;
}

export interface RefineResult {
  readonly written: readonly Refined[];
  /** Already there, from an earlier call with the same settings. */
  readonly kept: readonly string[];
  readonly skipped: readonly { readonly mask: string; readonly problem: string }[];
  /** What is worth knowing of the names. */
  readonly notes: readonly string[];
}

interface How {
  readonly crf: CrfSettings;
  readonly certainty: number;
  readonly keepUnlabelled: boolean;
}

type RefinePlatform = Pick<
  Platform,
  "list" | "exists" | "readText" | "readFile" | "writeFile" | "decodeImage" | "decodeMask" | "encodeIndexedPng"
>;

/** Tells that a folder is ours, and with which settings it was begun. */
const recordName = "refine.json";

/**
 * Refines every mask (indexed or grey, 8 bits, `IGNORE` where nothing is known) and score map (.npy, [labels, h, w], 0 … 1) of a
 * folder, or one that is named, and writes each as an indexed PNG of the same name, palette kept. photographs: a folder that has
 * those of the same names, in any format. Each file is whole or absent; called again, it goes on where it was stopped.
 *
 * What is wrong with one mask or its photograph is listed, and the others are written. Throws InputError where a folder has nothing
 * to refine, or `folder` has anything that is not an earlier result with the same settings.
 */
export async function refineFiles(
  platform: RefinePlatform,
  masks: string,
  photographs: string,
  folder: string,
  settings: CrfSettings,
  { certainty = defaultCertainty, keepUnlabelled = false, onProgress, signal }: RefineOptions = {},
): Promise<RefineResult> {
  const files = await masksIn(platform, masks);
  const images = await photographsIn(platform, photographs);
  const named = masksByImage(images, new Map(files.map(({ id, mask }) => [id, mask])), masks);
  const nameOf = new Map([...named.byId].map(([name, mask]) => [mask, name]));
  // RUN/maps/STAGE: what ends in a number there is no mask of somebody's.
  const isOfMaps = (await platform.exists(joinPath(masks, "../../run.json"))) === "file";
  const how = { crf: settings, certainty, keepUnlabelled };
  await begin(platform, folder, how);
  const written: Refined[] = [];
  const kept: string[] = [];
  const skipped: { mask: string; problem: string }[] = [];
  for (const [index, { id, mask }] of files.entries()) {
    if (signal?.aborted) throw new Interrupted("refine: stopped; what is written is whole.");
    const out = joinPath(folder, `${id}.png`);
    if ((await platform.exists(out)) === "file") kept.push(out);
    else {
      try {
        if (isOfMaps || !nameOf.has(mask)) requireNoMap(mask, id, images);
        const photograph = images.get(nameOf.get(mask) ?? id);
        if (photograph === undefined) {
          throw new InputError(
            `${mask}: expected a photograph named "${id}" in ${photographs}, got none. Add it, or name another folder.`,
          );
        }
        written.push({
          mask,
          photograph,
          out,
          changed: await refineOne(platform, mask, photograph, out, how),
        });
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        const problem = error.message.startsWith("dense CRF") ? `${mask}: ${error.message}` : error.message;
        skipped.push({ mask, problem });
      }
    }
    onProgress?.(index + 1, files.length, mask);
    // Others get their turn: progress, and signals.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return { written, kept, skipped, notes: named.notes.map(({ message }) => message) };
}

/** Throws InputError for a map of one class, `PHOTOGRAPH_CLASS`: the score of the background beside it is for a pass to say. */
function requireNoMap(mask: string, id: string, images: ReadonlyMap<string, string>): void {
  const [, shown, number] = /^(.+)_(\d+)$/.exec(id) ?? [];
  if (shown === undefined || images.has(id) || !images.has(shown)) return;
  throw new InputError(
    `${mask}: expected a mask, or scores of all labels, got what is called a map of class ${number} of "${shown}" alone. Masks of all maps of a run behind a CRF: tessera train DATASET --from RUN --set camCrf=alpha --set steps=0 --out NEW`,
  );
}

async function refineOne(
  platform: RefinePlatform,
  mask: string,
  photograph: string,
  out: string,
  how: How,
): Promise<number> {
  const image = await platform.decodeImage(photograph);
  const isScores = splitName(mask)[1] === "npy";
  const { before, after, palette, texts } = isScores
    ? await refineScores(platform, mask, photograph, image, how)
    : await refineMask(platform, mask, photograph, image, how);
  await platform.writeFile(out, await platform.encodeIndexedPng({ ...after, palette, ...(texts && { texts }) }));
  let [labelled, changed] = [0, 0];
  for (let i = 0; i < before.data.length; i++) {
    if (before.data[i] === IGNORE) continue;
    labelled++;
    if (before.data[i] !== after.data[i]) changed++;
  }
  return labelled === 0 ? 0 : changed / labelled;
}

interface Change {
  readonly before: LabelMap;
  readonly after: LabelMap;
  readonly palette: readonly Color[];
  /** What the mask said of itself, such as the names of its classes. */
  readonly texts?: Readonly<Record<string, string>>;
}

async function refineMask(
  platform: RefinePlatform,
  mask: string,
  photograph: string,
  image: Image,
  { crf, certainty, keepUnlabelled }: How,
): Promise<Change> {
  const raw = await platform.decodeMask(mask);
  if (raw.channels !== 1 || raw.bits !== 8) {
    throw new InputError(
      `${mask}: expected an indexed or grey mask of 8 bits, got ${raw.channels} channels of ${raw.bits} bits. Convert it to class indices.`,
    );
  }
  requireSize(mask, raw, photograph, image);
  if (!keepUnlabelled) requireLabels(mask, raw);
  const before: LabelMap = { width: raw.width, height: raw.height, data: raw.data as Uint8Array };
  const after = refineLabels(before, image, crf, certainty);
  if (keepUnlabelled) for (let i = 0; i < after.data.length; i++) if (before.data[i] === IGNORE) after.data[i] = IGNORE;
  const most = after.data.reduce((largest, label) => Math.max(largest, label), 0);
  // Grey files have no colours, and a palette must have one for each value.
  const colors = raw.palette ?? distinctColors(Math.min(most + 1, maxClasses));
  const palette = Array.from({ length: Math.max(colors.length, most + 1) }, (_, i): Color => colors[i] ?? [0, 0, 0]);
  return { before, after, palette, ...(raw.texts && { texts: raw.texts }) };
}

/** Black and white alone are no label and what nobody labelled: all would become black. */
function requireLabels(mask: string, { data, palette }: RawImage): void {
  const values = new Set(data);
  if (palette !== undefined || values.size !== 2 || !values.has(0) || !values.has(IGNORE)) return;
  throw new InputError(
    `${mask}: expected labels beside ${IGNORE}, which stands for unknown, got 0 alone. Save white as a label, such as 1.`,
  );
}

async function refineScores(
  platform: RefinePlatform,
  file: string,
  photograph: string,
  image: Image,
  { crf }: How,
): Promise<Change> {
  const scores = readNpy(await platform.readFile(file), file);
  const [labels, height, width] = scores.shape;
  if (scores.shape.length !== 3 || labels < 1 || labels > maxClasses || !/^float/.test(scores.dtype)) {
    throw new InputError(
      `${file}: expected float32 scores [labels, height, width] of up to ${maxClasses} labels, got ${scores.dtype} [${scores.shape}]. Save probabilities, labels first.`,
    );
  }
  requireSize(file, { width, height }, photograph, image);
  const given = { ...scores, dtype: "float32" as const, data: Float32Array.from(scores.data as Float32Array) };
  const after = likeliest(denseCrf(given, image, crf));
  return { before: likeliest(given), after, palette: distinctColors(labels) };
}

function requireSize(
  mask: string,
  { width, height }: Pick<Image, "width" | "height">,
  photograph: string,
  image: Image,
): void {
  if (width === image.width && height === image.height) return;
  const isTurned = width === image.height && height === image.width;
  const remedy = isTurned
    ? "Turn the mask: photographs are turned upright by their EXIF orientation, masks are taken as they are."
    : "Resize one of them.";
  throw new InputError(
    `${mask}: expected the ${image.width}x${image.height} pixels of ${photograph}, got ${width}x${height}. ${remedy}`,
  );
}

/** Writes what the folder is begun with, or finds the same there. */
async function begin(platform: RefinePlatform, folder: string, how: How): Promise<void> {
  const record = joinPath(folder, recordName);
  const text = `${JSON.stringify({ refine: how }, null, 2)}\n`;
  const kind = await platform.exists(folder);
  if (kind === "file")
    throw new InputError(`${folder}: expected a folder for the results, got a file. Choose another --out.`);
  if (kind === "folder" && (await platform.list(folder)).some((name) => !name.startsWith("."))) {
    const earlier = (await platform.exists(record)) === "file" ? read(await platform.readText(record)) : null;
    if (JSON.stringify(earlier) === JSON.stringify(how)) return;
    const got = earlier === null ? "other files" : "results of other settings";
    throw new InputError(
      `${folder}: expected a new or empty folder, or results of refine with the same settings to go on with, got ${got}. Choose another --out.`,
    );
  }
  await platform.writeFile(record, text);
}

function read(text: string): unknown {
  try {
    const value = parseJson(text);
    return isObject(value) ? (value.refine ?? null) : null;
  } catch {
    return null;
  }
}
