import type { Method } from "../method.ts";
import { predict } from "./predict.ts";
import { recipes, type TransUNetRecipe } from "./recipe.ts";
import { train } from "./train.ts";
import { validate } from "./validate.ts";

export const transunet: Method<TransUNetRecipe> = {
  name: "transunet",
  paper: {
    authors: "Chen, Lu, Yu, Luo, Adeli, Wang, Lu, Yuille, Zhou",
    title: "TransUNet: Transformers Make Strong Encoders for Medical Image Segmentation",
    venue: "arXiv 2102.04306, 2021",
    url: "https://arxiv.org/abs/2102.04306",
  },
  task: "semantic",
  learnsFrom: "masks",
  recipes,
  stages: () => [train],
  validate,
  stride: 16,
  predict,
};
