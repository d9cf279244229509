"""PyTorch's side: the same models, a training step for each line on stdin, its cost as a line of JSON."""
import json
import resource
import sys
import time

name, threads, settings = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])

import torch  # noqa: E402
import torch.nn as nn  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch.nn.utils.fusion import fuse_conv_bn_eval  # noqa: E402

torch.set_num_threads(threads)
torch.manual_seed(1)


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.qkv, self.proj = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        weights = ((q * (d // self.heads) ** -0.5) @ k.transpose(-2, -1)).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(b, t, d))


class Block(nn.Module):
    def __init__(self, width, heads, hidden):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Vit(nn.Module):
    def __init__(self, width=384, depth=12, heads=6, classes=1000):
        super().__init__()
        self.patch = nn.Conv2d(3, width, 16, 16)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(torch.randn(1, 197, width) * 0.02)
        self.blocks = nn.Sequential(*[Block(width, heads, 4 * width) for _ in range(depth)])
        self.norm, self.head = nn.LayerNorm(width, eps=1e-6), nn.Linear(width, classes)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.positions
        return self.head(self.norm(self.blocks(x))[:, 0])


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
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = F.relu(self.bn2(self.conv2(y)), inplace=True)
        y = self.bn3(self.conv3(y))
        y += x if self.down is None else self.down(x)
        return F.relu(y, inplace=True)


class ResNet(nn.Module):
    def __init__(self, units=(3, 4, 6, 3), classes=1000):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        layers, inputs = [], 64
        for stage, count in enumerate(units):
            width = 64 * 2**stage
            for i in range(count):
                layers.append(Bottleneck(inputs, width, 2 if stage > 0 and i == 0 else 1))
                inputs = 4 * width
        self.layers, self.fc = nn.Sequential(*layers), nn.Linear(inputs, classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn(self.conv(x)), inplace=True), 3, 2, 1)
        return self.fc(self.layers(x).mean((2, 3)))


class MobileNet(nn.Module):
    def __init__(self, stages, classes=1000):
        super().__init__()
        blocks, inputs = [], 32
        for factor, channels, count, first in stages:
            for i in range(count):
                wide, stride = factor * inputs, first if i == 0 else 1
                layers = [] if factor == 1 else [*self.unit(inputs, wide, 1), nn.ReLU6(inplace=True)]
                layers += [*self.unit(wide, wide, 3, stride, wide), nn.ReLU6(inplace=True), *self.unit(wide, channels, 1)]
                blocks.append((nn.Sequential(*layers), stride == 1 and inputs == channels))
                inputs = channels
        self.stem = nn.Sequential(*self.unit(3, 32, 3, 2), nn.ReLU6(inplace=True))
        self.blocks, self.adds = nn.ModuleList([block for block, _ in blocks]), [adds for _, adds in blocks]
        self.last = nn.Sequential(*self.unit(inputs, 1280, 1), nn.ReLU6(inplace=True))
        self.fc = nn.Linear(1280, classes)

    @staticmethod
    def unit(inputs, outputs, kernel, stride=1, groups=1):
        conv = nn.Conv2d(inputs, outputs, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False)
        return conv, nn.BatchNorm2d(outputs)

    def folded(self):
        """For prediction: each norm is part of the convolution before it."""
        for parts in (self.stem, self.last, *self.blocks):
            for i, part in enumerate(parts):
                if isinstance(part, nn.BatchNorm2d):
                    parts[i - 1] = fuse_conv_bn_eval(parts[i - 1], part)
                    parts[i] = nn.Identity()
        return self

    def forward(self, x):
        x = self.stem(x)
        for block, adds in zip(self.blocks, self.adds):
            x = x + block(x) if adds else block(x)
        return self.fc(self.last(x).mean((2, 3)))


def same(size, kernel, stride):
    total = max(0, (-(-size // stride) - 1) * stride + kernel - size)
    return total // 2, total - total // 2


class StdConv(nn.Conv2d):
    """Weight-standardised convolution with SAME padding."""

    def forward(self, x):
        w = self.weight
        variance, mean = torch.var_mean(w, dim=[1, 2, 3], keepdim=True, unbiased=False)
        w = (w - mean) / (torch.sqrt(variance) + 1e-5)
        k, s = self.kernel_size[0], self.stride[0]
        top, bottom = same(x.shape[2], k, s)
        left, right = same(x.shape[3], k, s)
        if top == bottom and left == right:
            return F.conv2d(x, w, None, s, (top, left))
        return F.conv2d(F.pad(x, (left, right, top, bottom)), w, None, s)


class Unit(nn.Module):
    def __init__(self, inputs, middle, stride, groups):
        super().__init__()
        outputs = 4 * middle
        self.conv1, self.gn1 = StdConv(inputs, middle, 1, bias=False), nn.GroupNorm(groups, middle, 1e-6)
        self.conv2, self.gn2 = StdConv(middle, middle, 3, stride, bias=False), nn.GroupNorm(groups, middle, 1e-6)
        self.conv3, self.gn3 = StdConv(middle, outputs, 1, bias=False), nn.GroupNorm(groups, outputs, 1e-6)
        self.down = None
        if stride != 1 or inputs != outputs:
            self.down, self.gn = StdConv(inputs, outputs, 1, stride, bias=False), nn.GroupNorm(groups, outputs, 1e-6)

    def forward(self, x):
        shortcut = x if self.down is None else self.gn(self.down(x))
        y = F.relu(self.gn1(self.conv1(x)), inplace=True)
        y = F.relu(self.gn2(self.conv2(y)), inplace=True)
        return F.relu(self.gn3(self.conv3(y)) + shortcut, inplace=True)


def conv_norm_relu(inputs, outputs):
    conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class TransUNet(nn.Module):
    def __init__(self, s, classes=11):
        super().__init__()
        w, g = s["stemWidth"], s["normGroups"]
        self.size = (s["cropHeight"], s["cropWidth"])
        self.root, self.norm = StdConv(3, w, 7, 2, bias=False), nn.GroupNorm(g, w, 1e-6)
        stages, inputs = [], w
        for stage, count in enumerate(s["stageUnits"]):
            middle = w * 2**stage
            units = []
            for i in range(count):
                units.append(Unit(inputs, middle, 2 if stage > 0 and i == 0 else 1, g))
                inputs = 4 * middle
            stages.append(nn.Sequential(*units))
        self.stages = nn.ModuleList(stages)
        width = s["tokenWidth"]
        self.patch = nn.Conv2d(inputs, width, 1)
        self.positions = nn.Parameter(torch.zeros(1, self.size[0] * self.size[1] // 256, width))
        self.blocks = nn.Sequential(*[Block(width, s["heads"], s["mlpWidth"]) for _ in range(s["layers"])])
        self.last = nn.LayerNorm(width, eps=1e-6)
        multiplier = s["widthMultiplier"]
        c = s["headChannels"] * multiplier
        self.more = conv_norm_relu(width, c)
        skips = [8 * w, 4 * w, w][: s["skips"]]
        blocks = []
        levels = 4 - {1: 0, 2: 1, 4: 2}[s["outputStride"]]
        for i, channels in enumerate(s["decoderChannels"][:levels]):
            channels *= multiplier
            joined = c + (skips[i] if i < len(skips) else 0)
            blocks.append(nn.Sequential(conv_norm_relu(joined, channels), conv_norm_relu(channels, channels)))
            c = channels
        self.up, self.skips = nn.ModuleList(blocks), len(skips)
        self.head = nn.Conv2d(c, classes, 3, padding=1)

    def forward(self, x):
        root = F.relu(self.norm(self.root(x)), inplace=True)
        top, bottom = same(root.shape[2], 3, 2)
        left, right = same(root.shape[3], 3, 2)
        y, features = F.max_pool2d(F.pad(root, (left, right, top, bottom)), 3, 2), []
        for stage in self.stages:
            y = stage(y)
            features.append(y)
        features = [features[1], features[0], root]
        b, _, h, w = y.shape
        tokens = self.last(self.blocks(self.patch(y).flatten(2).transpose(1, 2) + self.positions))
        y = self.more(tokens.transpose(1, 2).reshape(b, -1, h, w))
        for i, block in enumerate(self.up):
            y = F.interpolate(y, scale_factor=2, mode="bilinear", align_corners=True)
            y = block(torch.cat([y, features[i]], 1) if i < self.skips else y)
        y = self.head(y)
        return y if y.shape[2:] == self.size else F.interpolate(y, self.size, mode="bilinear", align_corners=False)


denoises = name.startswith("denoise")
if name == "vit":
    model, size, classes = Vit(), (224, 224), 1000
elif name == "resnet":
    model, size, classes = ResNet(), (224, 224), 1000
elif name.startswith("groupvit"):
    from groupvit import GroupVit

    model, size, classes = GroupVit(settings), (settings["imageSize"],) * 2, 0
elif name == "gss":
    from gss import Gss

    model, size, classes = Gss(settings, settings["classes"]), (settings["cropHeight"], settings["cropWidth"]), settings["classes"]
elif name.startswith("l2g"):
    from l2g import Pair

    model, size, classes = Pair(settings, settings["classes"]), (settings["viewSize"],) * 2, settings["classes"]
elif name.startswith("maxdeeplab"):
    from maxdeeplab import MaxDeepLabS, targets

    model, size, classes = MaxDeepLabS(settings), (settings["cropHeight"], settings["cropWidth"]), 0
elif name == "dvae-prediction":
    from gss import Dvae

    model, size, classes = Dvae(settings), tuple(settings["shape"][2:]), 0
elif name.startswith("mobilenet"):
    model, size, classes = MobileNet(settings["stages"]), tuple(settings["shape"][2:]), 1000
else:
    classes = 3 if denoises else 11
    model = TransUNet(settings, classes)
    size = model.size
if denoises and settings["frozen"]:
    for part in (model.root, model.norm, model.stages, model.patch, model.blocks, model.last):
        part.requires_grad_(False)
    model.positions.requires_grad_(False)
trained = [p for p in model.parameters() if p.requires_grad]
if name in ("resnet", "mobilenet"):
    optimizer = torch.optim.SGD(trained, lr=1e-3, momentum=0.9)
elif name.startswith("l2g"):
    optimizer = model.optimizer
elif denoises or name.startswith("maxdeeplab"):
    optimizer = torch.optim.Adam(trained, lr=1e-4)
else:
    optimizer = torch.optim.AdamW(trained, lr=1e-4, weight_decay=0.05)
predicts = name.endswith("prediction")
if predicts:
    model = model.eval().folded() if hasattr(model, "folded") else model.eval()
batch = settings.get("shape", [8])[0]
pair = model.batch() if name.startswith("l2g") else None
image = torch.randn(batch, 3, *size).clamp(-1, 1) if denoises else torch.randn(batch, 3, *size)
labels = torch.randint(max(1, classes), (batch, *(size if name in ("transunet", "gss") else ())))
if name.startswith("groupvit"):
    ids = torch.randint(settings["textVocabulary"], (batch, 1 + settings["prompts"], settings["textContext"]))
    words = F.normalize(torch.randn(settings["words"], settings["projectionWidth"]), dim=-1)
if name.startswith("maxdeeplab"):
    image = torch.randint(256, (batch, *size, 3), dtype=torch.uint8)
    masks = targets(settings, batch, (size[0] - 1) // 4 + 1)


def step_loss():
    if name == "groupvit":
        return model.loss(image, ids)
    if name.startswith("maxdeeplab"):
        return model.loss(image, masks)
    if name == "gss":
        return model.loss(image, labels)
    if pair is not None:
        return model.loss(*pair)
    if not denoises:
        return F.cross_entropy(model(image), labels)
    sigma, noise = 0.22, torch.randn_like(image)
    return F.mse_loss(model((image + sigma * noise) / (1 + sigma**2) ** 0.5), noise)


print("ready", sum(p.numel() for p in model.parameters()), flush=True)
for line in sys.stdin:
    if line.strip() != "step":
        break
    cpu, wall = time.process_time(), time.perf_counter()
    if predicts:
        with torch.no_grad():
            if name.startswith("groupvit"):
                model.predict(image, words)
            else:
                model.predict(image) if name.startswith("maxdeeplab") else model(image)
        value = 0
    else:
        optimizer.zero_grad(set_to_none=True)
        loss = step_loss()
        loss.backward()
        if settings.get("clipNorm"):
            torch.nn.utils.clip_grad_norm_(trained, settings["clipNorm"])
        optimizer.step()
        value = loss.item()
    report = {
        "cpuMs": (time.process_time() - cpu) * 1000,
        "wallMs": (time.perf_counter() - wall) * 1000,
        "loss": value,
        "peakMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(report), flush=True)
