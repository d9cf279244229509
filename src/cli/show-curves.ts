/** `show RUN --curves`: a page of a run's training so far, also while it trains. */
import { InputError, oneLine } from "../errors.ts";
import type { Values } from "./command.ts";
import { type methodOptions, methodsWith } from "./own-methods.ts";
import type { Terminal } from "./terminal.ts";

const pageName = "curves.html";
/** In the foot of every page of ours, so that a page of another hand is not replaced. */
const mark = "Written by tessera";

export async function showCurves(
  folder: string,
  options: Values<typeof methodOptions> & { readonly out: string },
  terminal: Terminal,
): Promise<void> {
  const [{ nodePlatform }, { readRun }, { readMetrics }, { curvesPage }, { version }] = await Promise.all([
    import("../platform/node.ts"),
    import("../runs/run.ts"),
    import("../runs/log.ts"),
    import("../report/curves-page.ts"),
    import("../version.ts"),
  ]);
  const file = `${options.out}/${pageName}`;
  const there = await nodePlatform.exists(file);
  if (there === "folder" || (there === "file" && !(await nodePlatform.readText(file)).includes(mark))) {
    throw new InputError(
      `${file}: expected nothing, or an earlier page to replace, got another. Choose another --out.`,
    );
  }
  const { recipe } = await readRun(nodePlatform, folder, { methods: await methodsWith(nodePlatform, options.method) });
  const lines = await readMetrics(nodePlatform, folder);
  if (lines.length === 0) {
    throw new InputError(`${folder}: expected a run that has taken steps, got none in its log. Train it first.`);
  }
  const page = curvesPage(lines, { title: `Training of ${recipe.name}`, footer: `${mark} ${version}.` });
  await nodePlatform.writeFile(file, page);
  terminal.print(oneLine(file));
  terminal.result({ file });
}
