// Runs every kernel of every instruction set here without Python: alone, on teams of threads, and
// several calls at once. For the sanitizers, of which ThreadSanitizer must see all threads' code from
// their beginning, as it does with ours and does not with torch's OpenMP.
//
// Results must not depend on the number of threads, bit for bit. Says what differs, and fails.
// Arguments: instruction sets; none: all that this processor has.
#include "../instruction_sets.hpp"
#include "../kernels.hpp"
#include "../memory_pool.hpp"
#include "../staged.hpp"
#include "../step.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <deque>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace foreword;

constexpr float CLIP = 0.3f;  // of memories: reached by some

// Arrays of exactly their size, so that AddressSanitizer sees a step beyond; and what is compared.
class Memory {
  public:
    explicit Memory(unsigned seed) : random_(seed) {}

    float* drawn(std::size_t count, float low = -0.5f, float high = 0.5f) {
        std::uniform_real_distribution<float> values(low, high);
        float* const to = room(count);
        for (std::size_t k = 0; k < count; ++k) to[k] = values(random_);
        return to;
    }
    float* mask(std::size_t count, float scale) {
        float* const to = room(count);
        for (std::size_t k = 0; k < count; ++k) to[k] = random_() % 3 ? scale : 0.0f;
        return to;
    }
    float* room(std::size_t count) { return arrays_.emplace_back(count, 0.0f).data(); }
    // Written by a kernel, and compared.
    float* result(std::size_t count) {
        float* const to = room(count);
        results_.emplace_back(to, count);
        return to;
    }
    std::int64_t* places(std::vector<std::int64_t> values) {
        return places_.emplace_back(std::move(values)).data();
    }
    std::vector<float> results() const {
        std::vector<float> all;
        for (const auto& [from, count] : results_) all.insert(all.end(), from, from + count);
        return all;
    }
    int pick(int below) { return (int)(random_() % (unsigned)below); }

  private:
    std::mt19937 random_;
    std::deque<std::vector<float>> arrays_;
    std::deque<std::vector<std::int64_t>> places_;
    std::vector<std::pair<const float*, std::size_t>> results_;
};

struct Shape {
    int T, B, I, H;
    bool is_ragged, is_masked;
};

struct Batch {
    Sizes sizes;
    std::size_t N;
};

// Sequences of T, T - 1, ... steps, the last ones of none if there are more of them than steps.
Batch batch_of(Memory& memory, const Shape& s) {
    if (!s.is_ragged) return {{s.T, s.B, s.H, nullptr, nullptr, 0}, (std::size_t)s.T * s.B};
    std::vector<std::int64_t> begins{0}, places, idle;
    for (int t = 0; t < s.T; ++t) {
        for (int b = 0; b < s.B; ++b) (t < s.T - b ? places : idle).push_back(t * s.B + b);
        begins.push_back((std::int64_t)places.size());
    }
    const std::size_t rows = places.size();
    places.insert(places.end(), idle.begin(), idle.end());
    return {{s.T, s.B, s.H, memory.places(begins), memory.places(places), (int)idle.size()}, rows};
}

Masks masks_of(Memory& memory, const Shape& s, std::size_t N, int seen, bool has_memory) {
    if (!s.is_masked) return {};
    return {memory.mask(N, 1.0f), memory.mask((std::size_t)s.B * seen, 1.5f),
            has_memory ? memory.mask((std::size_t)s.B * s.H, 1.5f) : nullptr};
}

struct Layer {
    Memory& memory;
    const Shape& shape;
    const Kernels& kernels;
    int format, threads;
    Batch batch = batch_of(memory, shape);
    std::size_t N = batch.N, B = (std::size_t)shape.B, H = (std::size_t)shape.H,
                I = (std::size_t)shape.I, padded = (std::size_t)shape.T * shape.B;
    float* x = memory.drawn(padded * I);

