"""MaX-DeepLab-S as its specification has it: a training step with matching and all five terms, and a prediction with its read-out."""
import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval


class ConvNorm(nn.Module):
    def __init__(self, inputs, outputs, kernel=1, stride=1, dilation=1, groups=1, relu=False, gamma=1.0):
        super().__init__()
        padding = (kernel - 1) * dilation // 2
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01)
        nn.init.constant_(self.norm.weight, gamma)
        self.relu = relu

    def folded(self):
        """For prediction: the norm is part of the convolution."""
        self.conv, self.norm = fuse_conv_bn_eval(self.conv, self.norm), nn.Identity()

    def forward(self, x):
        y = self.norm(self.conv(x))
        return F.relu(y, inplace=True) if self.relu else y


def drop(x, rate, training):
    if not training or rate == 0:
        return x
    keep = torch.floor(1 - rate + torch.rand(x.shape[0], 1, 1, 1))
    return x * (keep / (1 - rate))


class AxialAttention(nn.Module):
    def __init__(self, inputs, s, filters, axis):
        super().__init__()
        self.heads, self.axis, self.span = s["heads"], axis, s["maxSpan"]
        self.keys, self.values = s["keyExpansion"] * filters, s["valueExpansion"] * filters
        self.qkv = ConvNorm(inputs, 2 * self.keys + self.values)
        rows, d, e = 2 * self.span - 1, self.keys // self.heads, self.values // self.heads
        self.rq, self.rk, self.rv = (nn.Parameter(torch.randn(rows, width)) for width in (d, d, e))
        self.similarity = nn.BatchNorm2d(3 * self.heads, eps=1e-3, momentum=0.01)
        self.retrieved = nn.BatchNorm2d(2 * self.values, eps=1e-3, momentum=0.01)

    def forward(self, x):
        qkv = self.qkv(x)
        if self.axis == "height":
            qkv = qkv.transpose(2, 3)  # [B, C, O, L]
        b, c, o, n = qkv.shape
        qkv = qkv.permute(0, 2, 1, 3).reshape(b * o, c, n)
        q, k, v = (p.reshape(b * o, self.heads, -1, n) for p in qkv.split([self.keys, self.keys, self.values], 1))
        at = torch.arange(n)
        rows = at[None] - at[:, None] + self.span - 1  # [query, key]
        rq, rk, rv = self.rq[rows], self.rk[rows], self.rv[rows]
        scores = torch.cat(
            [
                torch.einsum("nhdl,nhdm->nhlm", q, k),
                torch.einsum("nhdl,lmd->nhlm", q, rq),
                torch.einsum("nhdm,lmd->nhlm", k, rk),
            ],
            1,
        )
        weights = self.similarity(scores).view(b * o, 3, self.heads, n, n).sum(1).softmax(-1)
        found = torch.cat(
            [
                torch.einsum("nhlm,nhem->nhel", weights, v).reshape(b * o, -1, n),
                torch.einsum("nhlm,lme->nhel", weights, rv).reshape(b * o, -1, n),
            ],
            1,
        )
        y = self.retrieved(found.unsqueeze(3)).view(b, o, 2, self.values, n).sum(2).permute(0, 2, 1, 3)  # [B, C, O, L]
        return y.transpose(2, 3) if self.axis == "height" else y


class Block(nn.Module):
    """Bottleneck, or axial where `filters` is given: ReLU first, none in the end."""

    def __init__(self, s, inputs, widths, stride=1, dilation=1, filters=None, rate=0):
        super().__init__()
        self.rate, self.stride = rate, stride
        self.conv1 = ConvNorm(inputs, widths[0], relu=True)
        if filters is None:
            self.middle, middle = ConvNorm(widths[0], widths[1], 3, stride, dilation, relu=True), widths[1]
        else:
            middle = s["valueExpansion"] * filters
            self.middle = nn.Sequential(
                AxialAttention(widths[0], s, filters, "height"), AxialAttention(middle, s, filters, "width"), nn.ReLU()
            )
        self.conv3 = ConvNorm(middle, widths[2], gamma=0.0)
        self.shortcut = ConvNorm(inputs, widths[2], stride=stride) if inputs != widths[2] else nn.Identity()

    def forward(self, x):
        x = F.relu(x)
        return drop(self.conv3(self.middle(self.conv1(x))), self.rate, self.training) + self.shortcut(x)


