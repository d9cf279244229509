/** MaX-DeepLab's layers and blocks one by one, against the authors' modules. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { axialAttention, axialAttention2d } from "../../src/methods/max-deeplab/axial-attention.ts";
import { inceptionStem } from "../../src/methods/max-deeplab/backbone.ts";
import { axialBlock, basicBlock, bottleneckBlock } from "../../src/methods/max-deeplab/blocks.ts";
import { resizedFuse } from "../../src/methods/max-deeplab/decoder.ts";
import { dualPathTransformer } from "../../src/methods/max-deeplab/dual-path.ts";
import { classHead, maskHead, semanticHead } from "../../src/methods/max-deeplab/heads.ts";
import { resizedTo, semanticDecoder } from "../../src/methods/max-deeplab/semantic-decoder.ts";
import { dropRate, type MaxDeepLabSettings, maxDeepLabS } from "../../src/methods/max-deeplab/settings.ts";
import { softmax } from "../../src/ops/index.ts";
import { channelsFirst, channelsLast, checkModule, columns, coversFile, goldens, rows } from "./max-deeplab.ts";

coversFile(
  "axial_attention.safetensors",
  (golden) => {
    const config = golden.config as unknown as {
      total_key_depth: number;
      total_value_depth: number;
      heads: number;
      max_span: number;
      use_content_similarity: boolean;
      use_query_rpe_similarity: boolean;
      use_key_rpe_similarity: boolean;
      retrieve_value_content: boolean;
      retrieve_value_rpe: boolean;
      activation: "softmax" | "sigmoid";
    };
    return checkModule(golden, (scope, { x }) => {
      const { y, scores, weights } = axialAttention(scope, columns(x), "height", {
        heads: config.heads,
        keyDepth: config.total_key_depth,
        valueDepth: config.total_value_depth,
        maxSpan: config.max_span,
        similarity: {
          content: config.use_content_similarity,
          query: config.use_query_rpe_similarity,
          key: config.use_key_rpe_similarity,
        },
        retrieval: { content: config.retrieve_value_content, position: config.retrieve_value_rpe },
        activation: config.activation,
      });
      return { outputs: { y: rows(y) }, aux: { similarity_logits: scores, attention: weights } };
    });
  },
  (config) => config.length !== undefined,
);

coversFile(
  "axial_attention.safetensors",
  (golden) => {
    const config = golden.config as Record<string, number>;
    return checkModule(golden, (scope, { x }) => {
      const { y, afterHeight } = axialAttention2d(scope, channelsFirst(x), {
        heads: config.heads,
        keyDepth: config.filters * config.key_expansion,
        valueDepth: config.filters * config.value_expansion,
        maxSpan: config.max_span,
        stride: config.stride,
      });
      return { outputs: { y: channelsLast(y) }, aux: { after_height_axis: channelsLast(afterHeight) } };
    });
  },
  (config) => config.length === undefined,
);

coversFile(
  "blocks.safetensors",
  (golden) => {
    const config = golden.config as unknown as {
      filters: number[];
      stride: number;
      atrous_rate?: number;
      attention: "axial" | null;
      heads: number;
      key_expansion: number;
      value_expansion: number;
      max_span: number;
    };
    const { filters, stride } = config;
    return checkModule(golden, (scope, inputs) => {
      const x = channelsFirst(inputs.x);
      const convolutional = { stride, atrousRate: config.atrous_rate ?? 1 };
      const y =
        config.attention === "axial"
          ? axialBlock(scope, x, filters, {
              stride,
              heads: config.heads,
              keyDepth: filters[1] * config.key_expansion,
              valueDepth: filters[1] * config.value_expansion,
              maxSpan: config.max_span,
            })
          : filters.length === 2
            ? basicBlock(scope, x, filters, convolutional)
            : bottleneckBlock(scope, x, filters, convolutional);
      return { outputs: { y: channelsLast(y) } };
    });
  },
  (config) => config.filters !== undefined,
);

coversFile(
  "blocks.safetensors",
  (golden) => {
    const { width_multiplier: multiplier } = golden.config as { width_multiplier: number };
    return checkModule(golden, (scope, { image }) => ({
      outputs: { y: channelsLast(inceptionStem(scope, channelsFirst(image), multiplier)) },
    }));
  },
  (config) => config.width_multiplier !== undefined,
);

coversFile(
  "blocks.safetensors",
  (golden) => {
    const { channels, height, width } = golden.config as Record<string, number>;
    return checkModule(golden, (scope, inputs) => {
      const maps = Object.keys(inputs)
        .sort()
        .map((name) => channelsFirst(inputs[name]));
      return { outputs: { y: channelsLast(resizedFuse(scope, maps, [channels, height, width])) } };
    });
  },
  (config) => config.filters === undefined && config.width_multiplier === undefined,
);

coversFile("dual_path.safetensors", (golden) => {
  const config = golden.config as unknown as {
    filters: number;
    heads: number;
    ffn_channels: number;
    use_memory_self_attention: boolean;
    use_pixel2memory: boolean;
  };
  return checkModule(golden, (scope, { pixel, memory }) => {
    const found = dualPathTransformer(scope, channelsFirst(pixel), columns(memory), {
      filters: config.filters,
      heads: config.heads,
      ffnChannels: config.ffn_channels,
      memoryToMemory: config.use_memory_self_attention,
      pixelToMemory: config.use_pixel2memory,
    });
    return {
      outputs: { pixel: channelsLast(found.pixels), memory: rows(found.memory) },
      aux: {
        ...(found.memoryWeights && { _memory_attention_weights: found.memoryWeights }),
        ...(found.pixelWeights && { _pixel_attention_weights: found.pixelWeights }),
      },
    };
  });
});

coversFile("heads.safetensors", (golden) => {
  const config = golden.config as unknown as {
    num_classes_with_void: number;
    mask_feature_channels: number;
    head_channels: number;
    semantic_output_channels: number;
    aspp_channels: number;
    decoder_channels: number;
    atrous_rates: number[];
    low_level: [string, number][];
    pool_size: [number, number] | null;
  };
  const settings = {
    ...maxDeepLabS,
    headChannels: config.head_channels,
    maskChannels: config.mask_feature_channels,
    asppChannels: config.aspp_channels,
    asppRates: config.atrous_rates,
    semanticChannels: config.decoder_channels,
    lowLevelChannels: config.low_level.map(([, width]) => width),
    asppDropout: 0,
    poolSize: config.pool_size,
  };
  return checkModule(golden, (scope, inputs) => {
    const feature = channelsFirst(inputs.feature_panoptic);
    const masks = maskHead(scope, feature, columns(inputs.transformer_mask_feature), settings);
    const classLogits = classHead(scope, columns(inputs.transformer_class_feature), config.num_classes_with_void - 1);
    // Of the manifest's low-level maps, what is no input of its own is the panoptic feature.
    const lowLevel = config.low_level.map(([name]) => (inputs[name] ? channelsFirst(inputs[name]) : feature));
    const semantic = semanticDecoder(
      scope.at("semanticDecoder"),
      channelsFirst(inputs.feature_semantic),
      lowLevel,
      settings,
    );
    const [, rows4, columns4] = golden.of("infer").mask_logits_upsampled.shape;
    return {
      outputs: {
        pixel_space_normalized_feature: channelsLast(masks.pixelFeature),
        transformer_mask_kernel: masks.maskKernel,
        pixel_space_mask_logits: channelsLast(masks.maskLogits),
        transformer_class_logits: classLogits,
        semantic_logits: channelsLast(
          semanticHead(scope, semantic, {
            headChannels: config.head_channels,
            outputs: config.semantic_output_channels,
          }),
        ),
        mask_probabilities: channelsLast(softmax(masks.maskLogits, { axis: 1 })),
        class_probabilities: softmax(classLogits, { axis: -1 }),
        mask_logits_upsampled: channelsLast(resizedTo(masks.maskLogits, [rows4, columns4])),
      },
      aux: { mask_logits_before_batch_norm: channelsLast(masks.maskProducts) },
    };
  });
});

// Learning rates and optimizers of this file: `optimizers.test.ts`.
goldens.covers("training", () => {
  const { drop_path: schedule } = JSON.parse(readFileSync(join(goldens.folder, "training.json"), "utf8")) as {
    drop_path: { schedule: "linear" | "constant"; last_stage_keep: number; keep_by_stride: Record<string, number> };
  };
  const settings: MaxDeepLabSettings = {
    ...maxDeepLabS,
    dropPath: 1 - schedule.last_stage_keep,
    dropPathSchedule: schedule.schedule,
    dropPathFromStride: 2,
  };
  for (const [stride, keep] of Object.entries(schedule.keep_by_stride)) {
    expect(1 - dropRate(Number(stride), settings), `stride ${stride}`).toBeCloseTo(keep, 9);
  }
  // Below the stride from which on blocks are dropped, none is.
  expect(dropRate(8, { ...settings, dropPathFromStride: 16 })).toBe(0);
});
