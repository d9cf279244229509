import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { kernelsFile, kernelsModule } from "../../scripts/kernels.ts";

test("the compiled loops are those of kernels/; npm run kernels makes them anew", () => {
  expect(readFileSync(kernelsFile, "utf8")).toBe(kernelsModule());
});