    bool goes_back() const { return format < FORMATS_BACK; }
    Input input(int gates, const float* weight, bool is_normalised = false) {
        const float* bias = is_normalised ? memory.room(gates * H) : memory.drawn(gates * H);
        return {shape.I, x, weight, bias};
    }
    InputBack input_back(const float* weight) { return {shape.I, weight, memory.result(padded * I)}; }
    float* states(std::size_t units) {
        float* const memory_of_all = memory.result((B + N) * units);
        const float* const first = memory.drawn(B * units);
        std::copy(first, first + B * units, memory_of_all);
        return memory_of_all;
    }
    float* outputs(std::size_t units) {
        return shape.is_ragged ? memory.result(padded * units) : nullptr;
    }
    void weight_sums(int rows, const float* d, const float* b, std::size_t columns) {
        Sums sums{rows, (int)N, d, rows, (int)columns, b, nullptr, memory.result(rows * columns),
                  0,    nullptr, nullptr, nullptr, memory.result((std::size_t)rows)};
        kernels.sums[format](sums, threads);
    }
};

const CellInfo& cell_of(const Kernels& kernels, const char* name) {
    for (int k = 0;; ++k) {
        if (std::strcmp(kernels.cell(k)->name, name) == 0) return *kernels.cell(k);
    }
}

void quick(Layer& l, const char* name) {
    Memory& m = l.memory;
    const CellInfo& cell = cell_of(l.kernels, name);
    const std::size_t H = l.H, N = l.N, n = (std::size_t)cell.gates, seeing = (std::size_t)cell.seeing;
    const bool has_memory = cell.has_memory(), is_gru = cell.carries_hidden();
    const auto if_there = [&](bool is_there, std::size_t count) {
        return is_there ? m.result(count) : nullptr;
    };
    Forward a{};
    a.sizes = l.batch.sizes, a.masks = masks_of(m, l.shape, N, l.shape.H, has_memory);
    const float* const w_ih = m.drawn(n * H * l.I);
    a.input = l.input((int)n, w_ih), a.cell = &cell, a.keeps = true, a.clip = CLIP;
    a.weight = m.drawn(seeing * H * H, -0.2f, 0.2f);
    a.peepholes = cell.has_peepholes() ? m.drawn(3 * H) : nullptr;
    a.bias_n = cell.has_bias_n() ? m.drawn(H) : nullptr;
    a.gates = m.result(N * n * H), a.h = l.states(H), a.c = has_memory ? l.states(H) : nullptr;
    const bool is_masked = a.masks.keep != nullptr;
    a.seen = is_masked ? m.room(N * H) : cell.sees_memory() ? a.c : a.h;
    a.before = is_masked ? m.room(N * H) : has_memory ? a.c : a.h;
    a.tanh_c = if_there(has_memory, N * H), a.inner = if_there(is_gru, N * H);
    a.outputs = l.outputs(H);
    l.kernels.forward[l.format](a, l.threads);
    if (!l.goes_back()) return;
    Backward back{};
    back.sizes = a.sizes, back.masks = a.masks, back.input = l.input_back(w_ih), back.cell = &cell;
    back.clip = CLIP, back.carries = is_masked, back.peepholes = a.peepholes, back.weight = a.weight.floats;
    back.gates = a.gates, back.c = has_memory ? a.c + l.B * H : nullptr, back.before = a.before;
    back.tanh_c = a.tanh_c, back.inner = a.inner;
    back.d_h = m.drawn(l.padded * H), back.d_last_h = m.drawn(l.B * H);
    back.d_gates = m.result(N * n * H);
    back.d_past = is_gru && cell.parts() == 1 ? m.result(N * n * H) : back.d_gates;
    back.d_states_h = m.result(N * H), back.d_first_h = m.result(l.B * H);
    if (has_memory) {
        back.d_c = m.drawn(N * H), back.d_last_c = m.drawn(l.B * H);
        back.d_states_c = m.result(N * H), back.d_first_c = m.result(l.B * H);
    }
    back.d_peepholes = if_there(cell.has_peepholes(), 3 * H);
    l.kernels.back[l.format](back, l.threads);
    l.weight_sums((int)n * l.shape.H, back.d_gates, a.h, H);
}

