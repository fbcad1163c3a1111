// Compiled once for each instruction set, with FOREWORD_ISA as its name; empty without such a unit.
#if defined(FOREWORD_HAS_MATRIX_UNIT)
#include "matrix_unit.hpp"
#include "processor.hpp"
#include "rows.hpp"

#include <cstdint>
#include <initializer_list>
#include <type_traits>
#include <vector>

namespace foreword {
namespace FOREWORD_ISA {

namespace {

struct alignas(64) Shapes {
    std::uint8_t palette, first_row, none[14];
    std::uint16_t row_bytes[16];
    std::uint8_t rows[16];
};

// Tiles 0 to 3 hold sums: of the upper rows by one vector of columns and by the next, then of the
// lower rows. 4 and 5 hold upper and lower rows, 6 and 7 columns.
template <class F, bool LOWER, bool NEXT>
void accumulate_tiles(const Word* rows, std::ptrdiff_t stride, int lower, const Word* strip,
                      std::ptrdiff_t line, int words, Ahead& ahead, int at_once) {
    for (int k = 0; k < words; k += TILE_ROWS) {
        _tile_loadd(4, rows + k, stride * sizeof(Word));
        _tile_loadd(6, strip + k * line, line * sizeof(Word));
        const int fetched = ahead.count < at_once ? ahead.count : at_once;
        for (int n = 0; n < fetched; ++n) __builtin_prefetch(ahead.lines[n], 1);
        ahead = {ahead.lines + fetched, ahead.count - fetched};
        if constexpr (F::GROUP == 2) _tile_dpbf16ps(0, 4, 6);
        else _tile_dpbusd(0, 4, 6);
        if constexpr (NEXT) {
            _tile_loadd(7, strip + k * line + LANES, line * sizeof(Word));
            if constexpr (F::GROUP == 2) _tile_dpbf16ps(1, 4, 7);
            else _tile_dpbusd(1, 4, 7);
        }
        if constexpr (LOWER) {
            _tile_loadd(5, rows + lower * stride + k, stride * sizeof(Word));
            if constexpr (F::GROUP == 2) _tile_dpbf16ps(2, 5, 6);
            else _tile_dpbusd(2, 5, 6);
            if constexpr (NEXT) {
                if constexpr (F::GROUP == 2) _tile_dpbf16ps(3, 5, 7);
                else _tile_dpbusd(3, 5, 7);
            }
        }
    }
}

template <bool LOWER, bool NEXT>
void clear_sums() {
    _tile_zero(0);
    if constexpr (NEXT) _tile_zero(1);
    if constexpr (LOWER) _tile_zero(2);
    if constexpr (LOWER && NEXT) _tile_zero(3);
}

template <bool LOWER, bool NEXT>
void load_sums(const float* from, int lower, std::ptrdiff_t stride) {
    const float* const below = from + lower * stride;
    _tile_loadd(0, from, stride * sizeof(float));
    if constexpr (NEXT) _tile_loadd(1, from + LANES, stride * sizeof(float));
    if constexpr (LOWER) _tile_loadd(2, below, stride * sizeof(float));
    if constexpr (LOWER && NEXT) _tile_loadd(3, below + LANES, stride * sizeof(float));
}

template <bool LOWER, bool NEXT>
void store_sums(float* into, int lower, std::ptrdiff_t stride) {
    float* const below = into + lower * stride;
    _tile_stored(0, into, stride * sizeof(float));
    if constexpr (NEXT) _tile_stored(1, into + LANES, stride * sizeof(float));
    if constexpr (LOWER) _tile_stored(2, below, stride * sizeof(float));
    if constexpr (LOWER && NEXT) _tile_stored(3, below + LANES, stride * sizeof(float));
}

// One or two vectors of columns. `shape(words)` is called before tiles with `words` words in each
// row.
template <class F, bool LOWER, bool NEXT, class Shape>
void matrix_tile(const Word* rows, std::ptrdiff_t stride, int lower, const Segment* segments, int count,
                 const Word* strip, std::ptrdiff_t line, Ahead& ahead, int at_once, float* into,
                 Shape&& shape) {
    int shaped = 0;
    for (int s = 0; s < count; ++s) {
        const int length = segments[s].length, rest = length % TILE_ROWS;
        const Word* from = rows + segments[s].offset;
        for (const int words : {length - rest, rest}) {
            if (words == 0) continue;
            const int wide = words < TILE_ROWS ? words : TILE_ROWS;
            if (wide != shaped) {
                // Changing the shape clears all tiles.
                if (shaped) store_sums<LOWER, NEXT>(into, lower, line);
                shape(wide);
                if (shaped) load_sums<LOWER, NEXT>(into, lower, line);
                else clear_sums<LOWER, NEXT>();
                shaped = wide;
            }
            accumulate_tiles<F, LOWER, NEXT>(from, stride, lower, strip, line, words, ahead, at_once);
            from += words;
            strip += words * line;
        }
    }
    store_sums<LOWER, NEXT>(into, lower, line);
}

}  // namespace

void MatrixUnit::release() { _tile_release(); }

void MatrixUnit::shape(int upper, int lower, int words) {
    if (upper == upper_ && lower == lower_ && words == words_) return;
    upper_ = upper, lower_ = lower, words_ = words;
    Shapes shapes = {};
    shapes.palette = 1;
    for (int tile = 0; tile < 8; ++tile) {
        const bool is_rows = tile == 4 || tile == 5, is_columns = tile >= 6;
        const int height = tile == 2 || tile == 3 || tile == 5 ? lower : upper;
        // Without lower rows, their tiles are still shaped, but not used.
        shapes.rows[tile] = (std::uint8_t)(is_columns ? words : height ? height : 1);
        shapes.row_bytes[tile] = (std::uint16_t)(is_rows ? words * sizeof(Word) : sizeof(Vec));
    }
    asm volatile("" : : "r"(&shapes) : "memory");  // the intrinsic names eight bytes of it
    _tile_loadconfig(&shapes);
}

template <class F>
void MatrixUnit::multiply(const Word* rows, std::ptrdiff_t stride, int height, const Segment* segments,
                          int count, const Word* strip, int vectors, Ahead ahead, float* into) {
    if (!may_use_matrix_unit()) {
        const int most = rows_for<F>(vectors);
        for (int first = 0; first < height; first += most) {
            const int rows_now = height - first < most ? height - first : most;
            tiles_in[F::PLACE].of[vectors][rows_now](rows + first * stride, stride, segments, count, strip,
                                                     ahead, into + first * vectors * LANES);
            ahead.count = 0;
        }
        return;
    }
    const int upper = height <= TILE_ROWS ? height : (height + 1) / 2, lower = height - upper;
    const auto shape = [&](int words) { this->shape(upper, lower, words); };
    const std::ptrdiff_t line = (std::ptrdiff_t)vectors * LANES;
    int words = 0;
    for (int s = 0; s < count; ++s) words += segments[s].length;
    const int at_once = ahead.count * TILE_ROWS / (words > TILE_ROWS ? words : TILE_ROWS) + 1;
    for (int v = 0; v < vectors; v += 2) {
        const auto by = [&](auto has_lower, auto has_next) {
            matrix_tile<F, decltype(has_lower)::value, decltype(has_next)::value>(
                rows, stride, upper, segments, count, strip + v * LANES, line, ahead, at_once,
                into + v * LANES, shape);
        };
        const bool has_next = v + 1 < vectors;
        if (lower && has_next) by(std::true_type{}, std::true_type{});
        else if (lower) by(std::true_type{}, std::false_type{});
        else if (has_next) by(std::false_type{}, std::true_type{});
        else by(std::false_type{}, std::false_type{});
    }
}

// Tiles take the rows in their own order, and four adjacent values of each vector.
int by_unit(const Table& table, const void* const* operands, const float* scales, int users,
            std::int64_t first, int count, float* const* into) {
    constexpr int WIDE = 64, TILE = LANES * LANES;
    const int blocks = (table.columns + WIDE - 1) / WIDE;
    MatrixUnit unit;
    unit.shape(TILE_ROWS, TILE_ROWS, TILE_ROWS);
    thread_local std::vector<float> words;
    words.resize((std::size_t)(blocks * TILE));
    for (int block = 0; block < blocks; ++block) {
        Vec part[LANES] = {};
        for (int u = 0; u < users; ++u) part[u] = load((const float*)operands[u] + block * LANES);
        transpose(part);
        std::memcpy(words.data() + block * TILE, part, sizeof part);
    }
    int done = 0;
    const auto finish = [&](const float* sums) {
        const std::int64_t row = first + done;
        Vec of_users[LANES];
        std::memcpy(of_users, sums, sizeof of_users);
        transpose(of_users);
        const auto of_rows = [&](const auto* values, auto found) {
            std::memcpy(&found, values + row, sizeof found);
            return found;
        };
        for (int u = 0; u < users; ++u) {
            Vec products = IntRows::whole(table, (Ints)of_users[u], scales[u], of_rows);
            if (table.bias) products += of_rows(table.bias, Vec{});
            store(into[u] + done, products);
        }
        done += LANES;
    };
    alignas(64) float sums[4][TILE];
    const auto multiply_add = [&](auto four) {
        const std::int8_t* const values = table.ints + (first + done) * table.stride;
        const std::ptrdiff_t next = LANES * table.stride;
        _tile_zero(0);
        if constexpr (decltype(four)::value) {
            _tile_zero(1);
            _tile_zero(2);
            _tile_zero(3);
        }
        for (int block = 0; block < blocks; ++block) {
            const std::int8_t* const part = values + block * WIDE;
            _tile_loadd(4, words.data() + block * TILE, WIDE);
            _tile_loadd(5, part, table.stride);
            _tile_dpbsud(0, 5, 4);
            if constexpr (decltype(four)::value) {
                _tile_loadd(6, part + next, table.stride);
                _tile_dpbsud(1, 6, 4);
                _tile_loadd(7, part + 2 * next, table.stride);
                _tile_dpbsud(2, 7, 4);
                _tile_loadd(5, part + 3 * next, table.stride);
                _tile_dpbsud(3, 5, 4);
            }
        }
        _tile_stored(0, sums[0], WIDE);
        if constexpr (decltype(four)::value) {
            _tile_stored(1, sums[1], WIDE);
            _tile_stored(2, sums[2], WIDE);
            _tile_stored(3, sums[3], WIDE);
        }
    };
    while (done + 4 * LANES <= count) {  // four sums, none of which waits for another
        multiply_add(std::true_type{});
        for (const auto& of_tile : sums) finish(of_tile);
    }
    while (done + LANES <= count) {
        multiply_add(std::false_type{});
        finish(sums[0]);
    }
    return done;
}

template void MatrixUnit::multiply<BFloat16>(const Word*, std::ptrdiff_t, int, const Segment*, int,
                                             const Word*, int, Ahead, float*);
template void MatrixUnit::multiply<Int8>(const Word*, std::ptrdiff_t, int, const Segment*, int,
                                         const Word*, int, Ahead, float*);

}  // namespace FOREWORD_ISA
}  // namespace foreword
#endif
