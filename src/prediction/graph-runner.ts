/** Runs a part of a model on arrays of any shape: a program for each, of which the last few are kept. */
import { requireArrays } from "../array/check-arrays.ts";
import type { Named, NdArray } from "../array/ndarray.ts";
import { InputError } from "../errors.ts";
import { lower } from "../graph/graph.ts";
import { Model, type Scope } from "../graph/scope.ts";
import { input, type Tensor } from "../graph/tensor.ts";
import { requireOutputs } from "../methods/check-stages.ts";
import type { RunGraph } from "../methods/stage.ts";
import { writeModel } from "../onnx/write.ts";
import type { Engine, Program } from "../runtime/engine.ts";
import { targetOf } from "../runtime/target.ts";
import { keptPrograms } from "./kept-programs.ts";

export interface GraphRunner {
  readonly run: RunGraph;
  release(): Promise<void>;
}

/** Photographs of many sizes need a program each, which holds the weights: as many are kept as make up this, within limits. */
const mostBytes = 2 ** 28;
const [fewestPrograms, mostPrograms] = [4, 8];

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
  const size = Object.values(weights).reduce((sum, { data }) => sum + data.byteLength, 0);
  const most = Math.max(fewestPrograms, Math.min(mostPrograms, Math.floor(mostBytes / Math.max(1, size))));
  const programs = keptPrograms<Program>(most);
  const compile = async (inputs: Named<NdArray>): Promise<Program> => {
    const model = new Model();
    const symbols = Object.entries(inputs).map(
      ([name, { dtype, shape }]) => [name, input(name, shape, dtype)] as const,
    );
    const outputs = build(model.scope, Object.fromEntries(symbols));
    requireOutputs(outputs, where);
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
      requireArrays(inputs, `${where}: inputs of its graph`);
      const key = Object.entries(inputs)
        .map(([name, { dtype, shape }]) => `${name} ${dtype} ${shape.join("x")}`)
        .sort()
        .join();
      // Arrays stay the caller's.
      return programs.with(
        key,
        () => compile(inputs),
        (program) => program.run(inputs, { keepFeeds: true }),
      );
    },
    release: () => programs.release(),
  };
}
