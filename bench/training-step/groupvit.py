"""GroupViT with two grouping stages as PyTorch modules, from its specification: what `groupvit` and `groupvit-prediction` compare with."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.qkv, self.proj = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x, mask=None):
        b, t, d = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        scores = (q * (d // self.heads) ** -0.5) @ k.transpose(-2, -1)
        weights = (scores if mask is None else scores + mask).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(b, t, d))


class CrossAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.proj = [nn.Linear(width, width) for _ in range(4)]

    def forward(self, x, memory):
        b, g, d = x.shape
        split = lambda y: y.view(b, -1, self.heads, d // self.heads).transpose(1, 2)  # noqa: E731
        q, k, v = split(self.q(x)), split(self.k(memory)), split(self.v(memory))
        weights = ((q * (d // self.heads) ** -0.5) @ k.transpose(-2, -1)).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(b, g, d))


class QuickGelu(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(1.702 * x)


def mlp(inputs, hidden, outputs=None, act=nn.GELU):
    return nn.Sequential(nn.Linear(inputs, hidden), act(), nn.Linear(hidden, outputs or inputs))


class Block(nn.Module):
    def __init__(self, width, heads, drop=0.0, act=nn.GELU):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn, self.mlp, self.drop = Attention(width, heads), mlp(width, 4 * width, act=act), drop

    def path(self, x):
        if not self.training or self.drop == 0:
            return x
        keep = 1 - self.drop
        return x * (x.new_empty(x.shape[0], 1, 1).bernoulli_(keep) / keep)

    def forward(self, x, mask=None):
        x = x + self.path(self.attn(self.norm1(x), mask))
        return x + self.path(self.mlp(self.norm2(x)))


class Mixer(nn.Module):
    def __init__(self, tokens, hidden, outputs):
        super().__init__()
        self.mlp = mlp(tokens, hidden, outputs)

    def forward(self, x):
        return self.mlp(x.transpose(1, 2)).transpose(1, 2)


class Grouping(nn.Module):
    def __init__(self, width, heads, tokens, groups):
        super().__init__()
        self.norm_tokens, self.norm_x, self.norm_post, self.norm_new = [nn.LayerNorm(width) for _ in range(4)]
        self.mixer = Mixer(tokens, width // 2, groups)
        self.cross, self.cross_norm2, self.cross_norm = CrossAttention(width, heads), nn.LayerNorm(width), nn.LayerNorm(width)
        self.cross_mlp, self.channels = mlp(width, 4 * width), mlp(width, 4 * width)
        self.q, self.k, self.v, self.proj = [nn.Linear(width, width) for _ in range(4)]
        self.scale = width**-0.5

    def forward(self, x, tokens):
        x = self.norm_x(x)
        h = self.norm_post(self.mixer(self.norm_tokens(tokens)))
        h = h + self.cross(h, x)
        h = self.cross_norm(h + self.cross_mlp(self.cross_norm2(h)))
        logits = (self.q(h) @ self.k(x).transpose(1, 2)) * self.scale
        soft = logits.softmax(1)
        shares = soft
        if self.training:
            noise = -torch.empty_like(logits).exponential_().log()
            shares = (logits + noise).softmax(1)
        index = shares.argmax(1, keepdim=True)
        one_hot = torch.zeros_like(shares).scatter_(1, index, 1.0)
        used = one_hot - shares.detach() + shares if self.training else one_hot
        merged = self.proj(used @ self.v(x) / (used.sum(-1, keepdim=True) + 1))
        y = merged + h
        return y + self.channels(self.norm_new(y)), soft


class GroupVit(nn.Module):
    def __init__(self, s):
        super().__init__()
        width, heads, depths = s["width"], s["heads"][0], s["depths"]
        self.depths, self.patch_size, self.prompts = depths, s["patchSize"], s["prompts"]
        count = (s["imageSize"] // s["patchSize"]) ** 2
        self.patch, self.patch_norm = nn.Conv2d(3, width, s["patchSize"], s["patchSize"]), nn.LayerNorm(width)
        self.positions = nn.Parameter(torch.randn(1, count, width) * 0.02)
        rates = torch.linspace(0, s["dropPath"], sum(depths)).tolist()
        self.blocks = nn.ModuleList([Block(width, heads, rate) for rate in rates])
        first, second = s["groupTokens"][:2]
        self.tokens1 = nn.Parameter(torch.randn(1, first, width) * 0.02)
        self.tokens2 = nn.Parameter(torch.zeros(1, second, width))
        self.projector = nn.Sequential(nn.LayerNorm(width), Mixer(first, width // 2, second))
        self.group1 = Grouping(width, heads, first, s["outputGroups"][0])
        self.group2 = Grouping(width, heads, second, s["outputGroups"][1])
        self.norm = nn.LayerNorm(width)
        text, places = s["textWidth"], s["textContext"]
        self.words = nn.Embedding(s["textVocabulary"], text)
        nn.init.normal_(self.words.weight, std=0.02)
        self.places = nn.Parameter(torch.randn(places, text) * 0.01)
        self.layers = nn.ModuleList([Block(text, s["textHeads"], act=QuickGelu) for _ in range(s["textLayers"])])
        self.text_norm = nn.LayerNorm(text)
        self.register_buffer("mask", torch.full((places, places), float("-inf")).triu(1))
        self.image_projection = self.head(width, s)
        self.text_projection = self.head(text, s)
        self.scale, self.scale2 = nn.Parameter(torch.tensor(2.6593)), nn.Parameter(torch.tensor(2.6593))

    @staticmethod
    def head(width, s):
        hidden = s["projectionHidden"]
        return nn.Sequential(
            nn.Linear(width, hidden), nn.BatchNorm1d(hidden), nn.ReLU(inplace=True), nn.Linear(hidden, s["projectionWidth"])
        )

    def run(self, blocks, x, tokens):
        length = x.shape[1]
        x = torch.cat([x, tokens], 1)
        for block in blocks:
            x = block(x)
        return x[:, :length], x[:, length:]

    def encode(self, images):
        a, b, _ = self.depths
        x = self.patch_norm(self.patch(images).flatten(2).transpose(1, 2)) + self.positions
        x, tokens = self.run(self.blocks[:a], x, self.tokens1.expand(x.shape[0], -1, -1))
        x, soft1 = self.group1(x, tokens)
        x, tokens = self.run(self.blocks[a : a + b], x, self.tokens2 + self.projector(tokens))
        x, soft2 = self.group2(x, tokens)
        for block in self.blocks[a + b :]:
            x = block(x)
        return self.norm(x), (soft1, soft2)

    def texts(self, ids):
        x = self.words(ids) + self.places
        for layer in self.layers:
            x = layer(x, self.mask)
        return self.text_norm(x[torch.arange(ids.shape[0]), ids.argmax(-1)])

    def loss(self, images, ids):
        pooled = self.encode(images)[0].mean(1)
        i = F.normalize(self.image_projection(pooled), dim=-1)
        batch, texts, places = ids.shape
        t = self.text_projection(self.texts(ids.view(batch * texts, places))).view(batch, texts, -1)
        captions, prompts = F.normalize(t[:, 0], dim=-1), F.normalize(t[:, 1:].reshape(batch * (texts - 1), -1), dim=-1)
        right = torch.arange(batch)
        logits = self.scale.exp().clamp(max=100) * i @ captions.t()
        contrastive = (F.cross_entropy(logits, right) + F.cross_entropy(logits.t(), right)) / 2
        logits = self.scale2.exp().clamp(max=100) * i @ prompts.t()
        image_of = right.repeat_interleave(texts - 1)
        own = F.one_hot(image_of, batch).t().float() / (texts - 1)
        image_side = -(own * logits.log_softmax(-1)).sum(-1).mean()
        return contrastive + (image_side + F.cross_entropy(logits.t(), image_of)) / 2

    def predict(self, images, words):
        """Scores of pixels for words: [B, N, H, W]."""
        tokens, (soft1, soft2) = self.encode(images)
        batch, groups, width = tokens.shape
        whole = F.normalize(self.image_projection(tokens.mean(1)), dim=-1)
        each = F.normalize(self.image_projection(tokens.reshape(-1, width)), dim=-1).view(batch, groups, -1)
        scale = self.scale.exp().clamp(max=100)
        logits, fit = scale * each @ words.t(), scale * whole @ words.t()
        keep = torch.zeros_like(fit).scatter_(1, fit.topk(min(5, fit.shape[1]), 1).indices, 1.0).bool().unsqueeze(1)
        scores = logits.masked_fill(~keep, float("-inf")).softmax(-1) * logits.softmax(-1)
        maps = soft2 @ soft1
        rows, columns = images.shape[2] // self.patch_size, images.shape[3] // self.patch_size
        big = F.interpolate(maps.view(batch, groups, rows, columns), images.shape[2:], mode="bilinear", align_corners=False)
        belongs = F.one_hot(big.argmax(1), groups).permute(0, 3, 1, 2).float().flatten(2)
        return (scores.transpose(1, 2) @ belongs).view(batch, -1, *images.shape[2:])
