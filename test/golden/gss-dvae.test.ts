/** GSS's discrete VAE and the choice of codes, against the authors' modules. */
import type { Named, NdArray } from "../../src/array/ndarray.ts";
import { gradients } from "../../src/autodiff/gradients.ts";
import { Model } from "../../src/graph/scope.ts";
import { constant, input } from "../../src/graph/tensor.ts";
import { type DvaeParts, type DvaeSettings, dvaeEncoder, mapPixels } from "../../src/methods/gss/dvae.ts";
import { dvaeDecoder, dvaeEntry, dvaeRelaxedEntry, pictureOf } from "../../src/methods/gss/dvae-decoder.ts";
import { hardChoice, relaxedChoice } from "../../src/methods/gss/gumbel.ts";
import { argMax, cast, mul, oneHot, sum } from "../../src/ops/index.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { cotangent, covers, type GssCase } from "./gss.ts";
import { settingsOf, weightsOf } from "./gss-dvae.ts";

covers("dvae", async (golden) => {
  const settings = settingsOf(golden);
  const weights = { ...weightsOf(golden, "encoder"), ...weightsOf(golden, "decoder") };
  const pictures = Object.keys(golden.under("")).flatMap((name) => /^(.+)\.image01$/.exec(name)?.[1] ?? []);
  for (const picture of pictures) await checkPicture(golden, picture, settings, weights);

  const logits = golden.tensor("gumbel.logits");
  const noise = golden.tensor("gumbel.noise");
  const temperature = golden.config.gumbel_tau as number;
  const [x, g] = [input("logits", logits.shape), input("noise", noise.shape)];
  const hard = hardChoice(x, g, temperature);
  const [slope] = gradients(sum(mul(hard, constant(cotangent(hard.shape)))), [x]);
  const found = await evaluate({ hard, soft: relaxedChoice(x, g, temperature), slope }, { logits, noise });
  golden.check({ "gumbel.y_hard": found.hard, "gumbel.y_soft": found.soft });
  golden.check({ "gumbel.grad_logits": found.slope }, "grad");
});

async function checkPicture(
  golden: GssCase,
  name: string,
  settings: DvaeSettings,
  weights: Named<NdArray>,
): Promise<void> {
  const image = golden.tensor(`${name}.image01`);
  const mapped = input("x", image.shape);
  const encoder = dvaeEncoder(new Model().scope.at("encoder"), mapped, settings);
  const logits = encoder.output;
  const tokens = argMax(logits, { axis: 1 });

  const ids = golden.tensor(`${name}.tokens`);
  const known = input("ids", ids.shape, "int32");
  const place = new Model().scope.at("decoder").shared();
  const decoder = dvaeDecoder(place, dvaeEntry(place, known, settings), settings);
  const z = oneHot(known, settings.codes, { axis: 1 });
  const relaxed = dvaeDecoder(place, dvaeRelaxedEntry(place, z, settings), settings);
  const along = (y: typeof logits) => sum(mul(y, constant(cotangent(y.shape))));

  const found = await evaluate(
    {
      mapped: mapPixels(input("image", image.shape)),
      logits,
      tokens: cast(tokens, "int32"),
      raw: decoder.output,
      relaxed: relaxed.output,
      picture: pictureOf(decoder.output),
      gradMapped: gradients(along(logits), [mapped])[0],
      gradZ: gradients(along(relaxed.output), [z])[0],
    },
    { ...weights, image, x: golden.tensor(`${name}.mapped`), ids },
  );
  golden.check({
    [`${name}.mapped`]: found.mapped,
    [`${name}.logits`]: found.logits,
    [`${name}.tokens`]: found.tokens,
  });
  golden.check({ [`${name}.dec_raw`]: found.raw, [`${name}.rgb01`]: found.picture });
  golden.check({ [`${name}.dec_raw`]: found.relaxed });
  golden.check({ [`${name}.grad_mapped`]: found.gradMapped, [`${name}.grad_z`]: found.gradZ }, "grad");

  const parts = { ...named(`${name}.enc_act`, encoder), ...named(`${name}.dec_act`, decoder) };
  const listed = Object.fromEntries(Object.entries(parts).filter(([part]) => golden.has(part)));
  if (Object.keys(listed).length > 0)
    golden.check(await evaluate(listed, { ...weights, x: golden.tensor(`${name}.mapped`), ids }));
}

function named(prefix: string, { input: first, groups, output }: DvaeParts) {
  const all = groups.map((part, i) => [`${prefix}.group_${i + 1}`, part] as const);
  return Object.fromEntries([[`${prefix}.input`, first], ...all, [`${prefix}.output`, output]]);
}
