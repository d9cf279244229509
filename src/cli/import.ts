import { oneLine, UsageError } from "../errors.ts";
import { command } from "./command.ts";
import { classesFrom } from "./options.ts";
import { methodOptions, methodsWith } from "./own-methods.ts";

export const importCommand = command({
  name: "import",
  summary: "make a run of published weights, to train from or to predict with",
  positionals: [
    {
      name: "FILE",
      help: "R50+ViT-B_16.npz, a TransUNet or GroupViT .pth, the same names as .safetensors, a folder with config.json, or a TensorFlow checkpoint (ckpt, ckpt.index or its folder); a path, or owner/name[@revision][:file] on the Hugging Face hub; several together are one network",
      count: "many",
    },
  ],
  options: {
    out: { kind: "text", placeholder: "FOLDER", help: "the run folder: new or empty; needed" },
    classes: {
      kind: "text",
      placeholder: "LIST",
      help: "names of the head's classes: a classes.json, or with commas between",
    },
    ...methodOptions,
    patchOnly: { kind: "flag", help: "take an ordinary ViT (ViT-B_16.npz): an encoder without residual network" },
    set: {
      kind: "list",
      placeholder: "KEY=VALUE",
      help: "what the file does not tell, such as heads=8 or normGroups=16",
    },
    licence: {
      kind: "text",
      placeholder: "TEXT",
      help: "of the weights, kept in the run and in what is trained from it; default for a model of the hub: what its card says",
    },
  },
  examples: [
    ["tessera import R50+ViT-B_16.npz --out encoder", "the encoder that DDeP begins with"],
    ["tessera train photos --recipe ddep-pascal-context --from encoder --out run", "denoising, then fine-tuning"],
    ["tessera import transunet.pth --out run --classes classes.json", "a whole TransUNet: predicts as it is"],
  ],
  notes: "Files are read, never run: a PyTorch file that would run code is refused.",
  async run({ positionals: named, options }, terminal) {
    const { out, classes, patchOnly, set } = options;
    if (out === undefined) throw new UsageError("import: --out is missing. Write --out FOLDER.");
    const [{ nodePlatform }, { importRun }, { filesOf }] = await Promise.all([
      import("../platform/node.ts"),
      import("../runs/import-run.ts"),
      import("./published.ts"),
    ]);
    const methods = await methodsWith(nodePlatform, options.method);
    const ofHead = (await classesFrom(nodePlatform, classes)) ?? null;
    const { files, licence: stated } = await filesOf(named, terminal);
    const { licence } = options;
    const imported = await importRun({
      ...{ platform: nodePlatform, files, folder: out, patchOnly, settings: set, classes: ofHead, licence, stated },
      ...(methods && { methods }),
    });
    const { method, stage, whole, parts, parameters, recipe, record, notes } = imported;
    for (const note of notes) terminal.note(oneLine(note));
    const millions = (parameters / 1e6).toFixed(1);
    terminal.print(oneLine(`${out}: ${parts.join(", ")} of a ${method.name} network, ${millions} million numbers`));
    const asked = method.vocabulary === "open" ? ' --classes "cat, sofa, lamp"' : "";
    const takes = method.vocabulary === "open" ? "any words" : `${record.classes.length} classes`;
    const next = whole
      ? `${takes}; predict with: tessera predict ${out} IMAGE --out masks${asked}`
      : `go on with: tessera train DATASET --recipe NAME --from ${out} --out NEW`;
    terminal.print(oneLine(next));
    if (record.licence !== "not stated") terminal.print(oneLine(`licence of the weights: ${record.licence}`));
    terminal.result({ folder: out, method: method.name, stage, whole, parts, parameters, recipe });
  },
});
