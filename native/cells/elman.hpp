// The Elman network; equations and sources in foreword/cells/rnn.py.
#pragma once

#include "../vector.hpp"
#include "cell.hpp"

namespace foreword {
namespace FOREWORD_ISA {

template <bool IS_RELU>
struct ElmanEquations {

    template <class At>
    static FOREWORD_INLINE void forward(const At& at) {
        const Vec sum = at.input(0) + at.past(0);
        Vec h;
        if constexpr (IS_RELU) h = choose(sum > 0.0f, sum, sum * 0.0f);  // NaN stays NaN
        else h = hyperbolic_tangent(sum);
        at.keep(0, h);
        at.become(h);
    }

    template <class At>
    static FOREWORD_INLINE void back(const At& at, Vec d) {
        const Vec h = at.gate(0);
        d = at.with_shown(0, d);
        if constexpr (IS_RELU) at.put(0, choose(h > 0.0f, d, Vec{}));
        else at.put(0, d * (1.0f - h * h));
    }
};

struct Elman : ElmanEquations<false> {
    static constexpr CellInfo INFO{"rnn", 1, 1, 0};
};
struct ReluElman : ElmanEquations<true> {
    static constexpr CellInfo INFO{"rnn-relu", 1, 1, CellInfo::UNBOUNDED};
};

}  // namespace FOREWORD_ISA
}  // namespace foreword
