// Runs the predictor's network and the translator's decoder on every instruction set here without
// Python: several callers at once on one network that none of them has used before, with helper threads
// and without. For the sanitizers.
//
// What someone gets must not depend on who else is in a batch, on helpers, or on other callers, bit
// for bit. Says what differs, and fails. Arguments: instruction sets; none: all that there are here.
#include "../thread_pool.hpp"
#include "../instruction_sets.hpp"
#include "../decoder.hpp"
#include "../memory_pool.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#endif

namespace {

using namespace foreword;

struct Shape {
    int V, E, H, layers;
    bool is_tied;  // the output is the embedding, after a projection where E is not H
};

struct Form {
    const CellInfo* cell;
    bool is_int8;
};

std::vector<Form> forms(const Kernels& kernels) {
    std::vector<Form> all;
    for (const bool is_int8 : {false, true}) {
        for (int k = 0; const CellInfo* cell = kernels.cell(k); ++k) all.push_back({cell, is_int8});
    }
    return all;
}

// A model's tables, in arrays of exactly their size, so that AddressSanitizer sees a step beyond.
class Folder {
  public:
    Folder(const Form& form, const Shape& s) : is_int8_(form.is_int8) {
        const CellInfo& cell = *form.cell;
        const int gates = cell.gates, back = cell.seeing;
        model.cell = &cell;
        model.embedding = table(s.V, s.E, false);
        for (int layer = 0; layer < s.layers; ++layer) {
            Layer made;
            made.weight_ih = table(gates * s.H, layer == 0 ? s.E : s.H, true);
            made.weight_hh = table(back * s.H, s.H, false);
            if (cell.has_bias_n()) made.bias_n = floats((std::size_t)s.H, 0.5f);
            if (cell.has_peepholes()) made.peepholes = floats((std::size_t)3 * s.H, 0.5f);
            model.layers.push_back(made);
        }
        if (s.is_tied) {
            if (s.E != s.H) model.projection = table(s.E, s.H, true);
            model.output = model.embedding;
            model.output.bias = floats((std::size_t)s.V, 0.5f);
        } else {
            model.output = table(s.V, s.H, true);
        }
    }

    Model model;

    // With attention: additive where there are several layers.
    DecoderModel decoder(const Shape& s) {
        DecoderModel made{model.cell, model.embedding, model.layers, table(s.H, s.H, false), nullptr,
                          table(s.E, 2 * s.H, true), model.embedding};
        made.output.bias = floats((std::size_t)s.V, 0.5f);
        if (s.layers > 1) {
            made.layers[1].weight_ih = table(model.cell->gates * s.H, 2 * s.H, true);
            made.energy = floats((std::size_t)s.H, 0.5f);
        }
        return made;
    }
    const float* floats(std::size_t count, float most) {
        std::uniform_real_distribution<float> values(-most, most);
        std::vector<float>& made = floats_.emplace_back(count);
        for (float& value : made) value = values(random_);
        return made.data();
    }

  private:
    Table table(int rows, int columns, bool has_bias) {
        const std::size_t count = (std::size_t)rows * (std::size_t)columns;
        Table made;
        made.rows = rows, made.columns = columns, made.stride = columns;
        if (is_int8_) {
            std::vector<std::int8_t>& ints = ints_.emplace_back(count);
            for (std::int8_t& value : ints) value = (std::int8_t)((int)(random_() % 255) - 127);
            made.ints = ints.data();
            made.scales = floats((std::size_t)rows, 0.005f);
        } else {
            made.floats = floats(count, 0.5f);
        }
        if (has_bias) made.bias = floats((std::size_t)rows, 0.5f);
        return made;
    }

