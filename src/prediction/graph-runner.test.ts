import { expect, test } from "vitest";
import { float32, toNumbers } from "../array/ndarray.ts";
import { mul } from "../ops/index.ts";
import type { Engine } from "../runtime/engine.ts";
import { openLocalEngine } from "../runtime/local-engine.ts";
import { nodeBackend } from "../runtime/node.ts";
import { graphRunner } from "./graph-runner.ts";

test.each([
  { kept: 4, floats: 2 ** 24, what: "large" },
  { kept: 8, floats: 1, what: "small" },
])(
  "of many shapes the last $kept programs of $what weights are kept, and results stay right",
  async ({ kept, floats }) => {
    const engine = await openLocalEngine(nodeBackend, { threads: 1 });
    let [loaded, open, most] = [0, 0, 0];
    const counting: Engine = Object.assign(Object.create(engine) as Engine, {
      load: async (...given: Parameters<Engine["load"]>) => {
        const program = await engine.load(...given);
        loaded++;
        most = Math.max(most, ++open);
        return Object.assign(Object.create(program) as typeof program, {
          run: program.run.bind(program),
          release: async () => {
            open--;
            await program.release();
          },
        });
      },
    });
    const runner = graphRunner(
      counting,
      { spare: float32([floats], new Float32Array(floats)) },
      "here",
      (_scope, { x }) => ({ twice: mul(x, 2) }),
    );
    const twice = async (length: number) => {
      const { twice: found } = await runner.run({ x: float32([length], new Float32Array(length).fill(length)) });
      return toNumbers(found)[0];
    };
    const lengths = [1, 2, 3, 4, 5, 6, 6, 7, 8, 9, 10];
    for (const length of lengths) expect(await twice(length)).toBe(2 * length);
    expect([loaded, most <= kept + 1, open]).toEqual([lengths.length - 1, true, kept]);
    expect(await Promise.all([1, 2, 3, 4, 5, 6, 7].map(twice))).toEqual([2, 4, 6, 8, 10, 12, 14]);
    await runner.release();
    expect(open).toBe(0);
    await engine.close();
  },
);