void staged(Layer& l, const char* name, bool projects, bool normalises, bool zones) {
    Memory& m = l.memory;
    const std::size_t H = l.H, N = l.N;
    Form f{};
    f.sizes = l.batch.sizes, f.cell = &cell_of(l.kernels, name);
    const bool is_gru = f.cell->carries_hidden(), is_lstm = f.cell->has_memory();
    const bool sees_memory = f.cell->sees_memory(), has_peepholes = f.cell->has_peepholes();
    const bool is_whole = f.cell->needs_whole_rows();
    f.clip = is_lstm && !normalises ? CLIP : 0.0f;
    f.projected = projects ? std::max(1, l.shape.H - 2) : 0;
    const std::size_t n = (std::size_t)f.gates(), seeing = (std::size_t)f.seeing();
    const std::size_t P = (std::size_t)f.outputs(), S = (std::size_t)f.seen();
    f.masks = masks_of(m, l.shape, N, (int)S, is_lstm);
    if (zones) {
        f.zone_hidden = {m.drawn(N * P, 0.0f, 1.0f), (int)P};
        if (f.has_memory()) f.zone_memory = {m.drawn(H, 0.0f, 1.0f), 0};
    }
    f.peepholes = has_peepholes ? m.drawn(3 * H) : nullptr;
    f.weight = m.drawn(seeing * H * S, -0.1f, 0.1f);
    f.bias_n = is_gru && !normalises ? m.drawn(H) : nullptr;
    f.projection = projects ? m.drawn(P * H) : nullptr;
    if (normalises) {
        f.norm_input = {m.drawn(n * H), m.drawn(n * H)};
        f.norm_past = {m.drawn(n * H), m.drawn(n * H)};
        if (is_lstm) f.norm_memory = {m.drawn(H), m.drawn(H)};
    }
    const float* w_ih = m.drawn(n * H * l.I);
    const auto if_there = [&](bool is_there, std::size_t count) {
        return is_there ? m.result(count) : nullptr;
    };
    float *gates = m.result(N * n * H), *past = m.room(N * seeing * H);
    float* hat_input = if_there(normalises, N * n * H);
    float *hat_memory = if_there(normalises && is_lstm, N * H), *scales = if_there(normalises || is_whole, N * 5);
    float *fresh = if_there(f.clip > 0.0f && zones, N * H), *tanh_c = if_there(is_lstm, N * H);
    float *units = if_there(projects, N * H), *h = l.states(P);
    float *c = f.has_memory() ? l.states(H) : nullptr, *state = sees_memory ? c : h;
    float* seen = f.masks.keep ? m.room(N * S) : state;
    const Made made{gates, past, hat_input, hat_memory, scales, fresh, tanh_c, units, h, c, seen};
    const Staged a{made, f, l.input((int)n, w_ih, normalises), true, l.outputs(P), {nullptr, false}};
    l.kernels.staged->forward[l.format](a, l.threads);
    if (!l.goes_back()) return;
    float* d_gates = m.result(N * n * H);
    float* d_input = normalises ? m.result(N * n * H) : d_gates;
    float* d_past = normalises || is_gru || sees_memory ? m.result(N * seeing * H) : d_gates;
    const StagedBack back{
        made, f, l.input_back(w_ih),
        m.drawn(l.padded * P), c ? m.drawn(N * H) : nullptr, m.drawn(N * n * H), m.drawn(l.B * P),
        c ? m.drawn(l.B * H) : nullptr, d_gates, d_input, d_past,
        if_there((normalises || is_whole) && is_lstm, N * H),
        if_there(projects, N * P), m.result(N * P), if_there(c != nullptr, N * H),
        m.result(l.B * P), if_there(c != nullptr, l.B * H), m.result(n * H), if_there(is_gru, n * H),
        if_there(normalises, n * H), if_there(normalises, n * H),
        if_there(normalises && is_lstm, H), if_there(normalises && is_lstm, H),
        if_there(has_peepholes, 3 * H)};
    l.kernels.staged->back[l.format](back, l.threads);
}

