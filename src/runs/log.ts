/**
 * What a run writes down while it trains: `metrics.jsonl`, one JSON object a line, and the same curves for TensorBoard.
 * No clock times go into metrics.jsonl, so a run that was killed and resumed ends with the same bytes as one that was
 * not; TensorBoard's format wants times, so only there they are.
 */
import type { Named } from "../array/ndarray.ts";
import { InputError } from "../errors.ts";
import type { Measure } from "../metrics/measure.ts";
import { parseJson } from "../platform/json.ts";
import { listBytes } from "../platform/limits.ts";
import type { Platform } from "../platform/platform.ts";
import { eventFileHeader, eventRecord, readEventRecords, type Scalar } from "./events.ts";

/** Means over the steps since the last such line. */
export interface TrainingLine {
  readonly step: number;
  readonly stage: string;
  readonly loss: number;
  /** The parts that the loss is the sum of. */
  readonly terms: Named<number>;
  /** What changes nothing; absent where there is none. */
  readonly watched?: Named<number>;
  readonly learningRate: number;
  /** Global norm of the gradients before clipping. */
  readonly gradientNorm: number;
}

/** Scores on images that are not learned from, with the weights that prediction would use. */
export interface EvaluationLine {
  readonly step: number;
  readonly stage: string;
  /** The most telling first: what a model is scored by, or what a stage's trials give. */
  readonly measures: readonly Measure[];
  /** What was drawn of some samples; the files lie in the run folder. */
  readonly pictures?: readonly LoggedPicture[];
}

export interface LoggedPicture {
  readonly sample: string;
  readonly name: string;
  /** Path in the run folder. */
  readonly file: string;
  /** Such as `24.1 dB`; may be empty. */
  readonly caption: string;
}

export type MetricsLine = TrainingLine | EvaluationLine;

export interface Log {
  /** All lines so far, those of an earlier session included. */
  readonly lines: readonly MetricsLine[];
  write(line: MetricsLine): Promise<void>;
}

const metricsName = "metrics.jsonl";
const eventsName = /^events\.out\.tfevents\..+$/;

/**
 * Opens the log of a run folder for writing after `step`: whatever an earlier session wrote beyond that step is
 * dropped, half-written lines included. Throws InputError when what is left is not a log.
 */
export async function openLog(platform: Platform, folder: string, step: number): Promise<Log> {
  const path = `${folder}/${metricsName}`;
  const lines = step === 0 ? [] : (await readMetrics(platform, folder)).filter((line) => line.step <= step);
  await platform.writeFile(path, lines.map(textOf).join(""));
  const events = await openEvents(platform, folder, step);
  return {
    lines,
    async write(line) {
      lines.push(line);
      await platform.appendFile(path, textOf(line));
      const scalars = scalarsOf(line);
      if (scalars.length === 0) return;
      await platform.appendFile(events, eventRecord({ step: line.step, time: Date.now() / 1000, scalars }));
    },
  };
}

/** The lines of a run's metrics.jsonl. A half-written last line is left out; other damage is an InputError. */
export async function readMetrics(platform: Platform, folder: string): Promise<MetricsLine[]> {
  const path = `${folder}/${metricsName}`;
  if ((await platform.exists(path)) !== "file") return [];
  const text = await platform.readText(path, listBytes);
  const complete = text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .slice(0, -1);
  return complete.map((line, index) => {
    try {
      const value = parseJson(line) as MetricsLine;
      if (isLine(value)) return value;
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    }
    throw new InputError(
      `${path}: expected a JSON object with a step on each line, got something else on line ${index + 1}. ` +
        "Restore the file, or delete it and train anew.",
    );
  });
}

/** What is read may have been written by anybody: numbers are drawn, and pictures of the run folder alone are shown. */
function isLine(line: MetricsLine): boolean {
  // JSON writes null for what is not finite.
  const areNumbers = (values: object) =>
    Object.values(values).every((each) => each === null || typeof each === "number");
  if (!Number.isSafeInteger(line.step) || typeof line.stage !== "string") return false;
  if (!isEvaluation(line)) {
    const { loss, learningRate, gradientNorm, terms, watched = {} } = line;
    return areNumbers({ loss, learningRate, gradientNorm }) && areNumbers(terms) && areNumbers(watched);
  }
  const isPicture = ({ sample, name, file, caption }: LoggedPicture) =>
    [sample, name, file, caption].every((text) => typeof text === "string") &&
    file.startsWith("pictures/") &&
    !file.split("/").includes("..");
  const isMeasure = ({ name, value, unit }: Measure) =>
    typeof name === "string" && areNumbers({ value }) && ["share", "dB", "plain"].includes(unit);
  return line.measures.every(isMeasure) && (line.pictures ?? []).every(isPicture);
}

export function isEvaluation(line: MetricsLine): line is EvaluationLine {
  return "measures" in line;
}

function textOf(line: MetricsLine): string {
  return `${JSON.stringify(line)}\n`;
}

function scalarsOf(line: MetricsLine): Scalar[] {
  if (isEvaluation(line)) {
    return line.measures.flatMap(({ name, value }) => (value === null ? [] : [{ tag: `evaluation/${name}`, value }]));
  }
  return [
    { tag: "loss/total", value: line.loss },
    ...Object.entries(line.terms).map(([name, value]) => ({ tag: `loss/${name}`, value })),
    ...Object.entries(line.watched ?? {}).map(([name, value]) => ({ tag: `watched/${name}`, value })),
    { tag: "learningRate", value: line.learningRate },
    { tag: "gradientNorm", value: line.gradientNorm },
  ];
}

/** Path of the run's one event file, cut to `step`. */
async function openEvents(platform: Platform, folder: string, step: number): Promise<string> {
  const known = (await platform.list(folder)).find((name) => eventsName.test(name));
  const time = Date.now() / 1000;
  const path = `${folder}/${known ?? `events.out.tfevents.${Math.floor(time)}.tessera`}`;
  const records = known === undefined || step === 0 ? [] : readEventRecords(await platform.readFile(path, listBytes));
  const kept = records.filter((record) => record.step <= step).map(eventRecord);
  await platform.writeFile(path, [eventFileHeader(records[0]?.time ?? time), ...kept]);
  return path;
}
