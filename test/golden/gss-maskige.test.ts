/** GSS's palettes, masks painted and read back, and learned X, against the authors' numbers and the specification's. */
import { describe, expect, test } from "vitest";
import { float32, item, type Named, type NdArray, ndarray, toNumbers } from "../../src/array/ndarray.ts";
import { gradients } from "../../src/autodiff/gradients.ts";
import { Model, type Scope } from "../../src/graph/scope.ts";
import { constant, input, type Tensor } from "../../src/graph/tensor.ts";
import type { Color } from "../../src/image/image.ts";
import { crossEntropy } from "../../src/losses/cross-entropy.ts";
import { convInverse } from "../../src/methods/gss/conv-inverse.ts";
import { mapPixels } from "../../src/methods/gss/dvae.ts";
import { hardChoice } from "../../src/methods/gss/gumbel.ts";
import { addProducts, emptyProducts, leastSquares, pseudoInverseOf } from "../../src/methods/gss/least-squares.ts";
import { linearScores, nearestLabels, paint, pseudoInverse, squaredDistances } from "../../src/methods/gss/maskige.ts";
import {
  adeLattice,
  latticeCentres,
  latticeColors,
  leastDistance,
  msegLattice,
  type Palette,
  releasedPalette,
} from "../../src/methods/gss/palette.ts";
import { dvaeTokenizer } from "../../src/methods/gss/tokenizer.ts";
import { argMax, cast, concat, mul, squeeze, stopGradient, unsqueeze } from "../../src/ops/index.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { covers, type GssCase, goldens, readJson } from "./gss.ts";
import { settingsOf, weightsOf } from "./gss-dvae.ts";

interface LatticeEntry {
  readonly lattice_centres: readonly Color[];
  readonly jitter_range_inclusive: readonly [number, number];
  readonly jitter_used: readonly Color[];
  readonly drop_first: number;
  readonly result: readonly Color[];
}

describe("palette", () => {
  const known = { ade20k: adeLattice, mseg: msegLattice };
  covers("palette", () => {
    const file = readJson("palette.json") as Named<unknown>;
    for (const [name, lattice] of Object.entries(known)) {
      const entry = file[name] as LatticeEntry;
      expect(latticeCentres(lattice)).toEqual(entry.lattice_centres);
      expect(lattice.jitter).toEqual(entry.jitter_range_inclusive);
      expect(lattice.dropped).toBe(entry.drop_first);
      expect(latticeColors(lattice, (index, channel) => entry.jitter_used[index][channel])).toEqual(entry.result);
    }
    const released = file.released as Named<Palette>;
    for (const [name, table] of Object.entries(released)) {
      expect(releasedPalette(name as "ade20k")).toEqual(table);
    }
  });

  test.each([
    ["cityscapes", 20],
    ["ade20k", 20.02],
    ["mseg", 18.68],
  ] as const)("the least distance of %s is that of the specification", (name, distance) => {
    expect(leastDistance(releasedPalette(name)).distance).toBeCloseTo(distance, 2);
  });
});

covers("maskige", async (golden) => {
  const classes = golden.config.num_classes as number;
  const palette = golden.config.palette as Palette;
  const colors = palette.slice(0, classes);
  const labels = golden.tensor("labels");
  const noisy = golden.tensor("noisy255");
  const unit = float32(
    noisy.shape,
    toNumbers(noisy).map((value) => value / 255),
  );
  const table = constant(float32([palette.length, 3], palette.flat()));
  const p = input("unit", unit.shape);
  const linear = (matrix: Matrix64) => asInt(argMax(linearScores(p, constant(single(matrix))), { axis: 1 }));

  const beta = colors.map((color) => color.map((value) => value / 255));
  const pinv = pseudoInverseOf(beta);
  const plain = leastSquares(productsOf(noisy, labels, classes, false), classes);
  const affine = leastSquares(productsOf(noisy, labels, classes, true), classes);
  const painted = paint(squeeze(input("labels", labels.shape, labels.dtype), 1), table);
  const found = await evaluate(
    {
      maskige255: cast(painted, "int32"),
      maskige_mapped: mapPixels(mul(painted, 1 / 255)),
      nearest: unsqueeze(asInt(nearestLabels(p, colors)), 1),
      nearest_with_ignore: unsqueeze(asInt(nearestLabels(p, palette)), 1),
      sqdist: squaredDistances(input("noisy", noisy.shape), colors),
      pinv_argmax: linear(pinv),
      lstsq_argmax: linear(plain),
      lstsq_bias_argmax: linear(affine),
    },
    { labels, noisy, unit },
  );
  golden.check(found);
  golden.check({ beta_pinv: double(pinv), lstsq: double(plain), lstsq_bias: double(affine) });
  const inGraph = await evaluate(
    { inverse: pseudoInverse(input("beta", [classes, 3])) },
    {
      beta: float32([classes, 3], beta.flat()),
    },
  );
  golden.check({ beta_pinv: inGraph.inverse });
});

