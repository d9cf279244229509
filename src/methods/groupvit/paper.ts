import type { Citation } from "../method.ts";

export const paper: Citation = {
  authors: "Xu, De Mello, Liu, Byeon, Breuel, Kautz, Wang",
  title: "GroupViT: Semantic Segmentation Emerges from Text Supervision",
  venue: "CVPR 2022",
  url: "https://arxiv.org/abs/2202.11094",
};
