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

void lstm(Layer& l, bool is_coupled, bool sees_memory, bool has_peepholes) {
    Memory& m = l.memory;
    const int n = is_coupled ? 3 : 4, seeing = sees_memory ? 3 : n;
    const std::size_t H = l.H, N = l.N;
    const Masks masks = masks_of(m, l.shape, N, l.shape.H, true);
    const float *w_ih = m.drawn(n * H * l.I), *w_hh = m.drawn(seeing * H * H);
    const float* p = has_peepholes ? m.drawn(3 * H) : nullptr;
    float *h = l.states(H), *c = l.states(H);
    float* seen = masks.keep ? m.room(N * H) : sees_memory ? c : h;
    float *before = masks.keep ? m.room(N * H) : c, *gates = m.result(N * n * H);
    float* tanh_c = m.room(N * H);
    Lstm a{l.batch.sizes, masks, l.input(n, w_ih), true, is_coupled, sees_memory, CLIP, p, w_hh, gates, h, c,
           seen, before, tanh_c, l.outputs(H), {nullptr, false}};
    l.kernels.lstm[l.format](a, l.threads);
    if (!l.goes_back()) return;
    float* d_gates = m.result(N * n * H);
    LstmBack back{l.batch.sizes, masks, l.input_back(w_ih), is_coupled, sees_memory,
                  CLIP, masks.keep != nullptr, p, w_hh, gates, c + l.B * H, before, tanh_c,
                  m.drawn(l.padded * H), m.drawn(N * H), m.drawn(l.B * H), m.drawn(l.B * H), d_gates,
                  m.result(N * H), m.result(N * H), m.result(l.B * H), m.result(l.B * H),
                  p ? m.result(3 * H) : nullptr};
    l.kernels.lstm_back[l.format](back, l.threads);
    l.weight_sums(n * l.shape.H, d_gates, tanh_c, H);
}

void gru(Layer& l, bool resets_after) {
    Memory& m = l.memory;
    const std::size_t H = l.H, N = l.N;
    const Masks masks = masks_of(m, l.shape, N, l.shape.H, false);
    const float *w_ih = m.drawn(3 * H * l.I), *w_hh = m.drawn(3 * H * H);
    float *h = l.states(H), *before = masks.keep ? m.room(N * H) : h;
    float *seen = masks.keep ? m.room(N * H) : h, *gates = m.result(N * 3 * H);
    float* inner = m.room(N * H);
    Gru a{l.batch.sizes, masks, l.input(3, w_ih), true, resets_after, w_hh,
          resets_after ? m.drawn(H) : nullptr, gates, h, seen, before, inner, l.outputs(H),
          {nullptr, false}};
    l.kernels.gru[l.format](a, l.threads);
    if (!l.goes_back()) return;
    float *d_gates = m.result(N * 3 * H), *d_past = resets_after ? m.result(N * 3 * H) : d_gates;
    GruBack back{l.batch.sizes, masks, l.input_back(w_ih), resets_after, masks.keep != nullptr, w_hh,
                 gates, before, inner, m.drawn(l.padded * H), m.drawn(l.B * H), d_gates, d_past,
                 m.result(N * H), m.result(l.B * H)};
    l.kernels.gru_back[l.format](back, l.threads);
}

void elman(Layer& l, bool is_relu) {
    Memory& m = l.memory;
    const std::size_t H = l.H, N = l.N;
    const Masks masks = masks_of(m, l.shape, N, l.shape.H, false);
    const float *w_ih = m.drawn(H * l.I), *w_hh = m.drawn(H * H, -0.1f, 0.1f);
    float *h = l.states(H), *seen = masks.keep ? m.room(N * H) : h, *gates = m.result(N * H);
    Elman a{l.batch.sizes, masks, l.input(1, w_ih), true, is_relu, w_hh, gates, h, seen,
            l.outputs(H), {nullptr, false}};
    l.kernels.elman[l.format](a, l.threads);
    if (!l.goes_back()) return;
    ElmanBack back{l.batch.sizes, masks, l.input_back(w_ih), is_relu, w_hh, gates,
                   m.drawn(l.padded * H), m.drawn(l.B * H), m.result(N * H), m.result(N * H),
                   m.result(l.B * H)};
    l.kernels.elman_back[l.format](back, l.threads);
}