// Of one sequence, through two layers; in float32, whatever the format.
void step(Layer& l, const CellInfo& cell) {
    Memory& m = l.memory;
    const std::size_t H = l.H, n = (std::size_t)cell.gates, seeing = (std::size_t)cell.seeing;
    Step a{};
    a.cell = &cell, a.clip = CLIP, a.layers = 2, a.H = l.shape.H, a.x = l.x;
    std::vector<StepLayer> layers;
    for (const std::size_t inputs : {l.I, H}) {
        layers.push_back({(int)inputs, m.drawn(n * H * inputs), m.drawn(seeing * H * H),
                          m.drawn(n * H), m.drawn(seeing * H),
                          cell.has_peepholes() ? m.drawn(3 * H) : nullptr});
    }
    a.of_layers = layers.data();
    a.h = m.drawn(2 * H), a.h_after = m.result(2 * H), a.outputs = m.result(H);
    if (cell.has_memory()) a.c = m.drawn(2 * H), a.c_after = m.result(2 * H);
    a.room = m.room(4 * H);
    l.kernels.step(a, l.threads);
}

// The same in stages, of one layer.
void staged_step(Layer& l, const char* name, bool projects, bool normalises) {
    Memory& m = l.memory;
    const std::size_t H = l.H;
    Staged a{};
    Form& f = a.form;
    f.sizes = {1, 1, l.shape.H, nullptr, nullptr, 0}, f.cell = &cell_of(l.kernels, name);
    f.clip = f.cell->has_memory() && !normalises ? CLIP : 0.0f;
    f.peepholes = f.cell->has_peepholes() ? m.drawn(3 * H) : nullptr;
    f.projected = projects ? std::max(1, l.shape.H - 2) : 0;
    const std::size_t n = (std::size_t)f.gates(), seeing = (std::size_t)f.seeing();
    const std::size_t P = (std::size_t)f.outputs();
    f.zone_hidden = {m.drawn(P, 0.0f, 1.0f), 0};
    if (f.has_memory()) f.zone_memory = {m.drawn(H, 0.0f, 1.0f), 0};
    f.weight = m.drawn(seeing * H * (std::size_t)f.seen());
    f.projection = projects ? m.drawn(P * H) : nullptr;
    if (normalises) {
        f.norm_input = {m.drawn(n * H), m.drawn(n * H)};
        f.norm_past = {m.drawn(n * H), m.drawn(n * H)};
        if (f.cell->has_memory()) f.norm_memory = {m.drawn(H), m.drawn(H)};
        a.hat_memory = m.room(H), a.scales = m.room(5);
    }
    if (f.cell->needs_whole_rows()) a.scales = m.room(5);
    a.input = {l.shape.I, l.x, m.drawn(n * H * l.I), nullptr};
    a.gates = m.result(n * H), a.past = m.room(seeing * H), a.units = m.room(H);
    const auto state = [&](std::size_t units) {
        float *const both = m.result(2 * units), *const first = m.drawn(units);
        std::copy(first, first + units, both);
        return both;
    };
    a.h = state(P), a.c = f.has_memory() ? state(H) : nullptr;
    l.kernels.staged->step(a, normalises ? nullptr : m.drawn(n * H),
                           normalises ? nullptr : m.drawn(seeing * H), l.threads);
}

void scan_both_ways(Layer& l) {
    Memory& m = l.memory;
    const int units = l.shape.B * l.shape.H;
    const std::size_t all = l.padded * l.H, row = (std::size_t)units;
    const float *const a = m.drawn(all, 0.0f, 1.0f), *const b = m.drawn(all), *const first = m.drawn(row);
    float* const h = m.result(all);
    l.kernels.scan({l.shape.T, units, a, b, first, h}, l.threads);
    const ScanBack back{l.shape.T,     units,         a,            first, h, m.drawn(all),
                        m.result(all), m.result(all), m.result(row)};
    l.kernels.scan_back(back, l.threads);
}

struct Case {
    std::string name;
    std::function<void(Layer&)> run;
};

