// Weights packed as strips, and the products of rows by them, for one instruction set: once for all
// kernels. Compiled once for each, with FOREWORD_ISA as its name.
#include "strips.hpp"

namespace foreword {
namespace FOREWORD_ISA {

// Packs LANES rows of an int8 table, of which `lanes` are there, as column `n` of a strip, if they stay as they are: a
// table's own scale of a row is the one that packing finds, but for rounding, if the row's largest number is 127.
// Returns false, and packs nothing, if they do not stay.
static bool pack_unchanged(const Table& table, std::ptrdiff_t begin, int lanes, Word* strip, int columns, int n,
                           float* scales, float* offsets) {
    constexpr float LEAST = 1e-30f, MOST = 1e30f;  // so that no product is inexact for its size
    constexpr int MOST_BYTES = LANES * Int8::GROUP;
    const int K = table.columns;
    const auto row = [&](int l) { return table.ints + (begin + l) * table.stride; };
    Vec largest = {};
    for (int l = 0; l < lanes; ++l) {
        unsigned char is_there = 0, is_beyond = 0;
        for (const std::int8_t *value = row(l), *const end = value + K; value != end; ++value) {
            is_there |= (unsigned char)((*value == 127) | (*value == -127));
            is_beyond |= (unsigned char)(*value == -128);
        }
        largest[l] = 127.0f * table.scales[begin + l];
        if (!is_there || is_beyond || !(largest[l] > LEAST && largest[l] < MOST)) return false;
    }
    store(scales, largest / 127.0f);
    Vec total = {};
    for (int l = 0; l < lanes && Int8::ZERO != 0; ++l) {
        std::int32_t sum = 0;
        for (const std::int8_t *value = row(l), *const end = value + K; value != end; ++value) sum += *value;
        total[l] = (float)sum;
    }
    store(offsets, total * (float)Int8::ZERO);
    for (int k = 0; k < K; k += MOST_BYTES) {
        const int bytes = std::min(MOST_BYTES, K - k);
        Vec values[LANES] = {};
        for (int l = 0; l < lanes; ++l) {
            if (bytes == MOST_BYTES) std::memcpy(&values[l], row(l) + k, MOST_BYTES);
            else std::memcpy(&values[l], row(l) + k, (std::size_t)bytes);
        }
        transpose(values);
        for (int word = 0; word < words_for<Int8>(bytes); ++word) {
            const std::ptrdiff_t place = place_in_strip<Int8>(words_for<Int8>(K), columns, k / Int8::GROUP + word, n);
            std::memcpy(strip + place, &values[word], sizeof values[word]);
        }
    }
    return true;
}

template <class F>
void pack_rows(const Strips& strips, const Unpacked& weight, std::ptrdiff_t row, int K, const Weight<F>& packed,
               int first, int last) {
    const int words = words_for<F>(K);
    std::vector<float> room(weight.table ? (std::size_t)LANES * K : 0);  // for some rows of a table
    for (int s = first; s < last; ++s) {
        Word* to = packed.words + strips.place(s, words);
        const int width = strips.width(s), columns = width * strips.gates;
        for (int v = 0; v < width; ++v) {
            const int vector = strips.begin(s) + v, lanes = strips.lanes(vector);
            for (int g = 0; g < strips.gates; ++g) {
                const std::ptrdiff_t begin = row + (std::ptrdiff_t)g * strips.units + vector * LANES;
                if constexpr (F::SCALES) {
                    const std::ptrdiff_t at = strips.place(s, 1) + (v * strips.gates + g) * LANES;
                    const bool is_int8 = weight.table && weight.table->is_int8();
                    if (is_int8 && pack_unchanged(*weight.table, begin, lanes, to, columns, v * strips.gates + g,
                                                  packed.scales + at, packed.offsets + at)) continue;
                }
                const float* const from = weight.table ? room.data() : weight.floats + begin * K;
                for (int l = 0; l < lanes && weight.table; ++l) {
                    row_of(*weight.table, begin + l, room.data() + (std::ptrdiff_t)l * K);
                }
                Vec inverse = Vec{} + 1.0f, total = {};
                if constexpr (F::SCALES) {
                    // If a weight is not finite, its column's scale is NaN, and so is each product.
                    Vec largest = {}, wrong = {};
                    for (int l = 0; l < lanes; ++l) {
                        const Extent extent = extent_of(from + (std::ptrdiff_t)l * K, K);
                        largest[l] = extent.largest, wrong[l] = extent.wrong;
                    }
                    const std::ptrdiff_t at = strips.place(s, 1) + (v * strips.gates + g) * LANES;
                    store(packed.scales + at, largest / 127.0f + wrong);
                    inverse = choose(largest > 0.0f, 127.0f / largest, Vec{});
                }
                for (int k0 = 0; k0 < K; k0 += LANES) {
                    // Lines of columns: values[k] are those of k0 + k.
                    Vec values[LANES] = {};
                    const int there = std::min(LANES, K - k0);
                    for (int l = 0; l < lanes; ++l) {
                        values[l] = load(from + (std::ptrdiff_t)l * K + k0, there);
                    }
                    transpose(values);
                    for (int k = 0; k < there; k += F::GROUP) {
                        Vec group[F::GROUP];
                        for (int j = 0; j < F::GROUP; ++j) {
                            group[j] = values[k + j];
                            if constexpr (F::SCALES) {
                                group[j] *= inverse;
                                total += rounded(group[j]);
                            }
                        }
                        const Bits word = F::words(group);
                        const int n = v * strips.gates + g;
                        std::memcpy(to + place_in_strip<F>(words, columns, (k0 + k) / F::GROUP, n), &word,
                                    sizeof word);
                    }
                }
                if constexpr (F::SCALES) {
                    const std::ptrdiff_t at = strips.place(s, 1) + (v * strips.gates + g) * LANES;
                    store(packed.offsets + at, total * (float)F::ZERO);
                }
            }
        }
    }
}

template <class F>
void pack_columns(const Strips& strips, const Lines& weight, int blocks, int length,
                  const Weight<F>& packed, int first, int last) {
    const int words = words_for<F>(length), K = blocks * words;
    for (int s = first; s < last; ++s) {
        Word* to = packed.words + strips.place(s, K);
        const int width = strips.width(s), from = strips.begin(s);
        for (int block = 0; block < blocks; ++block) {
            for (int k = 0; k < words; ++k) {
                for (int v = 0; v < width; ++v) {
                    Vec values[F::GROUP] = {};
                    for (int j = 0; j < F::GROUP && k * F::GROUP + j < length; ++j) {
                        const std::ptrdiff_t row = (std::ptrdiff_t)block * length + k * F::GROUP + j;
                        values[j] = load(weight[row] + (from + v) * LANES, strips.lanes(from + v));
                    }
                    const Bits word = F::words(values);
                    const int line = block * words + k;
                    std::memcpy(to + place_in_strip<F>(K, width, line, v), &word, sizeof word);
                }
            }
        }
    }
}

// Lines that a core fetches at a time.
constexpr int MOST_AT_ONCE = 64;

// The memory that is needed after a tile: prefetched at once if it is little, otherwise listed in
// `lines`.
static Ahead wanted(const Places& places, int row, int height, int vector, int width, const float** lines) {
    const bool is_much = places.count() * width * height > MOST_AT_ONCE;
    int count = 0;
    for (int m = 0; m < height; ++m) {
        for (const Place& place : places) {
            const float* at = place.memory + (row + m) * place.row + vector * LANES;
            // A row that begins within a cache line ends in one more. If there are few lines, only
            // the last is new: the first came with the strip before.
            if (is_much) lines[count++] = at + width * LANES - 1;
            for (int v = 0; v < width; ++v, at += LANES) {
                if (is_much) lines[count++] = at;
                else __builtin_prefetch(at + LANES - 1, 1);
            }
        }
    }
    return {lines, count};
}

template <class F>
void by_rows(const Strips& strips, int s, const Weight<F>& packed, int K, const Rows<F>& rows, int begin,
             int end, const Segment* segments, int count, const Places& places, const Then& then) {
    const int width = strips.width(s), columns = width * strips.gates, vector = strips.begin(s);
    const Word* const strip = packed.words + strips.place(s, K);
    const float* lines[Places::MOST * MatrixUnit::MOST_ROWS * (MOST + 1)];
    alignas(64) float sums[MatrixUnit::MOST_ROWS * MOST * LANES];
    [[maybe_unused]] MatrixUnit unit;
    const bool by_unit = is_for_unit<F>(end - begin);
    const int most = by_unit ? MatrixUnit::MOST_ROWS : rows_for<F>(columns);
    // In tiles of nearly equal height.
    for (int row = begin, tiles = (end - begin + most - 1) / most; tiles > 0; --tiles) {
        const int height = (end - row + tiles - 1) / tiles;
        const Ahead ahead = wanted(places, row, height, vector, width, lines);
        const Word* const from = rows.words + row * rows.stride;
        if constexpr (HAS_UNIT<F>) {
            if (by_unit) {
                unit.multiply<F>(from, rows.stride, height, segments, count, strip, columns, ahead, sums);
            }
        }
        if (!by_unit) {
            tiles_in[F::PLACE].of[columns][height](from, rows.stride, segments, count, strip, ahead, sums);
        }
        if constexpr (F::SCALES) {
            const std::ptrdiff_t column = strips.place(s, 1);
            for (int m = 0; m < height; ++m) {
                const float scale = rows.scales ? rows.scales[row + m] : 1.0f / 127.0f;
                for (int n = 0; n < columns; ++n) {
                    float* at = sums + (m * columns + n) * LANES;
                    const Vec sum = __builtin_convertvector((Ints)load(at), Vec);
                    const Vec centred = sum - load(packed.offsets + column + n * LANES);
                    store(at, centred * (load(packed.scales + column + n * LANES) * scale));
                }
            }
        }
        then(Block{strips, row, height, vector, width, sums});
        row += height;
    }
}

template <class F>
void by_strips(const Strips& strips, const Weight<F>& packed, int K, const Rows<F>& rows, int batch,
               const Segment* segments, int count, const Share& share, const Places& places,
               const Then& then) {
    for (int s = share.first; s < share.last; ++s) {
        by_rows(strips, s, packed, K, rows, share.begin(s), share.end(s, batch), segments, count,
                places, then);
    }
}

#define FOREWORD_FOR(F)                                                                               \
    template void pack_rows<F>(const Strips&, const Unpacked&, std::ptrdiff_t, int, const Weight<F>&, int, int); \
    template void pack_columns<F>(const Strips&, const Lines&, int, int, const Weight<F>&, int, int); \
    template void by_rows<F>(const Strips&, int, const Weight<F>&, int, const Rows<F>&, int, int,     \
                             const Segment*, int, const Places&, const Then&);                        \
    template void by_strips<F>(const Strips&, const Weight<F>&, int, const Rows<F>&, int,             \
                               const Segment*, int, const Share&, const Places&, const Then&);
FOREWORD_FOR(Float32)
FOREWORD_FOR(BFloat16)
FOREWORD_FOR(Int8)
#undef FOREWORD_FOR

}  // namespace FOREWORD_ISA
}  // namespace foreword
