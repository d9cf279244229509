/**
 * What GSS's large parts hold in memory at their worst moment (`maxRSS` of this process), and how long they take: random weights of the
 * published sizes, one part a process.
 *
 *   npx tsx bench/gss/main.ts tokenizer [--side 512]           a maskige encoded, and its tokens decoded
 *   npx tsx bench/gss/main.ts decoder [--side 768]             the tokens of a crop decoded at twice its size, in bands
 *   npx tsx bench/gss/main.ts loss [--grid 192 --batch 2]      the token loss over 8,192 codes and its gradients
 */
import { parseArgs } from "node:util";
import { float32, fromNumbers, type Named, type NdArray } from "../../src/array/ndarray.ts";
import { Random } from "../../src/array/random.ts";
import { sizeOf } from "../../src/array/shape.ts";
import { gradients } from "../../src/autodiff/gradients.ts";
import { lower } from "../../src/graph/graph.ts";
import { Model } from "../../src/graph/scope.ts";
import { input, type Tensor } from "../../src/graph/tensor.ts";
import { publishedDvae } from "../../src/methods/gss/dvae.ts";
import { tokenCrossEntropy } from "../../src/methods/gss/losses.ts";
import { decodedInBands, dvaeTokenizer, tokensOf } from "../../src/methods/gss/tokenizer.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { openEngine } from "../../src/runtime/open.ts";
import { targetOf } from "../../src/runtime/target.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    side: { type: "string" },
    grid: { type: "string", default: "192" },
    batch: { type: "string", default: "2" },
    threads: { type: "string", default: "2" },
  },
});

interface Part {
  readonly outputs: Record<string, Tensor>;
  readonly feeds: Named<NdArray>;
  readonly model: Model;
}

const tokenizer = dvaeTokenizer(publishedDvae);

function drawnTokens(shape: readonly number[]): NdArray {
  const random = new Random("tokens");
  return fromNumbers(
    "int64",
    shape,
    Array.from({ length: sizeOf(shape) }, () => random.integer(publishedDvae.codes)),
  );
}

const parts: Readonly<Record<string, () => Part>> = {
  tokenizer() {
    const side = Number(values.side ?? 512);
    const model = new Model();
    const shape = [1, 3, side, side];
    const maskige = float32(shape, new Random("maskige").fillUniform(new Float32Array(sizeOf(shape))));
    const tokens = tokensOf(tokenizer, model.scope, input("maskige", shape));
    return { model, outputs: { again: decodedInBands(tokenizer, model.scope, tokens) }, feeds: { maskige } };
  },
  decoder() {
    const cells = Number(values.side ?? 768) / 4;
    const model = new Model();
    const tokens = drawnTokens([1, cells, cells]);
    const place = input("tokens", tokens.shape, "int64");
    return { model, outputs: { maskige: decodedInBands(tokenizer, model.scope, place) }, feeds: { tokens } };
  },
  loss() {
    const [grid, batch, channels, codes] = [Number(values.grid), Number(values.batch), 2048, publishedDvae.codes];
    const shapes = { features: [batch, channels, grid, grid], weight: [codes, channels, 1, 1], bias: [codes] };
    const at = {
      features: input("features", shapes.features),
      weight: input("weight", shapes.weight),
      bias: input("bias", shapes.bias),
    };
    const tokens = drawnTokens([batch, grid, grid]);
    const { loss } = tokenCrossEntropy(at, input("tokens", tokens.shape, "int64"));
    const [dFeatures, dWeight, dBias] = gradients(loss, Object.values(at));
    const drawn = Object.entries(shapes).map(([name, shape]) => {
      return [name, float32(shape, new Random(name).fillUniform(new Float32Array(sizeOf(shape))))] as const;
    });
    return {
      model: new Model(),
      outputs: { loss, dFeatures, dWeight, dBias },
      feeds: { ...Object.fromEntries(drawn), tokens },
    };
  },
};

const part = parts[positionals[0]];
if (part === undefined) {
  console.error(`bench/gss: expected one of ${Object.keys(parts).join(", ")}, got ${positionals[0]}. Name a part.`);
  process.exit(2);
}
const peakMb = () => Math.round(process.resourceUsage().maxRSS / 1024);
const engine = await openEngine({ threads: Number(values.threads) });
const { model, outputs, feeds } = part();
for (const { name, tensor, initializer } of model.parameters.values()) {
  await engine.put({ [name]: initializer(tensor.shape, new Random(1, name)) });
}
const { bytes, variables } = writeModel(lower({ outputs }, targetOf(engine)));
const program = await engine.load(bytes, variables, { use: positionals[0] === "loss" ? "training" : "inference" });
console.log(`before the run: ${peakMb()} MB`);
const before = process.cpuUsage();
const start = performance.now();
await program.run(feeds);
const { user, system } = process.cpuUsage(before);
const [wall, cpu] = [(performance.now() - start) / 1000, (user + system) / 1e6];
console.log(`${positionals[0]}: ${wall.toFixed(1)} s, ${cpu.toFixed(1)} s of CPU time, peak ${peakMb()} MB`);
await program.release();
await engine.close();