covers("inverse_variants", async (golden) => {
  const classes = golden.config.num_classes as number;
  const temperature = golden.config.gumbel_tau as number;
  const ft = golden.under("w.ft.");
  const width = ft["conv1.weight"].shape[0];
  const inverse = (scope: Scope, x: Tensor) => convInverse(scope, x, classes, width);
  await checkInverse(golden, inverse, ft);

  const dvae = goldens.case("dvae");
  const tokenizer = dvaeTokenizer(settingsOf(dvae));
  const weights = { ...weightsOf(dvae, "encoder"), ...weightsOf(dvae, "decoder") };
  const labels = golden.tensor("tf.labels");
  const noise = golden.tensor("tf.gumbel_noise");
  const feeds = { ...weights, ...ft, labels, noise, beta: golden.tensor("tf.beta") };
  const labelled = squeeze(input("labels", labels.shape, labels.dtype), 1);
  for (const kind of ["tf", "tt"] as const) {
    const model = new Model({ training: true });
    const scope = model.scope.shared();
    const beta = input("beta", [classes, 3]);
    const ignored = constant(float32([1, 3], [0, 0, 0]));
    const maskige = paint(labelled, concat([beta, ignored], { axis: 0 }));
    const logits = tokenizer.logits(scope, maskige);
    const again = tokenizer.decodeShares(scope, hardChoice(logits, input("noise", noise.shape), temperature));
    const scores = kind === "tf" ? linearScores(again, stopGradient(pseudoInverse(beta))) : inverse(scope, again);
    const loss = crossEntropy(scores, labelled);
    const parameters = [...model.parameters.values()].filter(({ name }) => name.startsWith("conv"));
    const [slope, ...slopes] = gradients(loss, [beta, ...parameters.map(({ tensor }) => tensor)]);
    const outputs = { scores, loss: unsqueeze(loss, 0), slope, ...named(parameters, kind === "tt" ? slopes : []) };
    const found = await evaluate({ ...outputs, maskige, logits, again }, feeds);
    golden.check({ [`${kind}.logits`]: found.scores, [`${kind}.loss`]: found.loss });
    golden.check({ [`${kind}.grad_beta`]: found.slope }, "grad");
    if (kind === "tf") {
      golden.check({ "tf.maskige01": found.maskige, "tf.enc_logits": found.logits, "tf.recon01": found.again });
    } else {
      golden.check(prefixed("grad.tt.", found, parameters), "grad");
    }
  }
});

async function checkInverse(
  golden: GssCase,
  inverse: (scope: Scope, x: Tensor) => Tensor,
  weights: Named<NdArray>,
): Promise<void> {
  const [x, truth] = [golden.tensor("ft.x"), golden.tensor("ft.gt")];
  const model = new Model({ training: true });
  const maskige = input("x", x.shape);
  const logits = inverse(model.scope, maskige);
  const loss = crossEntropy(logits, squeeze(input("truth", truth.shape, truth.dtype), 1));
  const parameters = [...model.parameters.values()];
  const [slope, ...slopes] = gradients(loss, [maskige, ...parameters.map(({ tensor }) => tensor)]);
  const outputs = { logits, loss: unsqueeze(loss, 0), slope, ...named(parameters, slopes) };
  const found = await evaluate(outputs, { ...weights, x, truth });
  golden.check({ "ft.logits": found.logits, "ft.loss": found.loss });
  golden.check({ "ft.grad_x": found.slope, ...prefixed("grad.ft.", found, parameters) }, "grad");
  expect(item(found.loss)).toBeGreaterThan(0);
}

type Parameters = readonly { readonly name: string }[];

function named(parameters: Parameters, slopes: readonly Tensor[]): Record<string, Tensor> {
  return Object.fromEntries(slopes.map((slope, i) => [`slope ${parameters[i].name}`, slope]));
}

function prefixed(prefix: string, found: Named<NdArray>, parameters: Parameters): Named<NdArray> {
  return Object.fromEntries(parameters.map(({ name }) => [prefix + name, found[`slope ${name}`]]));
}

type Matrix64 = ReturnType<typeof pseudoInverseOf>;

const asInt = (x: Tensor) => cast(x, "int32");
const single = ({ rows, columns, data }: Matrix64) => float32([rows, columns], Float32Array.from(data));
const double = ({ rows, columns, data }: Matrix64) => ndarray("float64", [rows, columns], data);

/** Sums over the pictures of a batch. */
function productsOf(noisy: NdArray, labels: NdArray, classes: number, bias: boolean) {
  const products = emptyProducts(classes, bias);
  const [pictures] = noisy.shape;
  const size = noisy.data.length / pictures;
  const values = toNumbers(noisy);
  const truth = toNumbers(labels);
  for (let i = 0; i < pictures; i++) {
    const planes = values.slice(i * size, (i + 1) * size).map((value) => value / 255);
    addProducts(products, planes, truth.slice((i * size) / 3, ((i + 1) * size) / 3), classes);
  }
  return products;
}
