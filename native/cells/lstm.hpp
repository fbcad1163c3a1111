// The LSTMs; equations and sources in foreword/cells/lstm.py and peephole.py.
#pragma once

#include "../vector.hpp"
#include "cell.hpp"

namespace foreword {
namespace FOREWORD_ISA {

// h = o * tanh(c), which all LSTMs share.
struct MemoryCell {
    template <class At>
    static FOREWORD_INLINE void show(const At& at, Vec o, Vec c) {
        const Vec tanh_c = hyperbolic_tangent(c);
        at.keep_tanh(tanh_c);
        at.become(o * tanh_c);
    }

    // Returns the gradient of the argument of the tanh, from `d`, that of h.
    static FOREWORD_INLINE Vec through_tanh(Vec d, Vec o, Vec tanh_c) {
        return d * o * (1.0f - tanh_c * tanh_c);
    }
};

template <bool HAS_PEEPHOLES, bool SEES_MEMORY>
struct LstmEquations : MemoryCell {
    enum { I, F, G, O };

    template <class At>
    static FOREWORD_INLINE void forward(const At& at) {
        const Vec before = at.before();
        Vec a_i = at.input(I) + at.past(0), a_f = at.input(F) + at.past(1), a_g = at.input(G);
        if constexpr (!SEES_MEMORY) a_g += at.past(2);
        Vec a_o = at.input(O) + at.past(SEES_MEMORY ? 2 : 3);
        if constexpr (HAS_PEEPHOLES) a_i += at.peephole(0) * before, a_f += at.peephole(1) * before;
        const Vec i = sigmoid(a_i), f = sigmoid(a_f), g = hyperbolic_tangent(a_g);
        const Vec c = within(f * before + i * g, at.bound());
        if constexpr (HAS_PEEPHOLES) a_o += at.peephole(2) * c;
        const Vec o = sigmoid(a_o);
        at.keep(I, i), at.keep(F, f), at.keep(G, g), at.keep(O, o);
        at.remember(before, c);
        at.show(o, c);
    }

    template <class At>
    static FOREWORD_INLINE void back(const At& at, Vec d) {
        const Vec i = at.gate(I), f = at.gate(F), g = at.gate(G), o = at.gate(O);
        const Vec before = at.before(), tanh_c = at.tanh_c();
        const Vec d_o = at.with_shown(O, d * tanh_c) * o * (1.0f - o);
        Vec d_c = at.through_norm(through_tanh(d, o, tanh_c));
        if constexpr (HAS_PEEPHOLES) d_c += at.peephole(2) * d_o;
        d_c = at.by_memory(d_c);
        const Vec d_i = at.with_shown(I, d_c * g) * i * (1.0f - i);
        const Vec d_f = at.with_shown(F, d_c * before) * f * (1.0f - f);
        const Vec d_g = at.with_shown(G, d_c * i) * (1.0f - g * g);
        Vec past = d_c * f;
        if constexpr (HAS_PEEPHOLES) {
            past += at.peephole(0) * d_i + at.peephole(1) * d_f;
            at.add_to_peepholes(d_i * before, d_f * before, d_o);
        }
        at.put(I, d_i), at.put(F, d_f), at.put(G, d_g), at.put(O, d_o);
        at.carry(past);
    }
};

struct Lstm : LstmEquations<false, false> {
    static constexpr CellInfo INFO{"lstm", 4, 4, CellInfo::MEMORY, "ifgo"};
};
struct PeepholeLstm : LstmEquations<true, false> {
    static constexpr CellInfo INFO{"lstm-peephole", 4, 4, CellInfo::MEMORY | CellInfo::PEEPHOLES, "ifgo"};
};
struct PeepholeOnlyLstm : LstmEquations<false, true> {
    static constexpr CellInfo INFO{"lstm-peephole-only", 4, 3,
                                   CellInfo::MEMORY | CellInfo::SEES_MEMORY | CellInfo::UNBOUNDED, "ifgo"};
};

struct CoupledLstm : MemoryCell {
    static constexpr CellInfo INFO{"lstm-coupled", 3, 3, CellInfo::MEMORY, "fgo"};
    enum { F, G, O };

    template <class At>
    static FOREWORD_INLINE void forward(const At& at) {
        const Vec before = at.before();
        const Vec f = sigmoid(at.input(F) + at.past(F));
        const Vec g = hyperbolic_tangent(at.input(G) + at.past(G));
        const Vec c = within(g + f * (before - g), at.bound());
        const Vec o = sigmoid(at.input(O) + at.past(O));
        at.keep(F, f), at.keep(G, g), at.keep(O, o);
        at.remember(before, c);
        at.show(o, c);
    }

    template <class At>
    static FOREWORD_INLINE void back(const At& at, Vec d) {
        const Vec f = at.gate(F), g = at.gate(G), o = at.gate(O), tanh_c = at.tanh_c();
        const Vec d_o = at.with_shown(O, d * tanh_c) * o * (1.0f - o);
        const Vec d_c = at.by_memory(at.through_norm(through_tanh(d, o, tanh_c)));
        at.put(F, at.with_shown(F, d_c * (at.before() - g)) * f * (1.0f - f));
        at.put(G, at.with_shown(G, d_c * (1.0f - f)) * (1.0f - g * g));
        at.put(O, d_o);
        at.carry(d_c * f);
    }
};

}  // namespace FOREWORD_ISA
}  // namespace foreword
