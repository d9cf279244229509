/** Which prediction is of which image of the truth. */
import { InputError, problem, shown } from "../errors.ts";
import type { PanopticImage, PanopticImages } from "./panoptic-set.ts";

export type Pair = readonly [truth: PanopticImage, prediction: PanopticImage];

/**
 * By `image_id`, unless names of files tell that an id means two photographs, or ids are lacking: then by name, if each image of the truth
 * is named by one prediction, which is said. predictions, truth: the files, for messages. Throws InputError where neither goes.
 */
export function pairImages(
  images: PanopticImages,
  guesses: PanopticImages,
  {
    predictions,
    truth,
    onNote = () => {},
  }: { readonly predictions: string; readonly truth: string; readonly onNote?: ((line: string) => void) | undefined },
): readonly Pair[] {
  const all = [...images.values()];
  const targetOf = targetsAmong(all);
  const byName = new Map<PanopticImage, PanopticImage[]>();
  for (const guess of guesses.values()) {
    const target = targetOf(guess);
    if (target !== undefined) byName.set(target, [...(byName.get(target) ?? []), guess]);
  }
  // A name that the truth does not have says nothing, unless both sides list photographs.
  const isOther = (image: PanopticImage, guess: PanopticImage) =>
    !guess.names.some((name) => image.names.includes(name)) &&
    ((image.isListed && guess.isListed) || targetOf(guess) !== undefined);
  const other = all.find(({ id }) => guesses.has(id) && isOther(images.get(id)!, guesses.get(id)!));
  const lacking = all.filter(({ id }) => !guesses.has(id));
  if (other === undefined && lacking.length === 0) return all.map((image) => [image, guesses.get(image.id)!]);

  const found = other && guesses.get(other.id)!.names[0];
  if (all.every((image) => byName.get(image)?.length === 1)) {
    const why =
      other === undefined
        ? `image_id ${shown(lacking[0].id)} of ${truth} is not there`
        : `image_id ${shown(other.id)} is ${found}, ${other.names[0]} in ${truth}`;
    onNote(`${predictions}: ${why}: images are paired by file name`);
    return all.map((image) => [image, byName.get(image)![0]]);
  }
  if (other !== undefined) {
    const where = `${predictions}: image_id ${shown(other.id)}`;
    const expected = `expected image ${other.names[0]}, as in ${truth}`;
    const remedy = "Write image_id, or file_name of the images, as the ground truth has them.";
    throw new InputError(problem(where, expected, `${found}`, remedy));
  }
  // Where most are known by name, those that lack are the ones without it.
  const unnamed = all.filter((image) => !byName.has(image));
  const [first, ...others] = unnamed.length > 0 && unnamed.length < lacking.length ? unnamed : lacking;
  const more = others.length > 0 ? ` and of ${others.length} more` : "";
  const remedy = "Predict each image, if only a map of zeros without segments.";
  const got = `none of image ${shown(first.id)} (${first.names[0]})${more}`;
  throw new InputError(problem(predictions, "expected a prediction of each image", got, remedy));
}

/** Prediction → the image of the truth that has its name; undefined where none or several have. */
function targetsAmong(images: readonly PanopticImage[]): (guess: PanopticImage) => PanopticImage | undefined {
  const named = new Map<string, PanopticImage | null>();
  for (const image of images) {
    for (const name of new Set(image.names)) named.set(name, named.has(name) ? null : image);
  }
  return ({ names }) => {
    const name = names.find((each) => named.get(each) != null);
    return name === undefined ? undefined : (named.get(name) ?? undefined);
  };
}
