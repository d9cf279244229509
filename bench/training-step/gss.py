"""GSS's image encoder on ResNet-50 with a small dVAE, as a step of stage 2 trains it: tokens and classes of pixels."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, 4 * width, 1, bias=False), nn.BatchNorm2d(4 * width)
        self.down = None
        if stride != 1 or inputs != 4 * width:
            self.down = nn.Sequential(nn.Conv2d(inputs, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width))

    def forward(self, x):
        shortcut = x if self.down is None else self.down(x)
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = F.relu(self.bn2(self.conv2(y)), inplace=True)
        return F.relu(self.bn3(self.conv3(y)) + shortcut, inplace=True)


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        stages, inputs = [], 64
        for stage, count in enumerate((3, 4, 6, 3)):
            width, units = 64 * 2**stage, []
            for i in range(count):
                units.append(Bottleneck(inputs, width, 2 if stage > 0 and i == 0 else 1))
                inputs = 4 * width
            stages.append(nn.Sequential(*units))
        self.stages = nn.ModuleList(stages)

    def forward(self, x):
        y = F.max_pool2d(F.relu(self.bn(self.conv(x)), inplace=True), 3, 2, 1)
        maps = []
        for stage in self.stages:
            y = stage(y)
            maps.append(y)
        return [maps[1], maps[0], maps[2], maps[3]]


class WindowBlock(nn.Module):
    def __init__(self, width, heads, window, shift):
        super().__init__()
        self.heads, self.window, self.shift = heads, window, shift
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.table = nn.Parameter(torch.randn((2 * window - 1) ** 2, heads) * 0.02)
        y, x = torch.meshgrid(torch.arange(window), torch.arange(window), indexing="ij")
        y, x = y.flatten(), x.flatten()
        index = (y[:, None] - y[None] + window - 1) * (2 * window - 1) + x[:, None] - x[None] + window - 1
        self.register_buffer("index", index)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.masks = {}

    def cut(self, x):
        b, h, w, c = x.shape
        m = self.window
        return x.view(b, h // m, m, w // m, m, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, m * m, c)

    def mask(self, h, w):
        if (h, w) not in self.masks:
            m, s, region = self.window, self.shift, torch.zeros(1, h, w, 1)
            for i, rows in enumerate((slice(0, h - m), slice(h - m, h - s), slice(h - s, h))):
                for j, columns in enumerate((slice(0, w - m), slice(w - m, w - s), slice(w - s, w))):
                    region[:, rows, columns] = 3 * i + j
            regions = self.cut(region).squeeze(-1)
            self.masks[h, w] = (regions[:, None] != regions[:, :, None]).float() * -100
        return self.masks[h, w]

    def attention(self, x):
        b, h, w, c = x.shape
        m = self.window
        x = F.pad(x, (0, 0, 0, -w % m, 0, -h % m))
        hp, wp = x.shape[1:3]
        if self.shift:
            x = torch.roll(x, (-self.shift, -self.shift), (1, 2))
        tokens = self.cut(x)
        n, t = tokens.shape[:2]
        q, k, v = self.qkv(tokens).view(n, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        scores = (q * (c // self.heads) ** -0.5) @ k.transpose(-2, -1)
        scores = scores + self.table[self.index.view(-1)].view(t, t, -1).permute(2, 0, 1)
        if self.shift:
            mask = self.mask(hp, wp)
            scores = (scores.view(b, -1, self.heads, t, t) + mask[None, :, None]).view(n, self.heads, t, t)
        y = self.proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(n, t, c))
        y = y.view(b, hp // m, wp // m, m, m, c).permute(0, 1, 3, 2, 4, 5).reshape(b, hp, wp, c)
        if self.shift:
            y = torch.roll(y, (self.shift, self.shift), (1, 2))
        return y[:, :h, :w]

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


def unit(inputs, outputs):
    conv = nn.Conv2d(inputs, outputs, 1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class DvaeBlock(nn.Module):
    """Of the encoder; the decoder's has the kernels the other way round."""

    def __init__(self, inputs, outputs, gain, kernels=(3, 3, 3, 1)):
        super().__init__()
        hidden = outputs // 4
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        widths = [inputs, hidden, hidden, hidden, outputs]
        convs = [nn.Conv2d(widths[i], widths[i + 1], kernel, padding=kernel // 2) for i, kernel in enumerate(kernels)]
        self.convs, self.gain = nn.ModuleList(convs), gain

    def forward(self, x):
        y = x
        for conv in self.convs:
            y = conv(F.relu(y))
        return self.skip(x) + self.gain * y


class DvaeEncoder(nn.Module):
    def __init__(self, codes, width, blocks, groups):
        super().__init__()
        layers, inputs = [nn.Conv2d(3, width, 7, padding=3)], width
        for group in range(groups):
            for _ in range(blocks):
                layers.append(DvaeBlock(inputs, width * 2**group, 1 / (groups * blocks) ** 2))
                inputs = width * 2**group
            if group < groups - 1:
                layers.append(nn.MaxPool2d(2))
        self.layers, self.last = nn.Sequential(*layers), nn.Conv2d(inputs, codes, 1)

    def forward(self, x):
        return self.last(F.relu(self.layers(x)))


class Dvae(nn.Module):
    """DALL-E's discrete VAE, from the specification: a picture to tokens and back. The first layer of the decoder is a look-up."""

    def __init__(self, s):
        super().__init__()
        codes, width, entry, blocks, groups = s["codes"], s["width"], s["entryWidth"], s["blocksPerGroup"], s["groups"]
        self.encoder, self.entry = DvaeEncoder(codes, width, blocks, groups), nn.Embedding(codes, entry)
        layers, inputs = [], entry
        for group in reversed(range(groups)):
            for _ in range(blocks):
                layers.append(DvaeBlock(inputs, width * 2**group, 1 / (groups * blocks) ** 2, (1, 3, 3, 3)))
                inputs = width * 2**group
            if group > 0:
                layers.append(nn.Upsample(scale_factor=2, mode="nearest"))
        self.layers, self.last = nn.Sequential(*layers), nn.Conv2d(inputs, 6, 1)

    def forward(self, x):
        tokens = self.encoder(0.8 * x + 0.1).argmax(1)
        y = self.last(F.relu(self.layers(self.entry(tokens).permute(0, 3, 1, 2))))
        return ((torch.sigmoid(y[:, :3]) - 0.1) / 0.8).clamp(0, 1)


class Gss(nn.Module):
    def __init__(self, s, classes):
        super().__init__()
        self.s, self.classes, self.backbone = s, classes, Backbone()
        level, width, channels = s["levelWidth"], s["fusionWidth"], (512, 256, 1024, 2048)
        self.levels = nn.ModuleList([unit(c, level) for c in channels])
        self.fusion = unit(4 * level, width)
        window = s["aggregationWindow"]
        shifts = [0 if i % 2 == 0 else window // 2 for i in range(s["aggregationDepth"])]
        self.blocks = nn.Sequential(*[WindowBlock(width, s["aggregationHeads"], window, shift) for shift in shifts])
        self.norm = nn.LayerNorm(width)
        self.classifier, self.tokens = unit(width, s["classifierWidth"]), nn.Conv2d(s["classifierWidth"], s["codes"], 1)
        self.pixel_levels = nn.ModuleList([unit(c, level) for c in channels])
        self.pixel_fusion, self.pixels = unit(4 * level, level), nn.Conv2d(level, classes, 1)
        self.dvae = DvaeEncoder(s["codes"], s["tokenizerWidth"], s["tokenizerBlocks"], s["tokenizerGroups"])
        self.dvae.requires_grad_(False)
        self.register_buffer("palette", torch.rand(classes + 1, 3))

    @staticmethod
    def fused(levels, maps, fusion, size):
        brought = [F.interpolate(f(x), size, mode="bilinear", align_corners=False) for f, x in zip(levels, maps)]
        return fusion(torch.cat(brought, 1))

    def loss(self, image, labels):
        maps = self.backbone(image)
        grid = maps[1].shape[2:]
        x = self.fused(self.levels, maps, self.fusion, grid).permute(0, 2, 3, 1)
        x = self.classifier(self.norm(self.blocks(x)).permute(0, 3, 1, 2))
        logits = self.tokens(F.dropout2d(x, self.s["headDropout"]))
        size = (8 * grid[0], 8 * grid[1])
        pixels = self.pixels(self.fused(self.pixel_levels, maps, self.pixel_fusion, grid))
        pixels = F.interpolate(pixels, size, mode="bilinear", align_corners=False)
        with torch.no_grad():
            up = labels.repeat_interleave(2, 1).repeat_interleave(2, 2)
            known = up != 255
            completed = torch.where(known, up, pixels.argmax(1))
            maskige = self.palette[completed].permute(0, 3, 1, 2) * 0.8 + 0.1
            tokens = self.dvae(maskige).argmax(1)
            cells = F.max_pool2d(known[:, None].float(), 8)[:, 0] > 0
            tokens = torch.where(cells, tokens, torch.full_like(tokens, self.s["codes"]))
        token_loss = F.cross_entropy(logits, tokens, ignore_index=self.s["codes"])
        return self.s["tokenWeight"] * token_loss + self.s["pixelWeight"] * F.cross_entropy(pixels, up, ignore_index=255)
