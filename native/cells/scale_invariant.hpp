// The scale-invariant coupled LSTM; equations and source in foreword/cells/scale_invariant.py.
#pragma once

#include "../vector.hpp"
#include "cell.hpp"

namespace foreword {
namespace FOREWORD_ISA {

struct ScaleInvariantCoupledLstm {
    static constexpr CellInfo INFO{"si-cifg", 3, 3, CellInfo::MEMORY | CellInfo::WHOLE_ROWS, "fgo"};
    enum { F, G, O };

    // Computes the gates before they are divided by the largest of the row.
    template <class At>
    static FOREWORD_INLINE void sums(const At& at) {
        const auto relu = [](Vec a) { return choose(a > 0.0f, a, a * 0.0f); };  // NaN stays NaN
        at.keep(F, relu(at.input(F) + at.past(F)));
        at.keep(G, at.input(G) + at.past(G));
        at.keep(O, relu(at.input(O) + at.past(O)));
    }
    // Computes the memory, which is divided by its largest next.
    template <class At>
    static FOREWORD_INLINE void forward(const At& at) {
        const Vec before = at.before(), g = at.gate(G);
        const Vec c = within(g + at.gate(F) * (before - g), at.bound());
        at.remember(before, c);
        at.become(c);
    }
    template <class At>
    static FOREWORD_INLINE void show(const At& at, Vec divided_c) {
        at.keep_tanh(divided_c);
        at.become(at.gate(O) * divided_c);
    }

    // Returns the gradient of the divided memory, from `d`, that of h.
    template <class At>
    static FOREWORD_INLINE Vec back_show(const At& at, Vec d) {
        at.put(O, at.with_shown(O, d * at.tanh_c()));
        return d * at.gate(O);
    }
    template <class At>
    static FOREWORD_INLINE void back(const At& at, Vec d) {
        const Vec f = at.gate(F);
        d = at.by_memory(d);
        at.put(F, at.with_shown(F, d * (at.before() - at.gate(G))));
        at.put(G, at.with_shown(G, d * (1.0f - f)));
        at.carry(d * f);
    }
    // Returns the gradient of a gate's sum, from `d`, that of the gate before its division.
    static FOREWORD_INLINE Vec back_sum(int k, Vec gate, Vec d) {
        return k == G ? d : choose(gate > 0.0f, d, Vec{});
    }
};

}  // namespace FOREWORD_ISA
}  // namespace foreword
