// How much memory the structs of kernels.hpp and staged.hpp must have been given, by their sizes.
//
// What a kernel would read or write beyond a tensor's end is refused here, with a Misfit, before it
// begins. Weights must be of their very shape; rows of anything else may be more than are used.
#pragma once

#include "reader.hpp"

namespace foreword {

class Extents {
  public:
    Extents(const Arguments& arguments, const Sizes& sizes, int format, const Kernels& kernels)
        : arguments_(arguments), sizes_(sizes), floats_(of_format(kernels.packed_floats, format)),
          T(sizes.T), B(sizes.B), H(sizes.H), N(T * B), all(T * B) {
        holds(sizes.begins, T + 1);
        if (!sizes.begins) return;
        N = sizes.begins[T];
        all = N + sizes.idle;
        if (N < 0 || N > T * B || sizes.idle < 0) throw Misfit("rows are counted wrongly");
        holds(sizes.places, all);
    }

    void of(const Forward& a) const {
        const std::int64_t n = a.cell->gates, seeing = a.cell->seeing;
        of(a.masks, H), of(a.input, n);
        of(a.packed, floats(seeing, H) + floats(n, a.input.size));
        is(a.peepholes, {3, H}), is(a.weight, {seeing * H, H}), holds(a.bias_n, H);
        holds(a.gates, made(a.keeps) * n * H), each_holds((B + N) * H, a.h, a.c);
        each_holds(N * H, a.seen, a.tanh_c, a.inner), holds(a.outputs, all * H);
        needs(a.cell->has_peepholes(), a.peepholes), needs(a.cell->has_bias_n(), a.bias_n);
        needs(a.cell->has_memory(), a.c), needs(a.cell->carries_hidden(), a.inner);
        const bool carries = a.before != a.h && a.before != a.c;
        holds(a.before, (N + (carries ? 0 : B)) * H);
    }
    void of(const Backward& a) const {
        const std::int64_t n = a.cell->gates;
        of(a.masks, H), of(a.input, n);
        is(a.peepholes, {3, H}), is(a.weight, {a.cell->seeing * H, H});
        each_holds(N * n * H, a.gates, a.d_gates, a.d_past), holds(a.d_h, all * H);
        each_holds(N * H, a.c, a.before, a.tanh_c, a.inner, a.d_c, a.d_states_h, a.d_states_c);
        each_holds(B * H, a.d_last_h, a.d_last_c, a.d_first_h, a.d_first_c);
        holds(a.d_peepholes, 3 * H);
        needs(a.cell->has_peepholes(), a.peepholes), needs(a.cell->has_peepholes(), a.d_peepholes);
        needs(a.cell->has_memory(), a.tanh_c), needs(a.cell->has_memory(), a.d_first_c);
        needs(a.cell->carries_hidden(), a.inner);
    }
    void of(const Staged& a) const {
        const Form& f = a.form;
        const std::int64_t n = f.gates(), seeing = f.seeing(), P = f.outputs(), S = f.seen();
        needs(f.has_memory(), a.c);
        const std::int64_t rows = a.keeps ? N : B;
        of(f), of(a.input, n);
        const std::int64_t projection = f.projected > 0 ? floats_(f.projected, 1, sizes_.H) : 0;
        of(a.packed, floats(seeing, S) + floats(n, a.input.size) + projection);
        holds(a.gates, made(a.keeps) * n * H), holds(a.past, rows * seeing * H);
        holds(a.hat_input, N * n * H), holds(a.scales, rows * 5);
        each_holds(rows * H, a.hat_memory, a.fresh, a.units), holds(a.tanh_c, N * H);
        holds(a.h, (B + N) * P), holds(a.c, (B + N) * H), holds(a.seen, N * S);
        holds(a.outputs, all * P);
    }
    void of(const StagedBack& a) const {
        const Form& f = a.form;
        const std::int64_t n = f.gates(), seeing = f.seeing(), P = f.outputs();
        of(f), of(a.input, n);
        each_holds(N * n * H, a.gates, a.hat_input, a.d_shown, a.d_gates, a.d_input);
        each_holds(N * seeing * H, a.past, a.d_past), holds(a.scales, N * 5);
        each_holds(N * H, a.hat_memory, a.fresh, a.tanh_c, a.d_c, a.d_tanh, a.d_states_c);
        each_holds(N * P, a.d_outputs, a.d_states_h), holds(a.d_h, all * P);
        holds(a.h, (B + N) * P), holds(a.c, (B + N) * H);
        each_holds(B * P, a.d_last_h, a.d_first_h), each_holds(B * H, a.d_last_c, a.d_first_c);
        each_holds(n * H, a.d_bias, a.d_bias_past, a.d_gain_input, a.d_gain_past);
        each_holds(H, a.d_gain_memory, a.d_bias_memory), holds(a.d_peepholes, 3 * H);
    }

