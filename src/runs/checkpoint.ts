/**
 * Checkpoints: `checkpoints/step-00000100/` with tensors as safetensors, and state.json, which says how far the run
 * is and guards every file by its SHA-256. A checkpoint is written aside and renamed, so one that exists is complete.
 */
import { hexDigest } from "../array/digest.ts";
import type { Named, NdArray } from "../array/ndarray.ts";
import { InputError } from "../errors.ts";
import { OtherVersion } from "../methods/other-version.ts";
import { parseJson } from "../platform/json.ts";
import type { Platform } from "../platform/platform.ts";
import { readSafetensors, writeSafetensors } from "../weights/safetensors.ts";

/** How far a run is, besides its numbers. */
export interface Progress {
  /** Updates done so far in the whole run, all stages together. */
  readonly step: number;
  /** Index of the stage that the next step belongs to. */
  readonly stage: number;
  /** Updates done in that stage. */
  readonly stageStep: number;
  /** Sums since the last line of the log, by term, over `count` steps. */
  readonly window: { readonly count: number; readonly sums: Named<number> };
  /** Validation mIoU of this checkpoint, where it was evaluated. */
  readonly score: number | null;
}

/** Groups of tensors, each a file: `weights`, `averages`, `optimizer`. */
export type TensorFiles = Named<Named<NdArray>>;

export interface Checkpoint {
  readonly progress: Progress;
  readonly tensors: TensorFiles;
  /** What its files say of themselves, such as the name of the `stage`; nothing of imported weights. */
  readonly about?: Named<string>;
}

interface StateFile {
  readonly format: number;
  readonly progress: Progress;
  readonly files: Named<{ readonly bytes: number; readonly sha256: string }>;
}

const format = 1;
const folderName = /^step-(\d{8,})$/;
/** Folders that were being written when the run was killed. */
const unfinishedName = /^\.step-\d+\.part$/;

/**
 * Writes a checkpoint, then removes the oldest beyond `keep`, except the one with the best score and the last of each stage that has
 * ended. `about` says in the header of every file what its tensors are.
 */
export async function writeCheckpoint(
  platform: Platform,
  run: string,
  { progress, tensors }: Checkpoint,
  { keep, about = {} }: { keep: number; about?: Named<string> },
): Promise<void> {
  const folder = `${run}/checkpoints`;
  const name = nameOf(progress.step);
  const aside = `${folder}/.${name}.part`;
  await platform.remove(aside);
  try {
    const files: Record<string, { bytes: number; sha256: string }> = {};
    for (const [group, values] of Object.entries(tensors)) {
      const bytes = writeSafetensors(values, about);
      files[`${group}.safetensors`] = { bytes: bytes.length, sha256: await hexDigest(bytes) };
      await platform.writeFile(`${aside}/${group}.safetensors`, bytes);
    }
    const state: StateFile = { format, progress, files };
    await platform.writeFile(`${aside}/state.json`, await sealed(state));
    await platform.remove(`${folder}/${name}`);
    await platform.rename(aside, `${folder}/${name}`);
  } catch (error) {
    await platform.remove(aside).catch(() => {});
    throw error;
  }
  await removeOld(platform, run, keep);
}

/** Steps of the checkpoints that a run folder has, ascending; they are not opened. */
export async function listCheckpoints(platform: Platform, run: string): Promise<number[]> {
  const folder = `${run}/checkpoints`;
  if ((await platform.exists(folder)) !== "folder") return [];
  const steps = (await platform.list(folder)).flatMap((name) => folderName.exec(name)?.[1] ?? []);
  return steps.map(Number).sort((a, b) => a - b);
}

/** A checkpoint, every byte checked. Throws InputError when a file is missing or its checksum differs. */
export async function readCheckpoint(platform: Platform, run: string, step: number): Promise<Checkpoint> {
  const folder = `${run}/checkpoints/${nameOf(step)}`;
  const { progress, files } = await readState(platform, folder);
  const tensors: Record<string, Named<NdArray>> = {};
  let about: Named<string> = {};
  for (const [name, expected] of Object.entries(files)) {
    const bytes = await platform.readFile(`${folder}/${name}`);
    if (bytes.length !== expected.bytes || (await hexDigest(bytes)) !== expected.sha256) {
      throw new InputError(
        `${folder}/${name}: expected ${expected.bytes} bytes with SHA-256 ${expected.sha256.slice(0, 12)}…, ` +
          `got ${bytes.length} bytes with another. The checkpoint is damaged; remove its folder to use an earlier one.`,
      );
    }
    const read = readSafetensors(bytes, `${folder}/${name}`);
    tensors[name.replace(/\.safetensors$/, "")] = read.tensors;
    about = read.metadata;
  }
  return { progress, tensors, about };
}

/**
 * The newest checkpoint that is intact, or null when there is none. `onDamaged` gets a line for each that is not.
 * `steps`: where to look, in the order of trying; default newest first. Throws OtherVersion where one is of another
 * format: it may be whole, and going on without it would clear it away.
 */
export async function latestCheckpoint(
  platform: Platform,
  run: string,
  onDamaged: (message: string) => void,
  steps?: readonly number[],
): Promise<Checkpoint | null> {
  const candidates = steps ?? (await listCheckpoints(platform, run)).reverse();
  for (const step of candidates) {
    try {
      return await readCheckpoint(platform, run, step);
    } catch (error) {
      if (!(error instanceof InputError) || error instanceof OtherVersion) throw error;
      onDamaged(error.message);
    }
  }
  return null;
}

