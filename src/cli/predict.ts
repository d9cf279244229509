import { InputError, oneLine, suggestion, UsageError } from "../errors.ts";
import { type MaskValues, maskValueForms } from "../prediction/data-mask.ts";
import { type Form, formNames } from "../prediction/forms.ts";
import { type InstanceForm, instanceForms } from "../prediction/instance-shapes.ts";
import { type SegmentIds, segmentIdForms } from "../prediction/panoptic-files.ts";
import { askedFrom, askedOptions } from "./asked.ts";
import { command } from "./command.ts";
import { engineFor, engineOptions } from "./options.ts";
import { methodOptions, methodsWith } from "./own-methods.ts";
import { requireFolderName } from "./require-ending.ts";
import { requirePipe } from "./standard-streams.ts";
import { segmentOptionsFrom, testingOptions } from "./testing-options.ts";

function formsFrom(text = ""): Form[] {
  const found = text
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
  for (const each of found) {
    if ((formNames as readonly string[]).includes(each)) continue;
    throw new UsageError(
      `predict: --formats must be of ${formNames.join(", ")}, got "${each}". ${suggestion(each, formNames)}`,
    );
  }
  return [...new Set(found)] as Form[];
}

/** Throws UsageError where more than the mask is asked for, which standard output takes alone. */
function requireMaskAlone(options: {
  readonly json: boolean;
  readonly formats?: string | undefined;
  readonly segmentIds?: string | undefined;
  readonly instances?: string | undefined;
  readonly legend: boolean;
}): void {
  const { json, formats, segmentIds, instances, legend } = options;
  const asked = Object.entries({ json, formats, "segment-ids": segmentIds, instances, legend });
  const more = asked.find(([, value]) => value !== undefined && value !== false);
  if (more === undefined) {
    requirePipe("predict", "a mask", process.stdout);
    return;
  }
  throw new UsageError(
    `predict: expected the mask alone for standard output, got --${more[0]}. Leave it out, or write --out FOLDER.`,
  );
}