void staged(Layer& l, int kind, bool projects, bool normalises, bool zones, bool sees_memory) {
    Memory& m = l.memory;
    const std::size_t H = l.H, N = l.N;
    Form f{};
    f.sizes = l.batch.sizes, f.kind = kind, f.sees_memory = sees_memory;
    f.clip = kind == LSTM_KIND && !normalises ? CLIP : 0.0f;
    f.projected = projects ? std::max(1, l.shape.H - 2) : 0;
    const std::size_t n = (std::size_t)f.gates(), seeing = (std::size_t)f.seeing();
    const std::size_t P = (std::size_t)f.outputs(), S = (std::size_t)f.seen();
    const bool is_gru = kind == GRU_KIND, is_lstm = f.is_lstm();
    f.masks = masks_of(m, l.shape, N, (int)S, is_lstm);
    if (zones) {
        f.zone_hidden = {m.drawn(N * P, 0.0f, 1.0f), (int)P};
        if (f.has_memory()) f.zone_memory = {m.drawn(H, 0.0f, 1.0f), 0};
    }
    const bool has_peepholes = kind == LSTM_KIND && !normalises && !sees_memory;
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
    float *hat_memory = if_there(normalises && is_lstm, N * H), *scales = if_there(normalises, N * 5);
    float *fresh = if_there(f.clip > 0.0f && zones, N * H), *tanh_c = if_there(is_lstm, N * H);
    float *units = if_there(projects, N * H), *h = l.states(P);
    float *c = f.has_memory() ? l.states(H) : nullptr, *state = sees_memory ? c : h;
    float* seen = f.masks.keep ? m.room(N * S) : state;
    const Staged a{f, l.input((int)n, w_ih, normalises), true, gates, past, hat_input, hat_memory,
                   scales, fresh, tanh_c, units, h, c, seen, l.outputs(P), {nullptr, false}};
    l.kernels.staged->forward[l.format](a, l.threads);
    if (!l.goes_back()) return;
    float* d_gates = m.result(N * n * H);
    float* d_input = normalises ? m.result(N * n * H) : d_gates;
    float* d_past = normalises || is_gru || sees_memory ? m.result(N * seeing * H) : d_gates;
    const StagedBack back{
        f, l.input_back(w_ih), gates, past, hat_input, hat_memory, scales, fresh, tanh_c, h, c,
        m.drawn(l.padded * P), c ? m.drawn(N * H) : nullptr, m.drawn(N * n * H), m.drawn(l.B * P),
        c ? m.drawn(l.B * H) : nullptr, d_gates, d_input, d_past, if_there(normalises && is_lstm, N * H),
        if_there(projects, N * P), m.result(N * P), if_there(c != nullptr, N * H),
        m.result(l.B * P), if_there(c != nullptr, l.B * H), m.result(n * H), if_there(is_gru, n * H),
        if_there(normalises, n * H), if_there(normalises, n * H),
        if_there(normalises && is_lstm, H), if_there(normalises && is_lstm, H),
        if_there(has_peepholes, 3 * H)};
    l.kernels.staged->back[l.format](back, l.threads);
}

// Of one sequence, through two layers; in float32, whatever the format.
void step(Layer& l, int kind, bool sees_memory, bool resets_after) {
    Memory& m = l.memory;
    const std::size_t H = l.H;
    Step a{};
    a.kind = kind, a.sees_memory = sees_memory, a.resets_after = resets_after;
    a.clip = CLIP, a.layers = 2, a.H = l.shape.H, a.x = l.x;
    const std::size_t n = (std::size_t)gates_of(a.kind), seeing = sees_memory ? 3 : n;
    std::vector<StepLayer> layers;
    for (const std::size_t inputs : {l.I, H}) {
        layers.push_back({(int)inputs, m.drawn(n * H * inputs), m.drawn(seeing * H * H),
                          m.drawn(n * H), m.drawn(seeing * H),
                          kind == LSTM_KIND && !sees_memory ? m.drawn(3 * H) : nullptr});
    }
    a.of_layers = layers.data();
    a.h = m.drawn(2 * H), a.h_after = m.result(2 * H), a.outputs = m.result(H);
    if (a.has_memory()) a.c = m.drawn(2 * H), a.c_after = m.result(2 * H);
    a.room = m.room(2 * H);
    l.kernels.step(a, l.threads);
}

