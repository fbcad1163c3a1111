#include "layers.hpp"

#include "kernels.hpp"
#include "memory_pool.hpp"
#include "step.hpp"

#include <nanobind/nanobind.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace nb = nanobind;

namespace foreword {

namespace {

// One layer with packed weights; the fields are those of Input and Forward.
struct PackedLayer {
    int inputs;
    const float *weight_ih, *weight_hh, *peepholes, *bias, *bias_n;
    Packed packed;
};

// A stack of layers in one direction, without masks or lengths; nothing is kept for a backward pass.
struct Layers {
    const CellInfo* cell;
    float clip;
    int layers, T, B, H;
    int inputs;            // of the first layer
    const float* x;        // (T, B, inputs of the first layer)
    const float *h, *c;    // (layers, B, H), before; null: zeros
    float* states;         // (1 + T, B, H): h of the last layer, before and after each step; or null:
    float* outputs;        // (T, B, H): the same after each step
    float *h_after, *c_after;  // (layers, B, H)
};

// The calling thread's memory for intermediate results, which is reused from call to call.
float* scratch(std::size_t floats) {
    thread_local std::vector<float> memory;
    if (memory.size() < floats) memory.resize(floats);
    return memory.data();
}

// Memory that is never written to.
const float* zeros(std::size_t floats) {
    thread_local std::vector<float> memory;
    if (memory.size() < floats) memory.resize(floats);
    return memory.data();
}

struct Taken {
    explicit Taken(std::size_t floats) : memory(take(floats)) {}
    ~Taken() { give_back(memory); }
    Taken(const Taken&) = delete;
    Taken& operator=(const Taken&) = delete;
    float* const memory;
};

void run_one(const Kernels& kernels, const Layers& a, const PackedLayer& layer, const float* x,
             float* h, float* c, float* gates, float* inner, int format, int threads) {
    const Sizes sizes{a.T, a.B, a.H, nullptr, nullptr, 0};
    const Input input{layer.inputs, x, layer.weight_ih, layer.bias};
    const bool sees_memory = a.cell->sees_memory();
    Forward k{};
    k.sizes = sizes, k.input = input, k.packed = layer.packed, k.cell = a.cell, k.clip = a.clip;
    k.peepholes = layer.peepholes, k.weight = layer.weight_hh, k.bias_n = layer.bias_n;
    k.gates = gates, k.h = h, k.c = c, k.inner = inner;
    k.seen = sees_memory ? c : h, k.before = a.cell->has_memory() ? c : h;
    kernels.forward[format](k, threads);
}

// The additional arguments of a staged step.
struct Stages {
    bool is_needed;
    int inputs;                      // of the first layer
    int projected;                   // as of Form
    float zone_hidden, zone_memory;  // shares of the old state that stay
};

struct StagesLayer {
    const float *projection, *norm_ih, *norm_hh, *norm_c, *bias_c;
};

void run_stages(const Kernels& kernels, const Step& a, const Stages& stages,
                const std::vector<StepLayer>& layers, const std::vector<StagesLayer>& more,
                int threads) {
    Staged k{};
    Form& f = k.form;
    f.sizes = {1, 1, a.H, nullptr, nullptr, 0};
    f.cell = a.cell, f.projected = stages.projected, f.clip = a.clip;
    const std::size_t H = (std::size_t)a.H, P = (std::size_t)f.outputs();
    const std::size_t n = (std::size_t)f.gates();
    const float* const none = zeros(n * H);
    const Taken room((2 * n + 7) * H + 3 * P + 5);
    k.gates = room.memory, k.past = k.gates + n * H, k.hat_memory = k.past + n * H;
    k.units = k.hat_memory + H, k.c = k.units + H;
    float *const shares_memory = k.c + 2 * H, *const shares_hidden = shares_memory + H;
    k.h = shares_hidden + P, k.scales = k.h + 2 * P;
    if (stages.zone_hidden > 0.0f) {
        std::fill_n(shares_hidden, P, stages.zone_hidden);
        f.zone_hidden = {shares_hidden, 0};
    }
    if (stages.zone_memory > 0.0f && f.has_memory()) {
        std::fill_n(shares_memory, H, stages.zone_memory);
        f.zone_memory = {shares_memory, 0};
    }
    const auto begin = [](float* to, const float* first, std::size_t layer, std::size_t units) {
        if (first) std::memcpy(to, first + layer * units, units * sizeof(float));
        else std::memset(to, 0, units * sizeof(float));
    };
    const float* x = a.x;
    for (std::size_t l = 0; l < layers.size(); ++l) {
        const StepLayer& of = layers[l];
        const StagesLayer& rest = more[l];
        begin(k.h, a.h, l, P);
        if (f.has_memory()) begin(k.c, a.c, l, H);
        k.input = {of.inputs, x, of.weight_ih, nullptr};
        f.peepholes = of.peepholes, f.weight = of.weight_hh, f.projection = rest.projection;
        const float *bias_ih = of.bias_ih, *bias_hh = of.bias_hh;
        if (rest.norm_ih) {
            f.norm_input = {rest.norm_ih, bias_ih ? bias_ih : none};
            f.norm_past = {rest.norm_hh, bias_hh ? bias_hh : none};
            if (rest.norm_c) f.norm_memory = {rest.norm_c, rest.bias_c ? rest.bias_c : none};
            bias_ih = bias_hh = nullptr;
        }
        kernels.staged->step(k, bias_ih, bias_hh, threads);
        float* const after = a.h_after + l * P;
        std::memcpy(after, k.h + P, P * sizeof(float));
        if (f.has_memory()) std::memcpy(a.c_after + l * H, k.c + H, H * sizeof(float));
        x = after;
    }
    std::memcpy(a.outputs, x, P * sizeof(float));
}

template <class Visitor>
void fields(Visitor& v, Step& a, Stages& s) {
    v("cell", a.cell), v("clip", a.clip), v("layers", a.layers), v("H", a.H), v("inputs", s.inputs);
    v("is_staged", s.is_needed), v("projected", s.projected);
    v("zone_hidden", s.zone_hidden), v("zone_memory", s.zone_memory);
    countable((std::int64_t)a.H * MOST_GATES);
    const int H = a.H, P = s.projected ? s.projected : H;
    v("x", a.x, {1, 1, s.inputs}), v("h", a.h, {a.layers, 1, P}), v("c", a.c, {a.layers, 1, H});
    v("outputs", a.outputs, {1, 1, P});
    v("h_after", a.h_after, {a.layers, 1, P}), v("c_after", a.c_after, a.cell->has_memory() ? a.layers * (std::int64_t)H : 0);
    v.needs(true, a.x, a.outputs, a.h_after, a.c_after);
}

template <class Visitor>
void fields(Visitor& v, StepLayer& l, StagesLayer& m, const Step& a, const Stages& s) {
    const int n = a.cell->gates, seeing = a.cell->seeing, H = a.H, P = s.projected ? s.projected : H;
    v("inputs", l.inputs), v("weight_ih", l.weight_ih, {n * H, l.inputs});
    v("weight_hh", l.weight_hh, {seeing * H, a.cell->sees_memory() ? H : P});
    v("bias_ih", l.bias_ih, {n * H}), v("bias_hh", l.bias_hh, {seeing * H});
    v("weight_peephole", l.peepholes, {3, H}), v.needs(a.cell->has_peepholes(), l.peepholes);
    v.needs(true, l.weight_ih, l.weight_hh);
    v("weight_hr", m.projection, {P, H}), v("norm_ih", m.norm_ih, {n * H});
    v("norm_hh", m.norm_hh, {n * H}), v("norm_c", m.norm_c, {H}), v("bias_c", m.bias_c, {H});
    v.needs(s.projected > 0, m.projection), v.needs(m.norm_ih != nullptr, m.norm_hh);
    v.needs(m.norm_ih && a.cell->has_memory(), m.norm_c);
}

template <class Visitor>
void fields(Visitor& v, Layers& a) {
    v("cell", a.cell), v("clip", a.clip), v("layers", a.layers), v("T", a.T), v("B", a.B), v("H", a.H);
    countable((std::int64_t)a.T * a.B), countable((std::int64_t)a.H * MOST_GATES);
    v("inputs", a.inputs), v("x", a.x, {a.T, a.B, a.inputs});
    v("h", a.h, {a.layers, a.B, a.H}), v("c", a.c, {a.layers, a.B, a.H});
    v("states", a.states, {a.T + (std::int64_t)1, a.B, a.H}), v("outputs", a.outputs, {a.T, a.B, a.H});
    v("h_after", a.h_after, {a.layers, a.B, a.H}), v("c_after", a.c_after, {a.layers, a.B, a.H});
    v.needs(true, a.x, a.outputs, a.h_after, a.c_after);
}

template <class Visitor>
void fields(Visitor& v, PackedLayer& l, const Layers& a) {
    const int n = a.cell->gates, seeing = a.cell->seeing, H = a.H;
    v("inputs", l.inputs), v("weight_ih", l.weight_ih, {n * H, l.inputs});
    v("weight_hh", l.weight_hh, {seeing * H, H});
    v("weight_peephole", l.peepholes, {3, H}), v.needs(a.cell->has_peepholes(), l.peepholes);
    v("bias", l.bias, {n * H}), v("bias_n", l.bias_n, {H}), v.needs(a.cell->has_bias_n(), l.bias_n);
    v("packed", l.packed.memory, v.packed_floats(H, seeing, H) + v.packed_floats(H, n, l.inputs));
    v("is_packed", l.packed.is_there);
    v.needs(true, l.weight_ih, l.weight_hh, l.bias, l.packed.memory);
}

void must_read(int inputs, bool has_layers, int wanted) {
    if (!has_layers || inputs != wanted) throw Misfit("the first layer reads other inputs");
}

}  // namespace

std::vector<std::pair<std::string, std::vector<std::string>>> fields_of_layers(const Kernels& kernels) {
    Names step(kernels), step_layer(kernels), layers(kernels), packed_layer(kernels);
    Step a{};
    Stages s{};
    StepLayer l{};
    StagesLayer m{};
    Layers b{};
    PackedLayer p{};
    fields(step, a, s), fields(step_layer, l, m, a, s);
    fields(layers, b), fields(packed_layer, p, b);
    return {{"step", step.names}, {"step_layer", step_layer.names}, {"layers", layers.names},
            {"packed_layer", packed_layer.names}};
}

void run_step(const Kernels& kernels, const Arguments& arguments, int threads) {
    Step a{};
    Stages stages{};
    Reader read(arguments, kernels);
    fields(read, a, stages);
    std::vector<StepLayer> layers((std::size_t)a.layers);
    std::vector<StagesLayer> more((std::size_t)a.layers);
    for (std::size_t k = 0; k < layers.size(); ++k) fields(read, layers[k], more[k], a, stages);
    read.end();
    must_read(stages.inputs, !layers.empty(), layers.empty() ? 0 : layers[0].inputs);
    if (!stages.is_needed) without_stages(*a.cell);
    const nb::gil_scoped_release release;
    if (stages.is_needed) return run_stages(kernels, a, stages, layers, more, threads);
    const std::size_t floats = (std::size_t)a.layers * (std::size_t)a.H;
    if (!a.h) a.h = zeros(floats);
    if (!a.c) a.c = zeros(floats);
    a.room = scratch(4 * (std::size_t)a.H);
    a.of_layers = layers.data();
    kernels.step(a, threads);
}

void run_layers(const Kernels& kernels, const Arguments& arguments, int format, int threads) {
    Layers a{};
    Reader read(arguments, kernels, format);
    fields(read, a);
    std::vector<PackedLayer> layers((std::size_t)a.layers);
    for (PackedLayer& l : layers) fields(read, l, a);
    read.end();
    must_read(a.inputs, !layers.empty(), layers.empty() ? 0 : layers[0].inputs);
    without_stages(*a.cell);
    const nb::gil_scoped_release release;
    const std::size_t row = (std::size_t)a.B * (std::size_t)a.H, T = (std::size_t)a.T;
    const std::size_t all = (T + 1) * row;
    const bool has_memory = a.cell->has_memory(), has_inner = a.cell->carries_hidden();
    const std::size_t in_turn = a.layers > 1 ? 2 : 1;
    const Taken room((in_turn + has_memory) * all + has_inner * T * row +
                     (std::size_t)(steps_at_once(a.T, a.B) * a.cell->gates) * row);
    // Two buffers of hidden states, used in turn: one layer's are the input of the next.
    float *const hs = room.memory, *const c = hs + in_turn * all, *const inner = c + has_memory * all;
    float* const before_gates = inner + has_inner * T * row;
    const auto begin = [&](float* states, const float* first, std::size_t layer) {
        if (first) std::memcpy(states, first + layer * row, row * sizeof(float));
        else std::memset(states, 0, row * sizeof(float));
    };
    const auto end = [&](float* last, const float* states, std::size_t layer) {
        std::memcpy(last + layer * row, states + T * row, row * sizeof(float));
    };
    const float* x = a.x;
    for (std::size_t l = 0; l < layers.size(); ++l) {
        const bool is_last = l + 1 == layers.size();
        float* const h = is_last && a.states ? a.states : hs + l % 2 * all;
        begin(h, a.h, l);
        if (has_memory) begin(c, a.c, l);
        run_one(kernels, a, layers[l], x, h, c, before_gates, inner, format, threads);
        end(a.h_after, h, l);
        if (has_memory) end(a.c_after, c, l);
        x = h + row;
    }
    if (!a.states) std::memcpy(a.outputs, x, T * row * sizeof(float));
}

}  // namespace foreword