export const predictCommand = command({
  name: "predict",
  summary: "segment photographs with a trained or exported model",
  positionals: [
    {
      name: "RUN",
      help: "a run folder, a model.onnx that tessera export wrote, published weights, or owner/name on the hub",
      count: "one",
    },
    { name: "IMAGE", help: "photographs, or folders of them; -: one from standard input", count: "many" },
  ],
  options: {
    out: {
      kind: "text",
      placeholder: "FOLDER",
      help: "where masks, overlays and records go; -: the mask alone to standard output, of one photograph; needed",
    },
    ...testingOptions,
    ...askedOptions,
    segmentIds: {
      kind: "text",
      placeholder: "FORM",
      choices: segmentIdForms,
      help: "how the ids of panoptic segments are stored: rgb as in COCO, 16-bit grey, or two-channel (red: category id, green: instance); default rgb",
    },
    instances: {
      kind: "text",
      placeholder: "FORM",
      choices: instanceForms,
      help: "also write instances.json, COCO's annotation of the things: as run lengths (rle) or polygons",
    },
    maskValues: {
      kind: "text",
      placeholder: "FORM",
      choices: maskValueForms,
      help: "what masks hold: classes, their indices; or data, the values that the data set's own masks have; default classes",
    },
    formats: {
      kind: "text",
      placeholder: "LIST",
      help:
        "what to write besides, with commas between: confidence (the largest score, grey), semantic (of a panoptic model: the class of every pixel, " +
        "however unsure), probabilities (npy of all classes), " +
        "geojson, labelme, svg (regions as polygons), coco (coco.json of all photographs: run lengths of every class)",
    },
    recursive: {
      kind: "flag",
      help: "photographs in folders inside as well; their results lie in folders of the same names",
    },
    ...methodOptions,
    noOverlay: { kind: "flag", help: "write no overlay pictures" },
    legend: { kind: "flag", help: "write names of classes into overlays, and their colours below" },
    ...engineOptions,
  },
  examples: [
    ["tessera predict run holiday.jpg --out masks", "writes masks/holiday.png, .overlay.png and .json"],
    ["tessera predict model.onnx photos --out masks --flip", "a whole folder, a little better and half as fast"],
    ["cat holiday.jpg | tessera predict run - --out - > mask.png", "between other programs"],
    ['tessera predict nvidia/groupvit-gcc-yfcc photo.jpg --classes "cat, sofa, lamp" --out masks', "any words"],
  ],
  notes:
    "NAME.png holds class indices with a palette, at the photograph's own upright size, and says their names, by which tessera\n" +
    "reads it back whatever values a data set has; NAME.json the area of each class.\n" +
    "A panoptic model writes NAME.panoptic.png, the segments' ids, and panoptic.json, COCO's annotation of all\n" +
    "photographs whose ids lie in the folder, those of earlier calls too; --instances rle adds instances.json of their things.\n" +
    "Of a photograph with a place on the earth (GeoTIFF, world file) the mask gets a world file, NAME.pgw, and NAME.geojson its coordinates.\n" +
    "A photograph that cannot be read gets a line; the others are written, and the exit code is 1.",
  async run({ positionals: [run, ...paths], options }, terminal) {
    const { out, noOverlay, legend, segmentIds, instances, maskValues } = options;
    if (out === undefined) throw new UsageError("predict: --out is missing. Write --out FOLDER.");
    const segmentOptions = segmentOptionsFrom(options);
    const forms = formsFrom(options.formats);
    const [{ nodePlatform }, streams, { expandPhotographs }, { predictFiles }, { openModel }] = await Promise.all([
      import("../platform/node.ts"),
      import("./standard-streams.ts"),
      import("./photographs.ts"),
      import("../prediction/predict.ts"),
      import("./open-model.ts"),
    ]);
    const toOutput = out === streams.dash;
    if (toOutput) requireMaskAlone({ ...options, json: terminal.json });
    else await requireFolderName(nodePlatform, out, ", or --out - for the mask of one photograph");
    const methods = await methodsWith(nodePlatform, options.method);
    const asked = await askedFrom(nodePlatform, options, (line) => terminal.note(oneLine(line)));
    const given = await streams.withStandardInput(nodePlatform, paths, process.stdin);
    const { platform, files } = toOutput ? streams.withFilesInMemory(given.platform, out) : { ...given, files: null };
    const found = await expandPhotographs(platform, given.paths, { recursive: options.recursive, except: out });
    const { files: photographs, below, notes: passed, unreadable } = found;
    if (toOutput && photographs.length > 1) {
      throw new UsageError(
        `predict: expected one photograph for standard output, got ${photographs.length}. Write --out FOLDER.`,
      );
    }
    const engine = await engineFor(options);
    const progress = terminal.progress("segmenting");
    try {
      const segmenter = await openModel(engine, nodePlatform, run, terminal, { methods, ...asked });
      for (const [name, value] of Object.entries({ "segment-ids": segmentIds, instances })) {
        if (value === undefined || segmenter.card.kind === "panoptic") continue;
        throw new UsageError(
          `predict: --${name} is of panoptic models, got ${run}, which gives a class per pixel. Leave it out.`,
        );
      }
      const { written, skipped, notes } = await predictFiles(segmenter, platform, photographs, out, {
        ...{
          ...segmentOptions,
          overlay: !noOverlay && !toOutput,
          legend,
          ...{ forms, below },
          ...(segmentIds && { segmentIds: segmentIds as SegmentIds }),
          ...(instances && { instances: instances as InstanceForm }),
          ...(maskValues && { maskValues: maskValues as MaskValues }),
          onBadImage: "skip",
          signal: terminal.signal,
        },
        onProgress: (done, total, photograph) => progress.update(done, total, photograph),
      });
      progress.end();
      for (const { mask } of written) {
        const bytes = files?.get(mask.slice(out.length + 1));
        if (bytes !== undefined) await streams.writeStream(process.stdout, bytes);
      }
      for (const { photograph, mask, summary } of toOutput ? [] : written) {
        const largest = [...summary.classes].sort((a, b) => b.share - a.share).slice(0, 3);
        const count = summary.segments === undefined ? [] : [`${summary.segments.length} segments`];
        const shares = largest
          .filter(({ share }) => share > 0)
          .map(({ name, share }) => `${name} ${(100 * share).toFixed(0)} %`);
        terminal.print(
          `${oneLine(`${photograph} → ${mask}`)}  ${terminal.dim(oneLine([...count, ...shares].join(", ")))}`,
        );
      }
      for (const note of [...passed, ...notes]) terminal.note(oneLine(note));
      terminal.result({ written, skipped });
      const [problem, ...others] = [...skipped.map((each) => each.problem), ...unreadable];
      for (const other of others) terminal.fault(other);
      if (problem !== undefined) throw new InputError(problem);
    } finally {
      progress.end();
      await engine.close();
    }
  },
});
