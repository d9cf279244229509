/** Names, shapes and number of MaX-DeepLab's weights, against the lists of the published files. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { Model } from "../../src/graph/scope.ts";
import { input } from "../../src/graph/tensor.ts";
import { ourName, ourShape } from "../../src/methods/max-deeplab/names.ts";
import { maxDeepLab, semanticLogits } from "../../src/methods/max-deeplab/network.ts";
import { type MaxDeepLabSettings, maxDeepLabL, maxDeepLabS } from "../../src/methods/max-deeplab/settings.ts";
import { caseEntries } from "./cases.ts";
import { goldens } from "./max-deeplab.ts";

/** The published networks by the last letter of their names, on COCO's 133 classes. */
const networks: Readonly<Record<string, MaxDeepLabSettings>> = { S: maxDeepLabS, L: maxDeepLabL };
const classes = 133;

for (const { name, file } of caseEntries(goldens.manifest)) {
  if (name !== "checkpoint_variables") continue;
  goldens.covers(name, () => {
    const lists = JSON.parse(readFileSync(join(goldens.folder, file!), "utf8")) as Record<string, object | string>;
    for (const [network, variables] of Object.entries(lists)) {
      if (typeof variables === "string") continue;
      const settings = networks[network.slice(-1)];
      const model = new Model({ training: true });
      const { encoded } = maxDeepLab(model.scope, input("image", [1, 65, 65, 3], "uint8"), settings, classes);
      semanticLogits(model.scope, encoded, settings, { outputs: classes + 1 });
      const wanted = Object.entries(variables as Record<string, number[]>).map(
        ([theirs, shape]) => `${ourName(theirs)} [${ourShape(theirs, shape)}]`,
      );
      const declared = [...model.parameters.values()].map(({ name: ours, tensor }) => `${ours} [${tensor.shape}]`);
      expect(declared.sort(), network).toEqual(wanted.sort());
    }
  });
}
