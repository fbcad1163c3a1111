// One step of one sequence through a stack of layers; see units.hpp.
#pragma once

#include "cells.hpp"
#include "parallel.hpp"
#include "units.hpp"

namespace foreword {
namespace FOREWORD_ISA {

static void step(const Step& a, int threads) {
    const Cell& cell = functions_of(*a.cell);
    const int H = a.H, vectors = (H + LANES - 1) / LANES, parts = cell.parts();
    const bool has_memory = cell.has_memory();
    together(threads, [&](Member& member) {
        const int first = member.first(vectors), last = member.last(vectors);
        const float* x = a.x;
        for (int l = 0; l < a.layers; ++l) {
            const std::ptrdiff_t row = (std::ptrdiff_t)l * H;
            const float *const h = a.h + row, *const c = has_memory ? a.c + row : nullptr;
            float *const h_after = a.h_after + row, *const c_after = has_memory ? a.c_after + row : nullptr;
            for (int part = 0; part < parts; ++part) {
                for (int v = first; v < last; ++v) {
                    cell.step[part]({a.of_layers[l], H, v * LANES, std::min(LANES, H - v * LANES),
                                     bound_of(a.clip), x, cell.sees_memory() ? c : h,
                                     has_memory ? c : h, h_after, c_after, a.room, a.room + 3 * H});
                }
                if (part + 1 < parts || l + 1 < a.layers) member.barrier.wait();
            }
            x = h_after;
        }
        if (first < last) {
            const int unit = first * LANES, count = std::min(last * LANES, H) - unit;
            std::memcpy(a.outputs + unit, x + unit, sizeof(float) * (std::size_t)count);
        }
    });
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
