/** `show RUN --groups DATASET`: a page of what each group of a model fires on. */
import { InputError, oneLine } from "../errors.ts";
import { askedFrom, type askedOptions } from "./asked.ts";
import type { Values } from "./command.ts";
import { engineFor, type engineOptions } from "./options.ts";
import { type methodOptions, methodsWith } from "./own-methods.ts";
import type { Terminal } from "./terminal.ts";

type GroupsOptions = Values<typeof askedOptions> &
  Values<typeof methodOptions> &
  Values<typeof engineOptions> & {
    readonly out: string;
    readonly groups: string;
    readonly split?: string | undefined;
  };

const pageName = "groups.html";
/** In the foot of every page of ours, so that a page of another hand is not replaced. */
const mark = "Written by tessera";

export async function showGroups(model: string, options: GroupsOptions, terminal: Terminal): Promise<void> {
  const { out, groups: spec } = options;
  const [
    { nodePlatform },
    { openDataset, splitsOf },
    { openTrainedModel },
    { groupPortraits },
    { groupsPage },
    { version },
  ] = await Promise.all([
    import("../platform/node.ts"),
    import("../datasets/index.ts"),
    import("./open-model.ts"),
    import("../evaluation/group-gallery.ts"),
    import("../report/groups-page.ts"),
    import("../version.ts"),
  ]);
  const methods = await methodsWith(nodePlatform, options.method);
  const asked = await askedFrom(nodePlatform, options);
  const file = `${out}/${pageName}`;
  const there = await nodePlatform.exists(file);
  if (there === "folder" || (there === "file" && !(await nodePlatform.readText(file)).includes(mark))) {
    throw new InputError(
      `${file}: expected nothing, or an earlier page to replace, got another. Choose another --out.`,
    );
  }
  const splits = await splitsOf(nodePlatform, spec);
  const split = options.split ?? (splits.includes("val") ? "val" : splits[0]);
  const dataset = await openDataset(nodePlatform, spec, split as (typeof splits)[number]);
  const trained = await openTrainedModel(nodePlatform, model, terminal, {
    ...{ methods, ...asked, otherwise: dataset.classes, wordless: true },
  });
  const { method, recipe, task, weights } = trained;
  const maps = method.groups?.(recipe, task) ?? null;
  if (maps === null) {
    throw new InputError(
      `${model}: expected a model that groups pixels, got one of ${method.name}. Use it without --groups.`,
    );
  }
  const engine = await engineFor(options);
  const progress = terminal.progress("looking");
  try {
    const stages = await groupPortraits(maps, {
      ...{ engine, weights, dataset, onBadImage: "skip", signal: terminal.signal },
      onProgress: (done, total) => progress.update(done, total),
    });
    progress.end();
    const page = await groupsPage(nodePlatform, {
      ...{ stages, dataset, title: `Groups of ${trained.source}` },
      words: task.classes.filter(({ background }) => background !== true).map(({ name }) => name),
      footer: `${mark} ${version}. Licence of the weights: ${trained.licence}.`,
    });
    await nodePlatform.writeFile(file, page);
    terminal.print(oneLine(file));
    terminal.result({ file });
  } finally {
    progress.end();
    await engine.close();
  }
}