/**
 * The checkpoint to predict with: of those of the last stage, the one with the best validation score, the newest where
 * none has a score. Where it is damaged, the next best.
 */
export async function bestCheckpoint(
  platform: Platform,
  run: string,
  onDamaged: (message: string) => void,
): Promise<Checkpoint | null> {
  const ranked = (await readScores(platform, run)).sort(byWorth);
  return latestCheckpoint(
    platform,
    run,
    onDamaged,
    ranked.map(({ step }) => step),
  );
}

/** The last checkpoint of a stage, by its index: what the next stage began with. Where it is damaged, the one before; null: there is none. */
export async function checkpointOfStage(
  platform: Platform,
  run: string,
  stage: number,
  onDamaged: (message: string) => void,
): Promise<Checkpoint | null> {
  const own = (await readScores(platform, run)).filter((each) => each.stage === stage);
  return latestCheckpoint(platform, run, onDamaged, own.map(({ step }) => step).reverse());
}

/** Indices of the stages that a run has intact checkpoints of, the last first; tensors are not opened. */
export async function stagesKept(platform: Platform, run: string): Promise<number[]> {
  const stages = new Set((await readScores(platform, run)).map(({ stage }) => stage).filter((stage) => stage >= 0));
  return [...stages].sort((a, b) => b - a);
}

interface Scored {
  readonly step: number;
  /** −1 where it cannot be read. */
  readonly stage: number;
  /** Null where it was not evaluated. */
  readonly score: number | null;
}

/** The best first. Scores of two stages do not compare: they may be of other weights, or of another kind. */
function byWorth(a: Scored, b: Scored): number {
  return b.stage - a.stage || (b.score ?? -1) - (a.score ?? -1) || b.step - a.step;
}

/** Of each checkpoint, the oldest first. */
async function readScores(platform: Platform, run: string): Promise<Scored[]> {
  const steps = await listCheckpoints(platform, run);
  return Promise.all(
    steps.map(async (step) => {
      try {
        const { progress } = await readState(platform, `${run}/checkpoints/${nameOf(step)}`);
        return { step, stage: progress.stage, score: progress.score };
      } catch (error) {
        if (!(error instanceof InputError) || error instanceof OtherVersion) throw error;
        return { step, stage: -1, score: null };
      }
    }),
  );
}

async function removeOld(platform: Platform, run: string, keep: number): Promise<void> {
  const scores = await readScores(platform, run);
  const [best] = [...scores].sort(byWorth);
  // What a stage left is not made again by going on: others may begin with it, or be given it.
  const ends = scores.filter(
    ({ stage }, i) => stage >= 0 && !scores.slice(i + 1).some((later) => later.stage === stage),
  );
  const kept = new Set([...ends, ...(best === undefined ? [] : [best])].map(({ step }) => step));
  const old = scores.slice(0, -Math.max(1, keep)).filter(({ step }) => !kept.has(step));
  for (const { step } of old) await platform.remove(`${run}/checkpoints/${nameOf(step)}`);
}

/** Removes what an interrupted write left behind, and checkpoints after `step`, which the resumed run writes anew. */
export async function clearAfter(platform: Platform, run: string, step: number): Promise<void> {
  const folder = `${run}/checkpoints`;
  if ((await platform.exists(folder)) !== "folder") return;
  for (const name of await platform.list(folder)) {
    const later = Number(folderName.exec(name)?.[1] ?? -1) > step;
    if (later || unfinishedName.test(name)) await platform.remove(`${folder}/${name}`);
  }
}

function nameOf(step: number): string {
  return `step-${String(step).padStart(8, "0")}`;
}

async function readState(platform: Platform, folder: string): Promise<StateFile> {
  const path = `${folder}/state.json`;
  const text = await platform.readText(path);
  try {
    const state = parseJson(text) as StateFile;
    if (Number.isInteger(state.format) && state.format > format) {
      throw new OtherVersion(
        `${path}: expected a checkpoint of format ${format}, got ${state.format}. Use the version of tessera that wrote it.`,
      );
    }
    if ((await sealed(state)) === text && isState(state)) return { ...state, progress: withSums(state.progress) };
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
  }
  throw new InputError(
    `${path}: expected the state that tessera wrote, got other bytes. The checkpoint is damaged; remove its folder.`,
  );
}

/** The seal says that the text is whole, not that tessera wrote it. */
function isState({ progress, files }: StateFile): boolean {
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  const isNumber = (value: unknown) => typeof value === "number";
  const { step, stage, stageStep, window, score } = progress;
  return (
    [step, stage, stageStep, window.count].every(isCount) &&
    stageStep <= step &&
    Object.values(window.sums).every((sum) => sum === null || isNumber(sum)) &&
    (score === null || isNumber(score)) &&
    "weights.safetensors" in files &&
    Object.entries(files).every(
      ([name, { bytes, sha256 }]) => /^\w+\.safetensors$/.test(name) && isCount(bytes) && typeof sha256 === "string",
    )
  );
}

/** JSON has no NaN: a sum of the log's that is none was written as null. */
function withSums(progress: Progress): Progress {
  const { window } = progress;
  const sums = Object.entries(window.sums).map(([name, value]) => [name, value ?? Number.NaN] as const);
  return { ...progress, window: { ...window, sums: Object.fromEntries(sums) } };
}

/** The text of state.json: the state and, as its last key, the checksum of all before it. */
async function sealed({ format, progress, files }: StateFile): Promise<string> {
  const state = { format, progress, files };
  const seal = await hexDigest(new TextEncoder().encode(JSON.stringify(state)));
  return `${JSON.stringify({ ...state, seal }, null, 2)}\n`;
}