  private:
    std::int64_t floats(std::int64_t gates, std::int64_t columns) const {
        return floats_(sizes_.H, (int)gates, (int)columns);
    }
    // Rows of gates: of all steps, or of those that are made at once.
    std::int64_t made(bool keeps) const {
        if (keeps) return N;
        if (!sizes_.begins) return (std::int64_t)steps_at_once(sizes_.T, sizes_.B) * B;
        return std::min<std::int64_t>(N, B + ENOUGH_ROWS);
    }
    void of(const Masks& masks, std::int64_t seen) const {
        holds(masks.keep, N), holds(masks.drop_hidden, B * seen), holds(masks.drop_memory, B * H);
    }
    void of(const Input& input, std::int64_t gates) const {
        holds(input.x, T * B * input.size), is(input.weight, {gates * H, input.size});
        holds(input.bias, gates * H);
    }
    void of(const InputBack& input, std::int64_t gates) const {
        is(input.weight, {gates * H, input.size}), holds(input.d_x, all * input.size);
    }
    void of(const Packed& packed, std::int64_t floats) const { holds(packed.memory, floats); }
    void of(const Zone& zone, std::int64_t units) const {
        holds(zone.share, zone.row ? (N - 1) * zone.row + units : units);
    }
    void of(const Form& f) const {
        const std::int64_t n = f.gates(), P = f.outputs(), S = f.seen();
        of(f.masks, S), of(f.zone_hidden, P), of(f.zone_memory, H);
        is(f.peepholes, {3, H}), is(f.weight, {f.seeing() * H, S}), holds(f.bias_n, H);
        is(f.projection, {P, H});
        if (f.cell->parts() > 1) throw Misfit("a step of two products has no stages");
        needs(f.cell->has_peepholes(), f.peepholes), needs(f.projected > 0, f.projection);
        each_holds(n * H, f.norm_input.gain, f.norm_input.bias);
        each_holds(n * H, f.norm_past.gain, f.norm_past.bias);
        each_holds(H, f.norm_memory.gain, f.norm_memory.bias);
    }

    const Argument& given(const void* memory) const {
        for (const Argument& argument : arguments_) {
            const bool is_memory = argument.content != Content::number;
            if (is_memory && argument.value == reinterpret_cast<std::uintptr_t>(memory)) return argument;
        }
        throw Misfit("a kernel was given an address, not a tensor");
    }
    void holds(const void* memory, std::int64_t count) const {
        if (memory && (std::int64_t)given(memory).count() < count) {
            throw Misfit("a kernel was given a tensor that is smaller than it reads");
        }
    }
    static void needs(bool is_needed, const float* memory) {
        if (is_needed && !memory) throw Misfit("a kernel was not given a tensor that its cell needs");
    }
    template <class... Pointers>
    void each_holds(std::int64_t count, Pointers... memory) const {
        (..., holds(memory, count));
    }
    void is(const void* memory, std::initializer_list<std::int64_t> shape) const {
        if (memory) must_be(given(memory), shape);
    }

    const Arguments& arguments_;
    const Sizes& sizes_;
    std::ptrdiff_t (*floats_)(int units, int gates, int K);
    std::int64_t T, B, H, N, all;  // N: rows of all steps; all: and of those where nothing happens
};

}  // namespace foreword