    bool is_int8_;
    std::mt19937 random_{7};
    std::deque<std::vector<float>> floats_;
    std::deque<std::vector<std::int8_t>> ints_;
};

struct State {
    std::vector<float> h, c;
};

constexpr int USERS = 70, STEPS = 2;  // more users than one thread advances together

// Everyone's state, `together` users at a time.
std::vector<State> advanced(const Network& network, int together, int threads) {
    const std::size_t size = (std::size_t)network.layers() * (std::size_t)network.hidden_size();
    const std::vector<float> zeros(size);
    const State first{zeros, network.has_memory() ? zeros : std::vector<float>()};
    std::vector<State> before(USERS, first), after(USERS, first);
    for (int step = 0; step < STEPS; ++step) {
        std::vector<Advance> steps;
        for (int u = 0; u < USERS; ++u) {
            State &from = before[(std::size_t)u], &to = after[(std::size_t)u];
            steps.push_back({(7 * u + step) % network.words(), from.h.data(), from.c.data(),
                             to.h.data(), to.c.data()});
        }
        for (int u = 0; u < USERS; u += together) {
            network.advance(steps.data() + u, std::min(together, USERS - u), threads);
        }
        std::swap(before, after);
    }
    return before;
}

// All that a network says of its users' words, one number after the other.
std::vector<double> answers(const Network& network, int together, int threads) {
    std::vector<double> all;
    const std::vector<State> states = advanced(network, together, threads);
    for (const State& state : states) {
        all.insert(all.end(), state.h.begin(), state.h.end());
        all.insert(all.end(), state.c.begin(), state.c.end());
    }
    // Words that begin alike, in no order.
    std::vector<std::int64_t> prefix((std::size_t)(network.words() + 1) / 2);
    std::iota(prefix.rbegin(), prefix.rend(), network.words() / 2);
    const Choice every{nullptr, network.words()}, none{prefix.data(), 0},
        some{prefix.data(), (std::int64_t)prefix.size()};
    const float* const h = states.back().h.data();
    for (const Choice& choice : {every, some}) {
        std::vector<float> scores((std::size_t)choice.count);
        network.scores(h, choice, scores.data(), threads);
        all.insert(all.end(), scores.begin(), scores.end());
    }
    const std::vector<std::int64_t> hidden{0, network.words() - 1};
    std::vector<std::vector<Found>> best(4);
    // As a server asks for several.
    std::vector<Asked> asked;
    for (int u = 0; u < USERS; ++u) {
        asked.push_back({states[(std::size_t)u].h.data(), u % 3 ? every : some, {}, false});
    }
    for (int first = 0; first < USERS; first += together) {
        network.best_many(asked.data() + first, std::min(together, USERS - first), hidden, 3, threads);
    }
    for (const Asked& one : asked) all.push_back(one.is_finite), best.push_back(one.found);
    network.best(h, every, {}, 0, threads, best[0]);
    network.best(h, every, {}, 5, threads, best[1]);
    network.best(h, some, hidden, 40, threads, best[2]);
    network.best(h, none, hidden, 3, threads, best[3]);
    for (const std::vector<Found>& found : best) {
        all.push_back((double)found.size());
        for (const Found& one : found) {
            all.insert(all.end(), {(double)one.id, (double)one.score, one.probability});
        }
    }
    return all;
}

// All translations that beam search finds, one number after the other; `together` sentences at a time.
std::vector<double> translations(const Decoder& decoder, const float* memory, int together, int threads) {
    constexpr int SENTENCES = 20, S = 3;
    const std::size_t H = (std::size_t)decoder.hidden_size();
    const std::int64_t V = decoder.model().embedding.rows;
    std::vector<double> all;
    for (int first = 0; first < SENTENCES; first += together) {
        const int B = std::min(together, SENTENCES - first);
        std::vector<std::int64_t> lengths, longest((std::size_t)B, 5);
        for (int b = 0; b < B; ++b) lengths.push_back(1 + (first + b) % S);
        const float* const own = memory + (std::size_t)(first * S) * H;
        Decoders begun;
        decoder.resize(begun, B, S);
        const Wanted wanted{3, 2, 1.0, 0, V - 1, {}, longest.data()};
        for (const auto& found : decoder.search({own, own, lengths.data(), B, S}, begun, wanted, threads)) {
            for (const Finished& one : found) {
                all.insert(all.end(), one.ids.begin(), one.ids.end());
                all.insert(all.end(), one.logs.begin(), one.logs.end());
                all.insert(all.end(), one.attention.begin(), one.attention.end());
                all.push_back(one.score);
            }
        }
    }
    return all;
}

std::atomic<int> failures{0};

void translate_all(const Kernels& kernels, const Form& form, const Shape& shape) {
    Folder folder(form, shape);
    const float* const memory = folder.floats((std::size_t)(20 * 3 * shape.H), 1.0f);
    const Decoder decoder(kernels, folder.decoder(shape));
    const std::vector<double> alone = translations(decoder, memory, 1, 1);
    std::vector<std::thread> callers;
    for (const int together : {20, 3}) {
        callers.emplace_back([&, together] {
            if (!alone.empty() && translations(decoder, memory, together, 2) == alone) return;
            std::printf("%s: %s%s, H %d: translations of %d at a time differ\n", kernels.name,
                        form.cell->name, form.is_int8 ? " int8" : "", shape.H, together);
            ++failures;
        });
    }
    for (std::thread& caller : callers) caller.join();
}

void run_all(const Kernels& kernels, const Form& form, const Shape& shape) {
    const Folder folder(form, shape);
    const std::vector<double> alone = answers(Network(kernels, folder.model), 1, 1);
    const Network network(kernels, folder.model);
    struct Caller {
        int together, threads;
    };
    std::vector<std::thread> callers;
    for (const Caller caller : {Caller{USERS, 3}, Caller{1, 1}, Caller{2, 2}, Caller{5, 2}}) {
        callers.emplace_back([&, caller] {
            if (answers(network, caller.together, caller.threads) == alone) return;
            std::printf("%s: %s%s, V %d, E %d, H %d: answers to %d at a time, %d threads, differ\n",
                        kernels.name, form.cell->name, form.is_int8 ? " int8" : "", shape.V, shape.E,
                        shape.H, caller.together, caller.threads);
            ++failures;
        });
    }
    for (std::thread& caller : callers) caller.join();
}

#if defined(__linux__)
// While it lives, the calling thread has the first core, and threads that it makes have the second.
class TwoCores {
  public:
    TwoCores() {
        sched_getaffinity(0, sizeof all_, &all_);
        for (int core = 0; core < CPU_SETSIZE && second_ < 0; ++core) {
            if (CPU_ISSET(core, &all_)) (first_ < 0 ? first_ : second_) = core;
        }
        stay(second_);
        in_pieces(3, 3, [](int) {});  // hires the helpers
        stay(first_);
    }
    ~TwoCores() {
        for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
            sched_setaffinity(std::stoi(task.path().filename()), sizeof all_, &all_);
        }
    }