class DualPath(nn.Module):
    def __init__(self, s, pixels, filters, rate):
        super().__init__()
        self.heads, self.f, self.rate, memory, wide = s["heads"], filters, rate, s["memoryChannels"], 2 * filters
        self.memory1, self.pixel1 = ConvNorm(memory, wide, relu=True), ConvNorm(pixels, wide, relu=True)
        self.memory_qkv, self.pixel_qkv = ConvNorm(wide, 4 * filters), ConvNorm(wide, 4 * filters)
        norm = lambda channels: nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)  # noqa: E731
        self.memory_scores, self.pixel_scores = norm(self.heads), norm(self.heads)
        self.memory_values, self.pixel_values = norm(wide), norm(wide)
        self.memory3, self.pixel3 = ConvNorm(wide, memory, gamma=0.0), ConvNorm(wide, pixels, gamma=0.0)
        self.ffn1 = ConvNorm(memory, s["ffnChannels"], relu=True)
        self.ffn2 = ConvNorm(s["ffnChannels"], memory, gamma=0.0)

    def apart(self, x):
        parts = x.flatten(2).split([self.f, self.f, 2 * self.f], 1)
        return [p.reshape(p.shape[0], self.heads, -1, p.shape[2]).transpose(2, 3) for p in parts]

    def attend(self, q, k, v, scores, values, size):
        weights = scores(q @ k.transpose(2, 3)).softmax(-1)
        y = (weights @ v).transpose(2, 3).reshape(q.shape[0], -1, *size)
        return F.relu(values(y))

    def forward(self, pixels, memory):
        mq, mk, mv = self.apart(self.memory_qkv(self.memory1(memory)))
        pq, pk, pv = self.apart(self.pixel_qkv(self.pixel1(F.relu(pixels))))
        keys, read = torch.cat([pk, mk], 2), torch.cat([pv, mv], 2)
        y = self.attend(mq, keys, read, self.memory_scores, self.memory_values, memory.shape[2:])
        after = F.relu(memory + drop(self.memory3(y), self.rate, self.training))
        after = F.relu(after + drop(self.ffn2(self.ffn1(after)), self.rate, self.training))
        y = self.attend(pq, mk, mv, self.pixel_scores, self.pixel_values, pixels.shape[2:])
        return pixels + drop(self.pixel3(y), self.rate, self.training), after


def resized(x, size):
    return x if x.shape[2:] == size else F.interpolate(x, size, mode="bilinear", align_corners=True)


class Fuse(nn.Module):
    """Maps that are coarser or finer, brought to one size and width and added up."""

    def __init__(self, inputs, channels):
        super().__init__()
        self.convs = nn.ModuleList(
            [nn.Identity() if own == channels else ConvNorm(own, channels, stride=stride) for own, stride in inputs]
        )

    def forward(self, maps, size):
        return sum(resized(x if isinstance(f, nn.Identity) else f(F.relu(x)), size) for f, x in zip(self.convs, maps))


def separable(inputs, outputs):
    return nn.Sequential(ConvNorm(inputs, inputs, 5, groups=inputs, relu=True), ConvNorm(inputs, outputs, relu=True))


