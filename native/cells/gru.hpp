// The GRU, with either placement of its reset gate; equations and sources in foreword/cells/gru.py.
#pragma once

#include "../vector.hpp"
#include "cell.hpp"

namespace foreword {
namespace FOREWORD_ISA {

struct MixingCell {
    enum { R, Z, N };

    // Computes h from the candidate n and the update gate z.
    template <class At>
    static FOREWORD_INLINE void mix(const At& at, Vec n, Vec z) {
        at.keep(N, n);
        const Vec before = at.before(), h = n + z * (before - n);
        at.remember(before, h);
        at.become(h);
    }
    // Returns the gradient of n's argument, from `d`, that of h.
    template <class At>
    static FOREWORD_INLINE Vec unmix(const At& at, Vec d) {
        const Vec z = at.gate(Z), n = at.gate(N);
        const Vec d_z = at.with_shown(Z, d * (at.before() - n)) * z * (1.0f - z);
        const Vec d_n = at.with_shown(N, d * (1.0f - z)) * (1.0f - n * n);
        at.put(Z, d_z), at.put(N, d_n);
        at.put_past(Z, d_z);
        at.carry(d * z);
        return d_n;
    }
};

struct Gru : MixingCell {
    static constexpr CellInfo INFO{"gru", 3, 3, CellInfo::CARRIES_HIDDEN | CellInfo::BIAS_N, "rzn"};

    template <class At>
    static FOREWORD_INLINE void forward(const At& at) {
        const Vec r = sigmoid(at.input(R) + at.past(R)), z = sigmoid(at.input(Z) + at.past(Z));
        const Vec inner = at.past_of_candidate();
        at.keep(R, r), at.keep(Z, z);
        at.keep_inner(inner);
        mix(at, hyperbolic_tangent(at.input(N) + r * inner), z);
    }

    template <class At>
    static FOREWORD_INLINE void back(const At& at, Vec d) {
        const Vec r = at.gate(R), d_n = unmix(at, d);
        const Vec d_r = at.with_shown(R, d_n * at.inner()) * r * (1.0f - r);
        at.put(R, d_r);
        at.put_past(R, d_r), at.put_past(N, d_n * r);
    }
};

// A step has two parts, each with a product; that of the candidate is with r * h.
struct GruResetBefore : MixingCell {
    static constexpr CellInfo INFO{"gru-reset-before", 3, 3,
                                   CellInfo::CARRIES_HIDDEN | CellInfo::TWO_PARTS, "rzn"};

    template <class At>
    static FOREWORD_INLINE void forward(const At& at) {
        const Vec r = sigmoid(at.input(R) + at.past(R)), z = sigmoid(at.input(Z) + at.past(Z));
        at.keep(R, r), at.keep(Z, z);
        at.keep_inner(r * at.seen());
    }
    template <class At>
    static FOREWORD_INLINE void forward_second(const At& at) {
        mix(at, hyperbolic_tangent(at.input(N) + at.past_of_candidate()), at.gate(Z));
    }

    template <class At>
    static FOREWORD_INLINE void back(const At& at, Vec d) {
        unmix(at, d);
    }
    // `d` is the gradient of r * h.
    template <class At>
    static FOREWORD_INLINE void back_second(const At& at, Vec d) {
        const Vec r = at.gate(R);
        at.put(R, d * at.inner() * (1.0f - r));
        at.carry_seen(d * r);
    }
};

}  // namespace FOREWORD_ISA
}  // namespace foreword
