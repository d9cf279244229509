"""L2G's pair of ResNet-38: a local network that learns tags of views, and a global one that learns the other's attention, as one step."""
import torch
import torch.nn as nn
import torch.nn.functional as F


def conv(inputs, outputs, kernel, stride=1, dilation=1):
    return nn.Conv2d(inputs, outputs, kernel, stride, dilation if kernel == 3 else 0, dilation, bias=False)


class Unit(nn.Module):
    def __init__(self, inputs, middle, outputs, stride=1, first=1, dilation=1):
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(inputs), conv(inputs, middle, 3, stride, first)
        self.norm2, self.conv2 = nn.BatchNorm2d(middle), conv(middle, outputs, 3, 1, dilation)
        self.shortcut = None if inputs == outputs and stride == 1 else conv(inputs, outputs, 1, stride)

    def forward(self, x):
        p = F.relu(self.norm1(x), inplace=True)
        y = self.conv2(F.relu(self.norm2(self.conv1(p)), inplace=True))
        return y + (x if self.shortcut is None else self.shortcut(p)), p


class Bottleneck(nn.Module):
    def __init__(self, inputs, outputs, drop):
        super().__init__()
        self.drop = drop
        self.norm1, self.conv1 = nn.BatchNorm2d(inputs), conv(inputs, outputs // 4, 1)
        self.norm2, self.conv2 = nn.BatchNorm2d(outputs // 4), conv(outputs // 4, outputs // 2, 3, 1, 4)
        self.norm3, self.conv3 = nn.BatchNorm2d(outputs // 2), conv(outputs // 2, outputs, 1)
        self.shortcut = conv(inputs, outputs, 1)

    def forward(self, x):
        p = F.relu(self.norm1(x), inplace=True)
        y = F.dropout2d(F.relu(self.norm2(self.conv1(p)), inplace=True), self.drop)
        y = F.dropout2d(F.relu(self.norm3(self.conv2(y)), inplace=True), self.drop)
        return self.conv3(y) + self.shortcut(p), p


class Classifier(nn.Module):
    def __init__(self, classes, s):
        super().__init__()
        self.stem, stages, inputs = conv(3, 64, 3), [], 64
        for stage, count in enumerate((3, 3, 6)):
            outputs = 128 * 2**stage
            units = [Unit(inputs if i == 0 else outputs, outputs, outputs, 2 if i == 0 else 1) for i in range(count)]
            stages.append(nn.ModuleList(units))
            inputs = outputs
        wide = [Unit(512, 512, 1024, 1, 1, 2), Unit(1024, 512, 1024, 1, 2, 2), Unit(1024, 512, 1024, 1, 2, 2)]
        self.stages = nn.ModuleList([*stages, nn.ModuleList(wide)])
        self.six, self.seven, self.norm = Bottleneck(1024, 2048, 0.3), Bottleneck(2048, 4096, 0.5), nn.BatchNorm2d(4096)
        self.early, self.late = conv(512, s["earlyChannels"], 1), conv(1024, s["lateChannels"], 1)
        self.affinity = conv(3 + s["earlyChannels"] + s["lateChannels"], s["affinityChannels"], 1)
        self.scores = conv(4096, classes + 1, 1)
        nn.init.xavier_uniform_(self.scores.weight)
        for part in (self.stem, self.stages[0], *[m for m in self.modules() if isinstance(m, nn.BatchNorm2d)]):
            part.requires_grad_(False)

    def train(self, mode=True):
        super().train(mode)
        for part in self.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.eval()
        return self

    def forward(self, x):
        y, firsts = self.stem(x), []
        for stage in self.stages:
            for i, unit in enumerate(stage):
                y, p = unit(y)
                if i == 0:
                    firsts.append(p)
        y, fifth = self.six(y)
        y = F.relu(self.norm(self.seven(y)[0]), inplace=True)
        b, d, h, w = y.shape
        small = F.interpolate(x, (h, w), mode="bilinear", align_corners=True)
        seen = torch.cat([small, self.early(firsts[3].detach()), self.late(fifth.detach())], 1)
        unit = self.affinity(seen).flatten(2)
        unit = unit / (unit.norm(dim=1, keepdim=True) + 1e-5)
        alike = F.relu(unit.transpose(1, 2) @ unit, inplace=True)
        alike = alike / (alike.sum(1, keepdim=True) + 1e-5)
        refined = (y.flatten(2) @ alike).view(b, d, h, w)
        maps = self.scores(y) + self.scores(refined)
        return maps, maps[:, :-1].mean((2, 3))


class Pair(nn.Module):
    def __init__(self, s, classes):
        super().__init__()
        self.s, self.overall, self.local = s, Classifier(classes, s), Classifier(classes, s)
        new = ("early", "late", "affinity", "scores")
        named = [(name, p) for name, p in self.named_parameters() if p.requires_grad]
        is_new = [any(f".{part}." in name for part in new) for name, _ in named]
        rate, decay = s["attentionRate"], s["attentionWeightDecay"]
        self.groups = [
            {"params": [p for (_, p), n in zip(named, is_new) if n == head], "lr": rate * (s["newRate"] if head else 1)}
            for head in (False, True)
        ]
        self.optimizer = torch.optim.SGD(
            self.groups, lr=rate, momentum=s["attentionMomentum"], nesterov=True, weight_decay=decay
        )

    def batch(self):
        s, count = self.s, self.s["attentionBatchSize"]
        view, crop, boxes = s["viewSize"], s["localSize"], torch.tensor(s["boxes"], dtype=torch.float32)
        tags = torch.tensor(s["tags"], dtype=torch.float32)
        return (
            torch.randn(count, 3, view, view),
            torch.randn(count * s["views"], 3, crop, crop),
            boxes.view(-1, 4),
            tags,
            torch.rand(count * s["views"], 1, crop, crop),
        )

    def loss(self, image, views, boxes, tags, saliency):
        s = self.s
        all_tags = tags.repeat_interleave(s["views"], 0)
        overall, logits = self.overall(image)
        local, local_logits = self.local(views)
        size = local.shape[2:]
        with torch.no_grad():
            relative = F.relu(local)
            relative = relative / (relative.amax((2, 3), keepdim=True) + 1e-8)
            relative[:, :-1] *= all_tags[:, :, None, None]
            strongest = relative.argmax(1, keepdim=True)
            seen = torch.zeros_like(relative).scatter_(1, strongest, relative.gather(1, strongest))
            salient = F.interpolate(saliency, size, mode="nearest")
            target = (seen > s["targetThreshold"]).float()
            target = torch.cat([target[:, :-1] * salient, target[:, -1:] * (1 - salient)], 1)
        # Aligned to the boxes at the places of the local maps: one sample a cell, on indices, as RoIAlign without its correction.
        stride, (height, width) = s["viewSize"] / overall.shape[2], overall.shape[2:]
        x = boxes[:, 0:1] / stride + torch.arange(size[1]) + 0.5
        y = boxes[:, 1:2] / stride + torch.arange(size[0]) + 0.5
        x, y = 2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1
        grid = torch.stack([x[:, None].expand(-1, size[0], -1), y[:, :, None].expand(-1, -1, size[1])], -1)
        of = torch.arange(len(image)).repeat_interleave(s["views"])
        aligned = F.grid_sample(overall[of], grid, padding_mode="border", align_corners=True)
        transfer = F.mse_loss(aligned.softmax(1), target)
        watched = F.binary_cross_entropy_with_logits(logits.detach(), tags)  # logged, not lowered
        tagged = F.binary_cross_entropy_with_logits(local_logits, all_tags)
        self.watched = watched
        return s["transferWeight"] * transfer + s["localWeight"] * tagged