class SemanticDecoder(nn.Module):
    def __init__(self, s, inputs, low):
        super().__init__()
        c, wide = s["asppChannels"], s["semanticChannels"]
        self.first, self.pool = ConvNorm(inputs, c, relu=True), ConvNorm(inputs, c, relu=True)
        self.atrous = nn.ModuleList([ConvNorm(inputs, c, 3, dilation=rate, relu=True) for rate in s["asppRates"]])
        self.project, self.rate = ConvNorm(5 * c, c, relu=True), s["asppDropout"]
        self.low = nn.ModuleList([ConvNorm(own, to, relu=True) for own, to in zip(low, s["lowLevelChannels"])])
        self.fuse = nn.ModuleList([separable(b + to, wide) for b, to in zip((c, wide), s["lowLevelChannels"])])

    def forward(self, x, low):
        pooled = self.pool(x.mean((2, 3), keepdim=True)).expand(-1, -1, *x.shape[2:])
        x = self.project(torch.cat([self.first(x), *[conv(x) for conv in self.atrous], pooled], 1))
        x = F.dropout(x, self.rate, self.training)
        for project, fuse, finer in zip(self.low, self.fuse, low):
            x = fuse(torch.cat([resized(x, finer.shape[2:]), project(finer)], 1))
        return x


