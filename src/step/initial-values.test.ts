import { expect, test } from "vitest";
import { toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { normalInitializer } from "../graph/initializer.ts";
import { Model } from "../graph/scope.ts";
import { initialValues } from "./initial-values.ts";
import type { UpdateGraph } from "./update.ts";

test("a parameter's first values are drawn by its stream, not by its name", () => {
  const model = new Model({ training: true });
  const initializer = normalInitializer(1);
  model.scope.drawnAs(() => "before").parameter("after", [3], initializer);
  const update = { state: [], averages: {} } as unknown as UpdateGraph;
  const values = initialValues({ model, update, variables: [] }, 7, {});
  expect(toNumbers(values.after)).toEqual(toNumbers(initializer([3], new Random(7, "init", "before"))));
});
