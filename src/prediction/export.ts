import { InputError, problem } from "../errors.ts";
import { modelOf } from "../methods/stages.ts";
import { moveWeights, weightBytes } from "../onnx/external-weights.ts";
import { encodeModel } from "../onnx/wire.ts";
import type { Platform } from "../platform/platform.ts";
import type { Engine } from "../runtime/engine.ts";
import { cardOf } from "./card.ts";
import type { ModelCard, TrainedModel } from "./model.ts";
import { assemble, leftOutOf } from "./pipeline/assemble.ts";

/** Protocol buffers end at 2 GB; some room is left for the graph itself. */
const maxInnerBytes = 2 ** 31 - 2 ** 26;

export interface Exported {
  readonly file: string;
  /** The second file with the weights, for models above 2 GB; null otherwise. */
  readonly weightsFile: string | null;
  readonly bytes: number;
  readonly card: ModelCard;
}

export interface ExportOptions {
  /** Weights of more bytes than this go into a second file, `FILE.data`. */
  readonly maxBytes?: number;
  /** Pixels of the shorter side when windows are cut, which the file has as a constant; 0: the image's own size. Default: as predict does. */
  readonly shortSide?: number | undefined;
}

/**
 * Writes a trained model as one ONNX file of standard operators (opset 20): `image` uint8 [H, W, 3] RGB of any size →
 * `labels` [H, W] (of a panoptic model: the outputs that its method makes segments of, for the image scaled to fit its view),
 * and what it was trained for in the metadata; what the method does on the host besides is left out, as `card.leftOut` says. The file is loaded and run once before it gets its
 * name, so what is there works. Throws InputError where it cannot be written.
 */
export async function exportModel(
  engine: Engine,
  platform: Pick<Platform, "writeFile" | "rename" | "remove" | "exists">,
  trained: TrainedModel,
  file: string,
  { maxBytes = maxInnerBytes, shortSide }: ExportOptions = {},
): Promise<Exported> {
  if ((await platform.exists(file)) === "folder") {
    throw new InputError(
      `${file}: expected the name of a file, got a folder. Name the file, such as ${file}/model.onnx.`,
    );
  }
  if (shortSide !== undefined && cardOf(trained).windowing === "none") {
    const expected = "expected no size of the shorter side, since the model sees every image fitted to one window";
    throw new InputError(problem(trained.source, expected, `${shortSide} pixels`, "Leave it out."));
  }
  const whole = await assemble(engine, trained, { shortSide });
  const bytesOfWeights = weightBytes(whole);
  const [folder, name] = split(file);
  const unfinished = `${folder}.${name}.part`;
  const weightsFile = bytesOfWeights > maxBytes ? `${file}.data` : null;
  const { model, pieces } = weightsFile === null ? { model: whole, pieces: [] } : moveWeights(whole, `${name}.data`);
  const bytes = encodeModel(model);
  const hadWeights = weightsFile !== null && (await platform.exists(weightsFile)) === "file";
  try {
    if (weightsFile !== null) await platform.writeFile(weightsFile, pieces);
    await platform.writeFile(unfinished, bytes);
    await check(engine, unfinished);
    await platform.rename(unfinished, file);
  } catch (error) {
    await platform.remove(unfinished);
    if (weightsFile !== null && !hadWeights) await platform.remove(weightsFile);
    throw error;
  }
  const size = bytes.length + pieces.reduce((sum, piece) => sum + piece.length, 0);
  const { method, recipe, task } = trained;
  const leftOut = leftOutOf(modelOf({ method, recipe }, task));
  return { file, weightsFile, bytes: size, card: { ...cardOf(trained, shortSide), leftOut } };
}

/** Loads the file and segments a small grey picture. */
async function check(engine: Engine, file: string): Promise<void> {
  const program = await engine.load({ file }, []);
  try {
    const [height, width] = [5, 7];
    const data = new Uint8Array(height * width * 3).fill(127);
    const { labels } = await program.run({ image: { dtype: "uint8", shape: [height, width, 3], data } });
    if (labels === undefined) return; // a panoptic model's outputs are read by its own code
    if (String(labels.shape) !== `${height},${width}`) {
      throw new Error(`export: labels of a ${width}x${height} picture are [${labels.shape}].`);
    }
  } finally {
    await program.release();
  }
}

/** Folder with its separator ("" for none), and name. */
function split(path: string): [folder: string, name: string] {
  const end = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1;
  return [path.slice(0, end), path.slice(end)];
}