// The same in stages, of one layer.
void staged_step(Layer& l, int kind, bool projects, bool normalises, bool sees_memory) {
    Memory& m = l.memory;
    const std::size_t H = l.H;
    Staged a{};
    Form& f = a.form;
    f.sizes = {1, 1, l.shape.H, nullptr, nullptr, 0}, f.kind = kind, f.sees_memory = sees_memory;
    f.clip = kind == LSTM_KIND && !normalises ? CLIP : 0.0f;
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
        if (f.is_lstm()) f.norm_memory = {m.drawn(H), m.drawn(H)};
        a.hat_memory = m.room(H), a.scales = m.room(5);
    }
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

struct Case {
    std::string name;
    std::function<void(Layer&)> run;
};

std::vector<Case> cases() {
    return {
        {"lstm", [](Layer& l) { lstm(l, false, false, false); }},
        {"lstm-peephole", [](Layer& l) { lstm(l, false, false, true); }},
        {"lstm-peephole-only", [](Layer& l) { lstm(l, false, true, false); }},
        {"lstm-coupled", [](Layer& l) { lstm(l, true, false, false); }},
        {"gru", [](Layer& l) { gru(l, true); }},
        {"gru reset before", [](Layer& l) { gru(l, false); }},
        {"rnn", [](Layer& l) { elman(l, false); }},
        {"rnn relu", [](Layer& l) { elman(l, true); }},
        {"a step of lstm", [](Layer& l) { step(l, LSTM_KIND, false, true); }},
        {"a step of lstm-peephole-only", [](Layer& l) { step(l, LSTM_KIND, true, true); }},
        {"a step of lstm-coupled", [](Layer& l) { step(l, COUPLED_KIND, false, true); }},
        {"a step of gru", [](Layer& l) { step(l, GRU_KIND, false, true); }},
        {"a step of gru reset before", [](Layer& l) { step(l, GRU_KIND, false, false); }},
        {"a step of rnn", [](Layer& l) { step(l, TANH_KIND, false, true); }},
        {"a step of rnn relu", [](Layer& l) { step(l, RELU_KIND, false, true); }},
        {"a step of lstm projected",
         [](Layer& l) { staged_step(l, LSTM_KIND, true, false, false); }},
        {"a step of lstm-layernorm", [](Layer& l) { staged_step(l, LSTM_KIND, false, true, false); }},
        {"a step of lstm-peephole-only projected",
         [](Layer& l) { staged_step(l, LSTM_KIND, true, false, true); }},
        {"a step of gru projected", [](Layer& l) { staged_step(l, GRU_KIND, true, false, false); }},
        {"a step of gru-layernorm", [](Layer& l) { staged_step(l, GRU_KIND, false, true, false); }},
        {"a step of rnn zoneout", [](Layer& l) { staged_step(l, TANH_KIND, false, false, false); }},
        {"lstm projected", [](Layer& l) { staged(l, LSTM_KIND, true, false, false, false); }},
        {"lstm-layernorm", [](Layer& l) { staged(l, LSTM_KIND, false, true, false, false); }},
        {"lstm-layernorm projected zoneout",
         [](Layer& l) { staged(l, LSTM_KIND, true, true, true, false); }},
        {"lstm-peephole zoneout", [](Layer& l) { staged(l, LSTM_KIND, false, false, true, false); }},
        {"lstm-peephole-only projected",
         [](Layer& l) { staged(l, LSTM_KIND, true, false, false, true); }},
        {"lstm-coupled projected", [](Layer& l) { staged(l, COUPLED_KIND, true, false, false, false); }},
        {"gru-layernorm", [](Layer& l) { staged(l, GRU_KIND, false, true, false, false); }},
        {"gru projected zoneout", [](Layer& l) { staged(l, GRU_KIND, true, false, true, false); }},
        {"rnn projected zoneout", [](Layer& l) { staged(l, TANH_KIND, true, false, true, false); }},
    };
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
