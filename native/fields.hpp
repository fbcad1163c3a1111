// The fields of the structs that Python passes to kernels: their names, in order, and the least size
// of each. Every struct is described once.
//
// One visitor lists the names, which Python compares with its own when the module is loaded; another
// reads the fields. A tensor that is too small is refused with a Misfit before the kernel starts.
// Weights must have their exact shape; other tensors may have more rows than are used.
#pragma once

#include "reader.hpp"
#include "step.hpp"

namespace foreword {

// v(name, member) visits a field; with a count, it must hold at least that many values; with {...}, it
// must have this shape. v.needs(condition, members...) refuses a field that is absent.

template <class Visitor>
Counts fields(Visitor& v, Sizes& s) {
    v("T", s.T), v("B", s.B), v("H", s.H);
    v("begins", s.begins, s.T + (std::int64_t)1);
    v("idle", s.idle);
    const Counts k = v.counts(s);
    v("places", s.places, k.all);
    return k;
}
template <class Visitor>
void fields(Visitor& v, Masks& m, const Counts& k, std::int64_t seen) {
    v("keep", m.keep, k.N), v("drop_hidden", m.drop_hidden, k.B * seen);
    v("drop_memory", m.drop_memory, k.B * k.H);
}
template <class Visitor>
void fields(Visitor& v, Input& i, const Counts& k, std::int64_t gates) {
    v("inputs", i.size), v("x", i.x, k.T * k.B * i.size);
    v("weight_ih", i.weight.floats, {gates * k.H, i.size}), v("bias", i.bias, gates * k.H);
    v.needs(true, i.x, i.weight.floats, i.bias);
}
template <class Visitor>
void fields(Visitor& v, InputBack& i, const Counts& k, std::int64_t gates) {
    v("inputs", i.size), v("weight_ih", i.weight, {gates * k.H, i.size});
    v("d_x", i.d_x, k.all * i.size), v.needs(true, i.weight);
}
template <class Visitor>
void fields(Visitor& v, Packed& p, std::int64_t floats) {
    v("packed", p.memory, floats), v("is_packed", p.is_there);
}

template <class Visitor>
void fields(Visitor& v, Forward& a) {
    const Counts k = fields(v, a.sizes);
    const std::int64_t B = k.B, N = k.N, H = k.H;
    v("cell", a.cell), v("clip", a.clip), v("keeps", a.keeps);
    const CellInfo& cell = *a.cell;
    without_stages(cell);
    const int n = cell.gates, seeing = cell.seeing;
    fields(v, a.masks, k, H), fields(v, a.input, k, n);
    v("weight_hh", a.weight.floats, {seeing * H, H});
    v("peepholes", a.peepholes, {3, H}), v.needs(cell.has_peepholes(), a.peepholes);
    v("bias_n", a.bias_n, H), v.needs(cell.has_bias_n(), a.bias_n);
    v("gates", a.gates, k.made(a.keeps) * n * H);
    v("h", a.h, (B + N) * H), v("c", a.c, (B + N) * H), v.needs(cell.has_memory(), a.c);
    v("seen", a.seen, N * H), v("before", a.before, N * H);
    v("tanh_c", a.tanh_c, N * H), v.needs(cell.has_memory() && a.keeps, a.tanh_c);
    v("inner", a.inner, N * H), v.needs(cell.carries_hidden(), a.inner);
    v("outputs", a.outputs, k.all * H);
    v.needs(true, a.weight.floats, a.gates, a.h, a.seen, a.before);
    fields(v, a.packed, v.packed_floats(k.H, seeing, k.H) + v.packed_floats(k.H, n, a.input.size));
}

template <class Visitor>
void fields(Visitor& v, Backward& a) {
    const Counts k = fields(v, a.sizes);
    const std::int64_t B = k.B, N = k.N, H = k.H;
    v("cell", a.cell), v("clip", a.clip), v("carries", a.carries);
    const CellInfo& cell = *a.cell;
    without_stages(cell);
    const int n = cell.gates;
    fields(v, a.masks, k, H), fields(v, a.input, k, n);
    v("weight_hh", a.weight, {cell.seeing * H, H});
    v("peepholes", a.peepholes, {3, H});
    v("gates", a.gates, N * n * H), v("c", a.c, N * H), v("before", a.before, N * H);
    v("tanh_c", a.tanh_c, N * H), v("inner", a.inner, N * H);
    v("d_h", a.d_h, k.all * H), v("d_c", a.d_c, N * H);
    v("d_last_h", a.d_last_h, B * H), v("d_last_c", a.d_last_c, B * H);
    v("d_gates", a.d_gates, N * n * H), v("d_past", a.d_past, N * n * H);
    v("d_states_h", a.d_states_h, N * H), v("d_states_c", a.d_states_c, N * H);
    v("d_first_h", a.d_first_h, B * H), v("d_first_c", a.d_first_c, B * H);
    v("d_peepholes", a.d_peepholes, 3 * H);
    v.needs(true, a.weight, a.gates, a.d_gates, a.d_past, a.d_first_h);
    v.needs(cell.has_memory(), a.before, a.c, a.tanh_c, a.d_first_c);
    v.needs(cell.carries_hidden(), a.before, a.inner);
    v.needs(cell.has_peepholes(), a.peepholes, a.d_peepholes);
}

template <class Visitor>
Counts fields(Visitor& v, Form& f) {
    const Counts k = fields(v, f.sizes);
    const auto zone = [&](const char* name, const char* row, Zone& zone, std::int64_t units) {
        v(row, zone.row), v(name, zone.share, zone.row ? (k.N - 1) * zone.row + units : units);
    };
    v("cell", f.cell), v("projected", f.projected), v("clip", f.clip);
    if (f.cell->parts() > 1) throw Misfit("a step of two products has no stages");
    const std::int64_t H = k.H, n = f.gates(), P = f.outputs(), S = f.seen();
    fields(v, f.masks, k, S);
    zone("zone_hidden", "zone_hidden_row", f.zone_hidden, P);
    zone("zone_memory", "zone_memory_row", f.zone_memory, H);
    v("weight_hh", f.weight, {f.seeing() * H, S});
    v("peepholes", f.peepholes, {3, H}), v.needs(f.cell->has_peepholes(), f.peepholes);
    v("bias_n", f.bias_n, H);
    v("weight_hr", f.projection, {P, H}), v.needs(f.projected > 0, f.projection);
    v("norm_ih", f.norm_input.gain, n * H), v("bias_ih", f.norm_input.bias, n * H);
    v("norm_hh", f.norm_past.gain, n * H), v("bias_hh", f.norm_past.bias, n * H);
    v("norm_c", f.norm_memory.gain, H), v("bias_c", f.norm_memory.bias, H);
    v.needs(true, f.weight), v.needs(f.normalises(), f.norm_input.bias, f.norm_past.gain, f.norm_past.bias);
    v.needs(f.normalises() && f.cell->has_memory(), f.norm_memory.gain, f.norm_memory.bias);
    return k;
}

template <class Visitor>
void fields(Visitor& v, Made& m, const Form& f, const Counts& k, bool keeps) {
    const std::int64_t B = k.B, H = k.H, P = f.outputs(), rows = keeps ? k.N : B;
    v("gates", m.gates, k.made(keeps) * f.gates() * H), v("past", m.past, rows * f.seeing() * H);
    v("hat_input", m.hat_input, k.N * f.gates() * H), v("hat_memory", m.hat_memory, rows * H);
    v("scales", m.scales, rows * 5), v("fresh", m.fresh, rows * H);
    v("tanh_c", m.tanh_c, rows * H), v("units", m.units, rows * H);
    v("h", m.h, (B + k.N) * P), v("c", m.c, (B + k.N) * H), v("seen", m.seen, k.N * f.seen());
    v.needs(true, m.gates, m.past, m.h, m.seen), v.needs(f.has_memory(), m.c);
    v.needs(f.projected > 0, m.units), v.needs(f.cell->has_memory() && keeps, m.tanh_c);
    v.needs(f.normalises() || f.cell->needs_whole_rows(), m.scales);
    v.needs(f.normalises() && keeps, m.hat_input);
    v.needs(f.normalises() && f.cell->has_memory(), m.hat_memory);
}

template <class Visitor>
void fields(Visitor& v, Staged& a) {
    Form& f = a.form;
    const Counts k = fields(v, f);
    fields(v, a.input, k, f.gates()), v("keeps", a.keeps), fields(v, a, f, k, a.keeps);
    v("outputs", a.outputs, k.all * f.outputs());
    fields(v, a.packed, v.packed_floats(k.H, f.seeing(), f.seen()) +
                            v.packed_floats(k.H, f.gates(), a.input.size) +
                            (f.projected ? v.packed_floats(f.outputs(), 1, k.H) : 0));
}

template <class Visitor>
void fields(Visitor& v, StagedBack& a) {
    Form& f = a.form;
    const Counts k = fields(v, f);
    const std::int64_t B = k.B, N = k.N, H = k.H, n = f.gates(), seeing = f.seeing(), P = f.outputs();
    fields(v, a.input, k, n), fields(v, a, f, k, true);
    v("d_h", a.d_h, k.all * P), v("d_c", a.d_c, N * H), v("d_shown", a.d_shown, N * n * H);
    v("d_last_h", a.d_last_h, B * P), v("d_last_c", a.d_last_c, B * H);
    v("d_gates", a.d_gates, N * n * H), v("d_input", a.d_input, N * n * H);
    v("d_past", a.d_past, N * seeing * H);
    v("d_tanh", a.d_tanh, N * H), v("d_outputs", a.d_outputs, N * P);
    v("d_states_h", a.d_states_h, N * P), v("d_states_c", a.d_states_c, N * H);
    v("d_first_h", a.d_first_h, B * P), v("d_first_c", a.d_first_c, B * H);
    v("d_bias", a.d_bias, n * H), v("d_bias_past", a.d_bias_past, n * H);
    v("d_gain_input", a.d_gain_input, n * H), v("d_gain_past", a.d_gain_past, n * H);
    v("d_gain_memory", a.d_gain_memory, H), v("d_bias_memory", a.d_bias_memory, H);
    v("d_peepholes", a.d_peepholes, 3 * H);
    const bool norms = f.normalises(), norms_memory = norms && f.cell->has_memory();
    v.needs(true, a.d_gates, a.d_input, a.d_past, a.d_first_h, a.d_bias);
    v.needs(f.has_memory(), a.d_first_c), v.needs(f.projected > 0, a.d_outputs);
    v.needs(norms_memory || f.cell->needs_whole_rows(), a.d_tanh);
    v.needs(a.d_gain_input != nullptr, a.d_gain_past);
}

// module.cpp checks further conditions on these.
template <class Visitor>
void fields(Visitor& v, Sums& a) {
    v("M", a.M), v("K", a.K), v("a", a.a), v("a_row", a.a_row);
    v("N", a.N), v("b", a.b), v("b_rows", a.b_rows), v("c", a.c, {a.M, a.N});
    v("other_n", a.other_N), v("other_b", a.other_b), v("other_rows", a.other_rows);
    v("other_c", a.other_c, {a.M, a.other_N}), v("totals", a.totals, {a.M});
}

template <class Visitor>
void fields(Visitor& v, Softmax& a) {
    v("rows", a.rows), v("V", a.V), v("logits", a.logits, {a.rows, a.V}), v("bias", a.bias, {a.V});
    v("targets", a.targets, {a.rows}), v("scales", a.scales, {a.rows, 1}), v("losses", a.losses, {a.rows});
    v("d_bias", a.d_bias, {a.V});
    v.needs(true, a.logits, a.bias, a.targets, a.scales, a.losses, a.d_bias);
}

template <class Visitor>
void fields(Visitor& v, Ranks& a) {
    v("rows", a.rows), v("V", a.V), v("left_out", a.left_out), v("logits", a.logits, {a.rows, a.V});
    v("targets", a.targets, {a.rows}), v("losses", a.losses, {a.rows}), v("above", a.above, {a.rows});
    v.needs(true, a.logits, a.targets, a.losses, a.above);
}

}  // namespace foreword
