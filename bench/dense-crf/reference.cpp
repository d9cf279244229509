// Mean field of a fully connected CRF on permutohedral lattices, plain and in single precision, written from the formulas
// (Kraehenbuehl and Koltun 2011; Adams et al. 2010): what src/refinement/ is timed against.
//
//   g++ -O3 -o reference reference.cpp && ./reference INPUT OUTPUT
//
// INPUT: int32 width, height, labels, iterations, terms; for each term float32 weight, xy, rgb (0: none); uint8 RGB
// [height, width, 3]; float32 probabilities [labels, height, width]. OUTPUT: float32 marginals [labels, height, width].
// Prints milliseconds of processor time of the whole and of the lattices alone, and their vertices.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <vector>

using std::vector;
/** Milliseconds of processor time. */
static double since(std::clock_t start) { return 1000.0 * (std::clock() - start) / CLOCKS_PER_SEC; }

/** Open addressing; keys of d coordinates, one after another. */
struct Table {
  int d;
  vector<int16_t> keys;
  vector<int> slots;
  size_t filled = 0;
  explicit Table(int d, size_t expected) : d(d), slots(2 * expected, -1) { keys.reserve(expected * d); }
  size_t hash(const int16_t* key) const {
    size_t h = 0;
    for (int i = 0; i < d; i++) h = (h + key[i]) * 1664525;
    return h;
  }
  void grow() {
    vector<int> larger(slots.size() * 2, -1);
    for (size_t v = 0; v < filled; v++) {
      size_t h = hash(&keys[v * d]) % larger.size();
      while (larger[h] >= 0) h = h + 1 == larger.size() ? 0 : h + 1;
      larger[h] = (int)v;
    }
    slots.swap(larger);
  }
  int find(const int16_t* key, bool create) {
    if (2 * filled >= slots.size()) grow();
    size_t h = hash(key) % slots.size();
    for (;;) {
      int v = slots[h];
      if (v < 0) {
        if (!create) return -1;
        keys.insert(keys.end(), key, key + d);
        return slots[h] = (int)filled++;
      }
      if (!memcmp(&keys[(size_t)v * d], key, d * sizeof(int16_t))) return v;
      h = h + 1 == slots.size() ? 0 : h + 1;
    }
  }
};

struct Lattice {
  int d, n, vertices;
  vector<int> ids;
  vector<float> shares;
  vector<int> before, after; // [d + 1, vertices]

  Lattice(const vector<float>& features, int d, int n) : d(d), n(n), ids((size_t)n * (d + 1)), shares((size_t)n * (d + 1)) {
    Table table(d, (size_t)n);
    vector<float> scale(d), elevated(d + 1), share(d + 2);
    vector<int16_t> canonical((d + 1) * (d + 1)), key(d + 1), other(d + 1);
    vector<int> remainder(d + 1), rank(d + 1);
    for (int i = 0; i < d; i++) scale[i] = std::sqrt(2.0 / 3.0) * (d + 1) / std::sqrt((i + 1.0) * (i + 2.0));
    for (int i = 0; i <= d; i++) {
      for (int j = 0; j <= d - i; j++) canonical[i * (d + 1) + j] = (int16_t)i;
      for (int j = d - i + 1; j <= d; j++) canonical[i * (d + 1) + j] = (int16_t)(i - (d + 1));
    }
    for (int p = 0; p < n; p++) {
      const float* f = &features[(size_t)p * d];
      float sum = 0;
      for (int j = d; j > 0; j--) {
        float c = f[j - 1] * scale[j - 1];
        elevated[j] = sum - j * c;
        sum += c;
      }
      elevated[0] = sum;
      int total = 0;
      for (int i = 0; i <= d; i++) {
        int r = (int)std::lround(elevated[i] / (d + 1));
        remainder[i] = r * (d + 1);
        total += r;
        rank[i] = 0;
      }
      for (int i = 0; i < d; i++) {
        float di = elevated[i] - remainder[i];
        for (int j = i + 1; j <= d; j++) {
          if (di < elevated[j] - remainder[j]) rank[i]++;
          else rank[j]++;
        }
      }
      for (int i = 0; i <= d; i++) {
        rank[i] += total;
        if (rank[i] < 0) rank[i] += d + 1, remainder[i] += d + 1;
        else if (rank[i] > d) rank[i] -= d + 1, remainder[i] -= d + 1;
      }
      for (int i = 0; i <= d + 1; i++) share[i] = 0;
      for (int i = 0; i <= d; i++) {
        float v = (elevated[i] - remainder[i]) / (d + 1);
        share[d - rank[i]] += v;
        share[d + 1 - rank[i]] -= v;
      }
      share[0] += 1 + share[d + 1];
      for (int t = 0; t <= d; t++) {
        for (int i = 0; i < d; i++) key[i] = (int16_t)(remainder[i] + canonical[t * (d + 1) + rank[i]]);
        ids[(size_t)p * (d + 1) + t] = table.find(key.data(), true);
        shares[(size_t)p * (d + 1) + t] = share[t];
      }
    }
    vertices = (int)table.filled;
    before.resize((size_t)(d + 1) * vertices);
    after.resize((size_t)(d + 1) * vertices);
    for (int j = 0; j <= d; j++) {
      for (int v = 0; v < vertices; v++) {
        const int16_t* own = &table.keys[(size_t)v * d];
        for (int i = 0; i < d; i++) key[i] = own[i] - 1, other[i] = own[i] + 1;
        if (j < d) key[j] = own[j] + d, other[j] = own[j] - d;
        after[(size_t)j * vertices + v] = table.find(key.data(), false);
        before[(size_t)j * vertices + v] = table.find(other.data(), false);
      }
    }
  }

