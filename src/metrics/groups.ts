/** What groups of pixels that have no names are worth: how well they could be named, and how well one of them fits a mask. */
import { InputError } from "../errors.ts";
import { IGNORE, type LabelMap } from "../image/image.ts";

/**
 * Each group given the class whose pixels in the truth it fits best, by intersection over union; the lowest of several. What
 * scores of this are is the best that names can do: oracle mean IoU (Xu et al. 2022, sec. C.3). Pixels that truth ignores
 * count nowhere.
 *
 * groups: 0 … 254 per pixel; truth: its size, 0 … classes − 1 or `IGNORE` → a prediction. Throws InputError for other sizes and labels.
 */
export function oracleLabels(groups: LabelMap, truth: LabelMap, classes: number, where = "oracle"): LabelMap {
  requireSize(groups, truth, where);
  const overlaps = new Map<number, Float64Array>();
  const ofClass = new Float64Array(classes);
  for (let i = 0; i < truth.data.length; i++) {
    const label = truth.data[i];
    if (label === IGNORE) continue;
    if (label >= classes) {
      throw new InputError(
        `${where}: expected classes 0 to ${classes - 1}, got ${label} in the mask. Check the map of mask values.`,
      );
    }
    ofClass[label]++;
    const group = groups.data[i];
    const row = overlaps.get(group) ?? new Float64Array(classes);
    row[label]++;
    overlaps.set(group, row);
  }
  const best = new Uint8Array(256);
  for (const [group, row] of overlaps) {
    const size = row.reduce((sum, pixels) => sum + pixels, 0);
    const fits = row.map((overlap, label) => overlap / (size + ofClass[label] - overlap));
    best[group] = fits.indexOf(Math.max(...fits));
  }
  return { width: groups.width, height: groups.height, data: groups.data.map((group) => best[group]) };
}

/**
 * The largest intersection over union that a single group has with a mask, 0 … 1 (Jaccard index, sec. C.2); null where the mask
 * is empty. Averaged over photographs it is the result of mask probing.
 *
 * mask: whether a label of the truth belongs to it. Pixels that truth ignores count nowhere.
 */
export function bestJaccard(
  groups: LabelMap,
  truth: LabelMap,
  mask: (label: number) => boolean,
  where = "probing",
): number | null {
  requireSize(groups, truth, where);
  const sizes = new Float64Array(256);
  const inside = new Float64Array(256);
  const belongs = Uint8Array.from({ length: 256 }, (_, label) => (label !== IGNORE && mask(label) ? 1 : 0));
  let total = 0;
  for (let i = 0; i < truth.data.length; i++) {
    if (truth.data[i] === IGNORE) continue;
    sizes[groups.data[i]]++;
    if (!belongs[truth.data[i]]) continue;
    inside[groups.data[i]]++;
    total++;
  }
  if (total === 0) return null;
  return sizes.reduce((best, size, group) => Math.max(best, inside[group] / (size + total - inside[group])), 0);
}

function requireSize(groups: LabelMap, truth: LabelMap, where: string): void {
  if (groups.width === truth.width && groups.height === truth.height) return;
  const [expected, got] = [truth, groups].map(({ width, height }) => `${width}x${height}`);
  throw new InputError(
    `${where}: expected groups of the mask's size ${expected}, got ${got}. Enlarge their map first.`,
  );
}