std::vector<Case> cases() {
    std::vector<Case> all{
        {"a step of lstm projected", [](Layer& l) { staged_step(l, "lstm", true, false); }},
        {"a step of lstm-layernorm", [](Layer& l) { staged_step(l, "lstm", false, true); }},
        {"a step of lstm-peephole zoneout",
         [](Layer& l) { staged_step(l, "lstm-peephole", false, false); }},
        {"a step of lstm-peephole-only projected",
         [](Layer& l) { staged_step(l, "lstm-peephole-only", true, false); }},
        {"a step of gru projected", [](Layer& l) { staged_step(l, "gru", true, false); }},
        {"a step of gru-layernorm", [](Layer& l) { staged_step(l, "gru", false, true); }},
        {"a step of rnn zoneout", [](Layer& l) { staged_step(l, "rnn", false, false); }},
        {"lstm projected", [](Layer& l) { staged(l, "lstm", true, false, false); }},
        {"lstm-layernorm", [](Layer& l) { staged(l, "lstm", false, true, false); }},
        {"lstm-layernorm projected zoneout", [](Layer& l) { staged(l, "lstm", true, true, true); }},
        {"lstm-peephole zoneout", [](Layer& l) { staged(l, "lstm-peephole", false, false, true); }},
        {"lstm-peephole-only projected",
         [](Layer& l) { staged(l, "lstm-peephole-only", true, false, false); }},
        {"lstm-coupled projected", [](Layer& l) { staged(l, "lstm-coupled", true, false, false); }},
        {"a step of si-cifg", [](Layer& l) { staged_step(l, "si-cifg", false, false); }},
        {"si-cifg", [](Layer& l) { staged(l, "si-cifg", false, false, false); }},
        {"si-cifg projected zoneout", [](Layer& l) { staged(l, "si-cifg", true, false, true); }},
        {"gru-layernorm", [](Layer& l) { staged(l, "gru", false, true, false); }},
        {"gru projected zoneout", [](Layer& l) { staged(l, "gru", true, false, true); }},
        {"a scan", scan_both_ways},
        {"rnn projected zoneout", [](Layer& l) { staged(l, "rnn", true, false, true); }},
    };
    for (int k = 0; const CellInfo* cell = runnable().front()->cell(k); ++k) {
        if (cell->needs_whole_rows()) continue;
        const std::string name = cell->name;
        all.push_back({name, [cell](Layer& l) { quick(l, cell->name); }});
        all.push_back({"a step of " + name, [cell](Layer& l) { step(l, cell_of(l.kernels, cell->name)); }});
    }
    return all;
}

std::vector<float> results(const Case& test, const Kernels& kernels, const Shape& shape, int format,
                           int threads) {
    Memory memory(7);
    Layer layer{memory, shape, kernels, format, threads};
    test.run(layer);
    return memory.results();
}

std::atomic<int> failures{0};

void expect_same(const std::vector<float>& a, const std::vector<float>& b, const char* what,
                 const Case& test, const Kernels& kernels, int format) {
    if (a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0) return;
    std::printf("%s: %s differs, %s, format %d\n", test.name.c_str(), what, kernels.name, format);
    ++failures;
}

void run_all(const Case& test, const Kernels& kernels, const Shape& shape, int format) {
    const std::vector<float> alone = results(test, kernels, shape, format, 1);
    for (int threads = 2; threads <= 3; ++threads) {
        const auto found = results(test, kernels, shape, format, threads);
        expect_same(found, alone, "a team's result", test, kernels, format);
    }
    // Several calls at once, each with a team, as from Python threads.
    std::vector<std::thread> callers;
    for (int caller = 0; caller < 3; ++caller) {
        callers.emplace_back([&, caller] {
            const auto found = results(test, kernels, shape, format, 1 + caller % 2);
            expect_same(found, alone, "a result among other calls'", test, kernels, format);
        });
    }
    for (std::thread& caller : callers) caller.join();
}

}  // namespace

int main(int count, char** names) {
    const std::vector<std::string> wanted(names + 1, names + count);
    const Shape shapes[] = {
        {3, 3, 4, 35, false, false}, {2, 9, 5, 17, false, true}, {3, 4, 3, 33, true, true},
        {1, 1, 1, 1, false, false},
    };
    for (const Kernels* kernels : runnable()) {
        if (!wanted.empty() &&
            std::find(wanted.begin(), wanted.end(), kernels->name) == wanted.end()) {
            continue;
        }
        for (const Case& test : cases()) {
            for (const Shape& shape : shapes) {
                for (int format = 0; format < FORMATS; ++format) {
                    run_all(test, *kernels, shape, format);
                }
            }
        }
        std::printf("%s: %zu kernels in 3 formats, %d results differ\n", kernels->name,
                    cases().size(), failures.load());
        std::fflush(stdout);
        clear_pool();
    }
    return failures == 0 ? 0 : 1;
}