  private:
    static void stay(int core) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(core, &one);
        sched_setaffinity(0, sizeof one, &one);
    }
    cpu_set_t all_;
    int first_ = -1, second_ = -1;
};
#else
struct TwoCores {};
#endif

// Each piece is done once in every call, and a helper comes in one of them: else the above has tried
// none. A helper that wakes on its caller's own core leaves the work to it, as it may for as long as
// other programs keep the rest busy: here they have a core each.
void expect_help() {
    using Clock = std::chrono::steady_clock;
    if (std::thread::hardware_concurrency() < 2) return;
    const TwoCores cores;
    constexpr int PIECES = 40;
    std::atomic<int> done[PIECES] = {}, helped{0};
    const std::thread::id caller = std::this_thread::get_id();
    const Clock::time_point end = Clock::now() + std::chrono::seconds(20);
    int calls = 0;
    while (helped == 0 && Clock::now() < end) {
        const Clock::time_point patience = Clock::now() + std::chrono::milliseconds(10);
        ++calls;
        in_pieces(3, PIECES, [&](int piece) {
            ++done[piece];
            if (std::this_thread::get_id() != caller) ++helped;
            while (helped == 0 && Clock::now() < patience) std::this_thread::yield();
        });
    }
    const bool all_once = std::all_of(done, done + PIECES, [&](const auto& k) { return k == calls; });
    if (all_once && helped > 0) return;
    std::printf("helpers: %s in %d calls\n", all_once ? "none came" : "a piece was not done just once", calls);
    ++failures;
}

}  // namespace

int main(int count, char** names) {
    const std::vector<std::string> wanted(names + 1, names + count);
    // Words for several pieces and a rest; rows that fill cache lines, and such that do not.
    const Shape shapes[] = {{2100, 9, 35, 2, true}, {2050, 16, 16, 1, true}, {3, 1, 1, 2, false}};
    expect_help();
    for (const Kernels* kernels : runnable()) {
        if (!wanted.empty() &&
            std::find(wanted.begin(), wanted.end(), kernels->name) == wanted.end()) {
            continue;
        }
        for (const Form& form : forms(*kernels)) {
            for (const Shape& shape : shapes) {
                run_all(*kernels, form, shape);
                translate_all(*kernels, form, shape);
            }
        }
        std::printf("%s: %zu networks, %d answers differ\n", kernels->name, forms(*kernels).size(),
                    failures.load());
        std::fflush(stdout);
        clear_pool();
    }
    return failures == 0 ? 0 : 1;
}