  /** in, out: [n, k]. */
  void filter(float* __restrict__ out, const float* __restrict__ in, int k, vector<float>& a, vector<float>& b) const {
    // One vertex of zeros stands before all others, for neighbours that are not there.
    a.assign((size_t)(vertices + 1) * k, 0);
    b.assign((size_t)(vertices + 1) * k, 0);
    for (int p = 0; p < n; p++) {
      const float* __restrict__ from = in + (size_t)p * k;
      for (int t = 0; t <= d; t++) {
        float w = shares[(size_t)p * (d + 1) + t];
        float* __restrict__ to = &a[(size_t)(ids[(size_t)p * (d + 1) + t] + 1) * k];
        for (int l = 0; l < k; l++) to[l] += w * from[l];
      }
    }
    for (int j = 0; j <= d; j++) {
      for (int v = 0; v < vertices; v++) {
        const float* __restrict__ own = &a[(size_t)(v + 1) * k];
        const float* __restrict__ x = &a[(size_t)(after[(size_t)j * vertices + v] + 1) * k];
        const float* __restrict__ y = &a[(size_t)(before[(size_t)j * vertices + v] + 1) * k];
        float* __restrict__ to = &b[(size_t)(v + 1) * k];
        for (int l = 0; l < k; l++) to[l] = own[l] + 0.5f * (x[l] + y[l]);
      }
      a.swap(b);
    }
    float alpha = 1.0f / (1 + std::pow(2.0f, -d));
    for (int p = 0; p < n; p++) {
      float* __restrict__ to = out + (size_t)p * k;
      for (int l = 0; l < k; l++) to[l] = 0;
      for (int t = 0; t <= d; t++) {
        float w = alpha * shares[(size_t)p * (d + 1) + t];
        const float* __restrict__ from = &a[(size_t)(ids[(size_t)p * (d + 1) + t] + 1) * k];
        for (int l = 0; l < k; l++) to[l] += w * from[l];
      }
    }
  }
};

static void softmax(float* __restrict__ q, const float* __restrict__ x, int k) {
  float most = x[0], sum = 0;
  for (int l = 1; l < k; l++) most = x[l] > most ? x[l] : most;
  for (int l = 0; l < k; l++) sum += q[l] = std::exp(x[l] - most);
  for (int l = 0; l < k; l++) q[l] /= sum;
}

int main(int, char** argv) {
  FILE* file = fopen(argv[1], "rb");
  int32_t head[5];
  if (!file || fread(head, 4, 5, file) != 5) return 1;
  int width = head[0], height = head[1], k = head[2], iterations = head[3], terms = head[4];
  int n = width * height;
  vector<float> settings(3 * terms), planes((size_t)n * k);
  vector<uint8_t> rgb((size_t)n * 3);
  if (fread(settings.data(), 4, settings.size(), file) != settings.size()) return 1;
  if (fread(rgb.data(), 1, rgb.size(), file) != rgb.size()) return 1;
  if (fread(planes.data(), 4, planes.size(), file) != planes.size()) return 1;
  fclose(file);

  std::clock_t start = std::clock();
  vector<Lattice> lattices;
  vector<vector<float>> norms;
  vector<float> a, b;
  for (int t = 0; t < terms; t++) {
    float xy = settings[3 * t + 1], colour = settings[3 * t + 2];
    int d = colour > 0 ? 5 : 2;
    vector<float> features((size_t)n * d);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        float* f = &features[(size_t)(y * width + x) * d];
        f[0] = x / xy;
        f[1] = y / xy;
        for (int c = 2; c < d; c++) f[c] = rgb[(size_t)(y * width + x) * 3 + c - 2] / colour;
      }
    }
    lattices.emplace_back(features, d, n);
    vector<float> ones(n, 1.0f), norm(n);
    lattices.back().filter(norm.data(), ones.data(), 1, a, b);
    for (float& v : norm) v = 1 / std::sqrt(v + 1e-20f);
    norms.push_back(norm);
  }
  double built = since(start);

  vector<float> unary((size_t)n * k), q((size_t)n * k), scaled((size_t)n * k), message((size_t)n * k), sum((size_t)n * k);
  for (int p = 0; p < n; p++) {
    for (int l = 0; l < k; l++) {
      float v = planes[(size_t)l * n + p];
      unary[(size_t)p * k + l] = std::log(v < 1e-5f ? 1e-5f : v > 1 ? 1 : v);
    }
    softmax(&q[(size_t)p * k], &unary[(size_t)p * k], k);
  }
  for (int i = 0; i < iterations; i++) {
    sum = unary;
    for (int t = 0; t < terms; t++) {
      const float* norm = norms[t].data();
      for (int p = 0; p < n; p++)
        for (int l = 0; l < k; l++) scaled[(size_t)p * k + l] = norm[p] * q[(size_t)p * k + l];
      lattices[t].filter(message.data(), scaled.data(), k, a, b);
      float w = settings[3 * t];
      for (int p = 0; p < n; p++)
        for (int l = 0; l < k; l++) sum[(size_t)p * k + l] += w * norm[p] * message[(size_t)p * k + l];
    }
    for (int p = 0; p < n; p++) softmax(&q[(size_t)p * k], &sum[(size_t)p * k], k);
  }
  for (int p = 0; p < n; p++)
    for (int l = 0; l < k; l++) planes[(size_t)l * n + p] = q[(size_t)p * k + l];
  printf("%f %f", since(start), built);
  for (const Lattice& lattice : lattices) printf(" %d", lattice.vertices);
  printf("\n");

  file = fopen(argv[2], "wb");
  if (!file || fwrite(planes.data(), 4, planes.size(), file) != planes.size()) return 1;
  return fclose(file);
}
