/** Runs a part of a model on arrays of any shape: one program for each, kept until it is released. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { InputError } from "../errors.ts";
import { lower } from "../graph/graph.ts";
import { Model, type Scope } from "../graph/scope.ts";
import { input, type Tensor } from "../graph/tensor.ts";
import type { RunGraph } from "../methods/stage.ts";
import { writeModel } from "../onnx/write.ts";
import type { Engine, Program } from "../runtime/engine.ts";
import { targetOf } from "../runtime/target.ts";

export interface GraphRunner {
  readonly run: RunGraph;
  release(): Promise<void>;
}

/**
 * build: the graph, not for training. weights: by name; those that the graph does not declare are ignored. Throws
 * InputError, which begins with `where`, for a weight that is missing.
 */
export function graphRunner(
  engine: Engine,
  weights: Named<NdArray>,
  where: string,
  build: (scope: Scope, inputs: Named<Tensor>) => Named<Tensor>,
): GraphRunner {
  const programs = new Map<string, Promise<Program>>();
  const compile = async (inputs: Named<NdArray>): Promise<Program> => {
    const model = new Model();
    const symbols = Object.entries(inputs).map(
      ([name, { dtype, shape }]) => [name, input(name, shape, dtype)] as const,
    );
    const outputs = build(model.scope, Object.fromEntries(symbols));
    const embed = Object.fromEntries(
      [...model.parameters.keys()].map((name) => {
        const value = weights[name];
        if (value !== undefined) return [name, value];
        throw new InputError(`${where}: expected the weight ${name}, got none. Train the stage that gives it first.`);
      }),
    );
    const { bytes } = writeModel(lower({ outputs }, targetOf(engine)), { embed });
    return engine.load(bytes, []);
  };
  return {
    async run(inputs) {
      const key = Object.entries(inputs)
        .map(([name, { dtype, shape }]) => `${name} ${dtype} ${shape.join("x")}`)
        .sort()
        .join();
      const program = programs.get(key) ?? compile(inputs);
      programs.set(key, program);
      // Arrays stay the caller's.
      return (await program).run(inputs, { keepFeeds: true });
    },
    async release() {
      for (const program of programs.values()) await (await program.catch(() => null))?.release();
      programs.clear();
    },
  };
}