class MaxDeepLabS(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.s, self.classes = s, s["things"] + s["stuff"]
        blocks, memory = s["stageBlocks"], s["memoryChannels"]
        self.stem = nn.Sequential(ConvNorm(3, 64, 3, 2, relu=True), ConvNorm(64, 64, 3, relu=True), ConvNorm(64, 128, 3))
        self.memory = nn.Parameter(torch.randn(1, memory, s["slots"], 1))

        def bottlenecks(count, inputs, f, stride):
            return [Block(s, inputs if i == 0 else 4 * f, (f, f, 4 * f), stride if i == 0 else 1) for i in range(count)]

        def axial(inputs, f, stride):
            rate = s["dropPath"] * (math.log2(stride) - 1) / 4
            return Block(s, inputs, (s["axialExpansion"] * f, f, 4 * f), filters=f, rate=rate)

        self.stage2 = nn.Sequential(*bottlenecks(blocks[0], 128, 64, 2))
        self.stage3 = nn.Sequential(*bottlenecks(blocks[1], 256, 128, 2))
        rate4 = s["dropPath"] * 3 / 4
        first = Block(s, 512, (256, 256, 1024), 2, rate=rate4)
        self.stage4 = nn.Sequential(first, *[axial(1024, 256, 16) for _ in range(blocks[2] - 1)])
        count = blocks[3] + 1
        self.stage5 = nn.ModuleList([axial(1024 if i == 0 else 2048, 512, 32) for i in range(count)])
        self.readers = nn.ModuleList([DualPath(s, 2048, int(128 * s["transformerMultiplier"]), s["dropPath"]) for _ in range(count)])
        self.fuse8, self.up8 = Fuse([(2048, 1), (512, 1)], 512), Block(s, 512, (128, 128, 512))
        self.fuse4, self.up4 = Fuse([(512, 1), (256, 1)], 256), Block(s, 256, (64, 64, 256))
        self.class_feature = ConvNorm(memory, s["featureChannels"], relu=True)
        self.mask_feature = ConvNorm(memory, s["featureChannels"], relu=True)
        d = s["maskChannels"]
        self.pixel_head = separable(256, s["headChannels"])
        self.pixel_last, self.pixel_norm = nn.Conv2d(s["headChannels"], d, 1), nn.BatchNorm2d(d, eps=1e-3, momentum=0.01)
        self.mask_head, self.mask_norm = ConvNorm(s["featureChannels"], d), nn.BatchNorm1d(1, eps=1e-3, momentum=0.01)
        nn.init.constant_(self.mask_norm.weight, s["maskScale"])
        self.class_head = nn.Linear(s["featureChannels"], self.classes + 1)
        self.semantic = SemanticDecoder(s, 2048, (512, 256))
        self.semantic_head = nn.Sequential(separable(s["semanticChannels"], s["headChannels"]), nn.Conv2d(s["headChannels"], self.classes + 1, 1))
        shift = torch.zeros(self.classes + 1)
        shift[-1] = math.log(self.classes * 9)
        self.register_buffer("shift", shift)

    def folded(self):
        for part in self.modules():
            if isinstance(part, ConvNorm):
                part.folded()
        return self

    def features(self, image):
        two = self.stage2(self.stem(image.permute(0, 3, 1, 2).float() / 127.5 - 1))
        three = self.stage3(two)
        x, memory, fifth = self.stage4(three), self.memory.expand(image.shape[0], -1, -1, -1), None
        for i, (block, reader) in enumerate(zip(self.stage5, self.readers)):
            x, memory = reader(block(x), memory)
            if i == len(self.stage5) - 2:
                fifth = x
        y = self.up8(self.fuse8([x, three], three.shape[2:]))
        y = F.relu(self.up4(self.fuse4([y, two], two.shape[2:])))
        pixels = F.normalize(self.pixel_norm(self.pixel_last(self.pixel_head(y))), dim=1)
        kernels = self.mask_head(self.mask_feature(memory)).squeeze(3)  # [B, D, N]
        products = kernels.transpose(1, 2) @ pixels.flatten(2)
        masks = self.mask_norm(products.flatten(1).unsqueeze(1)).view(*products.shape[:2], *y.shape[2:])
        classes = self.class_head(self.class_feature(memory).squeeze(3).transpose(1, 2)) + self.shift
        return pixels, masks, classes, (F.relu(fifth), [F.relu(three), F.relu(two)])

    def loss(self, image, targets):
        s, (segment, nonvoid, segment_class, labels, label_weight) = self.s, targets
        pixels, masks, classes, (fifth, low) = self.features(image)
        semantic = self.semantic_head(self.semantic(fifth, low))
        b, slots = masks.shape[:2]
        count = segment_class.shape[1]
        segment, inside = segment.flatten(1), segment.flatten(1) >= 0
        safe = segment.clamp(min=0).long()
        true = F.one_hot(safe, count).float().mul(inside.unsqueeze(2)).transpose(1, 2)  # [B, G, P]
        seen = nonvoid.flatten(1).unsqueeze(1).float()
        logits = masks.flatten(2)
        chance = logits.softmax(1)  # [B, N, P]
        area, overlap = true.sum(2, keepdim=True), true @ (chance * seen).transpose(1, 2)
        dice = overlap / ((area + (chance * seen).sum(2).unsqueeze(1)) / 2 + 1e-5)
        there = (segment_class >= 0).float()
        wanted = F.one_hot(segment_class.clamp(min=0).long(), self.classes + 1).float() * there.unsqueeze(2)
        alike = wanted @ classes.softmax(2).transpose(1, 2)
        matrix, slot_of = torch.zeros_like(dice), torch.zeros(b, count, dtype=torch.long)
        with torch.no_grad():
            for i, values in enumerate((dice * alike).numpy()):
                rows = np.flatnonzero(segment_class[i].numpy() >= 0)
                columns = assignment(-values[rows].astype(np.float64))
                matrix[i, rows, columns] = 1
                slot_of[i, rows] = torch.from_numpy(columns)
        matched = matrix.sum(2)
        sure = (matrix * alike).sum(2).detach().clamp(min=1e-5)
        covered = inside.unsqueeze(1).float() @ chance.transpose(1, 2)
        smooth = 1 - (2 * overlap + 1) / (area + covered + 1)
        mask_term = s["pqWeight"] * s["pqAlpha"] / slots * ((matrix * smooth).sum(2) * sure * matched).sum(1)
        taken, free = matrix.sum(1), 1 - matrix.sum(1)
        target = matrix.transpose(1, 2) @ wanted
        target[:, :, -1] += free
        entropy = -(target * classes.log_softmax(2)).sum(2)
        void = ((chance * (1 - seen)).sum(2) / (chance.sum(2) + 1e-5)).detach().clamp(min=1e-5)
        weight = taken * (matrix * dice).sum(1).detach().clamp(min=1e-5) * s["pqAlpha"] + free * void * (1 - s["pqAlpha"])
        class_term = s["pqWeight"] * nonzero_mean(weight * entropy)
        own = F.cross_entropy(logits, slot_of.gather(1, safe), reduction="none")
        mask_id = s["maskIdWeight"] * nonzero_mean(own * matched.gather(1, safe) * inside)
        flat = pixels.flatten(2)
        centre = F.normalize(true @ flat.transpose(1, 2) / area.clamp(min=1), dim=2)
        near = (centre @ flat / s["instanceTemperature"]).masked_fill((there == 0).unsqueeze(2), -99999)
        of_things = inside & (segment < s["maxThings"])
        instance = s["instanceWeight"] * nonzero_mean(F.cross_entropy(near, safe, reduction="none") * of_things)
        pixel = F.cross_entropy(semantic.flatten(2), labels.flatten(1).long(), reduction="none")
        auxiliary = s["semanticWeight"] * nonzero_mean(pixel * label_weight.flatten(1))
        return (mask_term + class_term + mask_id + instance + auxiliary).mean()

    def predict(self, image):
        s, (_, masks, classes, _) = self.s, self.features(image)
        confidence, channel = classes[0].softmax(1)[:, :-1].max(1)
        detected = confidence >= s["classThreshold"]
        logits = resized(masks, image.shape[1:3])[0]
        sure = logits.masked_fill(~detected[:, None, None], -99999)
        share, slot = sure.softmax(0).max(0)
        kept = (share > s["pixelThreshold"]) & (sure.max(0).values >= logits.max(0).values)
        thing = channel < s["things"]
        ids = (channel + 1) * 256 + torch.where(thing, torch.arange(len(channel)) + 1, 0)
        panoptic = torch.where(kept, ids[slot], 0)
        for i in torch.unique(panoptic).tolist():
            at = panoptic == i
            if at.sum() < (s["thingArea"] if i % 256 else s["stuffArea"]):
                panoptic[at] = 0
        return panoptic, (channel + 1)[logits.argmax(0)]


def nonzero_mean(x):
    return x.sum(1) / (x != 0).sum(1).clamp(min=1)


def assignment(cost):
    """Of each row its column, so that the sum is the least (Kuhn 1955): rows ≤ columns."""
    rows, columns = cost.shape
    u, v, row_of = np.zeros(rows + 1), np.zeros(columns + 1), np.zeros(columns + 1, dtype=int)
    for row in range(1, rows + 1):
        row_of[0], at = row, 0
        least, way, done = np.full(columns + 1, np.inf), np.zeros(columns + 1, dtype=int), np.zeros(columns + 1, dtype=bool)
        while row_of[at] != 0:
            done[at] = True
            open_ = ~done[1:]
            reduced = cost[row_of[at] - 1] - u[row_of[at]] - v[1:]
            better = open_ & (reduced < least[1:])
            least[1:][better], way[1:][better] = reduced[better], at
            following = int(np.argmin(np.where(open_, least[1:], np.inf))) + 1
            delta = least[following]
            u[row_of[done]] += delta
            v[done] -= delta
            least[~done] -= delta
            at = following
        while at != 0:
            row_of[at] = row_of[way[at]]
            at = way[at]
    found = np.empty(rows, dtype=int)
    for column in range(1, columns + 1):
        if row_of[column]:
            found[row_of[column] - 1] = column - 1
    return found


def targets(s, batch, side):
    """Twelve segments on a grid, half of them things, and a border of void: as `maxdeeplab.ts` has them."""
    at = torch.arange(side)
    cell = (at[:, None] * 3).div(side, rounding_mode="floor") * 4 + (at[None] * 4).div(side, rounding_mode="floor")
    thing = cell % 2 == 0
    void = at[:, None].expand(side, side) == 0
    segment = torch.where(thing, cell // 2, s["maxThings"] + cell // 2).masked_fill(void, -1)
    label = torch.where(thing, 1 + cell // 2, 1 + s["things"] + cell // 2).masked_fill(void, 0)
    of = torch.full((s["maxThings"] + s["stuff"],), -1)
    for i in range(6):
        of[i], of[s["maxThings"] + i] = i, s["things"] + i
    one = (segment, ~void, of, label, (~void).float())
    return [x.unsqueeze(0).expand(batch, *x.shape).contiguous() for x in one]
