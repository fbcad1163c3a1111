#include "network.hpp"

#include "thread_pool.hpp"
#include "parallel.hpp"
#include "memory_pool.hpp"
#include "mutex.hpp"
#include "staged.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>

namespace foreword {

namespace {

// Sequences that one thread advances together: enough to share each weight that is read.
constexpr int TOGETHER = 64;
// Up to this number, weights are divided into wider strips; as `widest` in strips.hpp.
constexpr int FEW = 3;
// The number of words of one piece of work, which has a sum of its own.
constexpr int PIECE = 512;
// Rows of an int8 table begin at multiples of it, so that no vector of 32 bytes is in two cache lines.
constexpr std::size_t ROW_STEP = 32;
// Users whose scores of all words one thread finds together.
constexpr int SCORED_TOGETHER = 16;
constexpr int FLOAT32 = 0, INT8 = 2;
// Batches up to this size read the products of their words from memory; larger ones compute them.
constexpr int READ_TOGETHER = 8;
constexpr double MOST_KEPT = 64.0 * 1024 * 1024;  // floats

// A thread's memory for intermediate results, kept from call to call.
float* scratch(std::size_t floats) {
    thread_local std::vector<float> memory;
    if (memory.size() < floats) memory.resize(floats);
    return memory.data();
}

// Another thread's results may go here while `scratch` is in use.
float* scratch_for_scores(std::size_t floats) {
    thread_local std::vector<float> memory;
    if (memory.size() < floats) memory.resize(floats);
    return memory.data();
}

// The table as float32, row after row; its own memory if it has this form.
const float* dense(const Table& table, std::vector<float>& room) {
    if (!table.is_int8() && table.stride == table.columns) return table.floats;
    room.resize((std::size_t)table.rows * table.columns);
    for (int row = 0; row < table.rows; ++row) {
        row_of(table, row, room.data() + (std::ptrdiff_t)row * table.columns);
    }
    return room.data();
}

bool is_better(const Found& a, const Found& b) {
    return a.score > b.score || (a.score == b.score && a.id < b.id);
}

int pieces_of(std::int64_t count) { return (int)((count + PIECE - 1) / PIECE); }

int size_of(int piece, std::int64_t count) {
    return (int)std::min<std::int64_t>(PIECE, count - (std::int64_t)piece * PIECE);
}

// A thread's memory for the sums of pieces that `shares` computes.
Shares* shares_of_pieces(std::size_t pieces) {
    thread_local std::vector<Shares> memory;
    if (memory.size() < pieces) memory.resize(pieces);
    return memory.data();
}

// The combined sums of pieces.
Shares together_of(const Shares* parts, int pieces) {
    Shares all{parts[0].largest, 0.0};
    for (int piece = 1; piece < pieces && !std::isnan(all.largest); ++piece) {
        if (!(parts[piece].largest <= all.largest)) all.largest = parts[piece].largest;
    }
    for (int piece = 0; piece < pieces && std::isfinite(all.largest); ++piece) {
        if (std::isinf(parts[piece].largest)) continue;  // none that can come
        all.total += parts[piece].total * std::exp((double)parts[piece].largest - all.largest);
    }
    return all;
}

// The k best scores, given the sums of each piece; see `Network::best`.
bool chosen(const float* scores, const Shares* parts, const Choice& choice,
            const std::vector<std::int64_t>& hidden, int k, std::vector<Found>& found,
            double* log_total = nullptr) {
    found.clear();
    const int pieces = pieces_of(choice.count);
    const Shares all = together_of(parts, pieces);
    const float largest = all.largest;
    const double total = all.total;
    if (!std::isfinite(largest)) return false;
    if (log_total) *log_total = (double)largest + std::log(total);
    // Pieces with the largest scores first, since most others then have none of the best.
    thread_local std::vector<int> order;
    order.resize((std::size_t)pieces);
    for (int piece = 0; piece < pieces; ++piece) order[(std::size_t)piece] = piece;
    std::sort(order.begin(), order.end(),
              [&](int a, int b) { return parts[a].largest > parts[b].largest; });
    const std::size_t most = (std::size_t)std::max(k, 0);
    const auto is_worse = [](const Found& a, const Found& b) { return is_better(a, b); };
    for (const int piece : order) {
        if (most == 0) break;
        if (found.size() == most && parts[piece].largest < found.front().score) break;
        const std::int64_t first = (std::int64_t)piece * PIECE;
        const std::int64_t end = first + size_of(piece, choice.count);
        for (std::int64_t at = first; at < end; ++at) {
            if (found.size() == most && scores[at] < found.front().score) continue;
            const Found one{choice.ids ? choice.ids[at] : at, scores[at], 0.0};
            if (found.size() == most && !is_better(one, found.front())) continue;
            if (std::find(hidden.begin(), hidden.end(), one.id) != hidden.end()) continue;
            // A heap, with the worst of the best in front.
            if (found.size() == most) {
                std::pop_heap(found.begin(), found.end(), is_worse);
                found.pop_back();
            }
            found.push_back(one);
            std::push_heap(found.begin(), found.end(), is_worse);
        }
    }
    std::sort_heap(found.begin(), found.end(), is_worse);
    for (Found& one : found) one.probability = std::exp((double)one.score - largest) / total;
    return true;
}

}  // namespace

KeptTable::KeptTable(const Kernels& kernels, Table table) : table_(table) {
    const std::size_t item = table.is_int8() ? 1 : sizeof(float);
    const std::size_t bytes = (std::size_t)table.columns * item, beyond = bytes % ROW_BYTES;
    const bool is_in_step = table.is_int8() && bytes % ROW_STEP == 0 && (std::uintptr_t)table.ints % ROW_STEP == 0;
    if (beyond != 0 && !(is_in_step && table.room >= ROW_BYTES - beyond)) {
        // What is read beyond a row may be the next row, or the room behind the last one: whole numbers times 0. Of
        // floats, it must be zeros, since the next row may hold a NaN.
        const std::size_t step = table.is_int8() ? ROW_STEP : ROW_BYTES;
        const std::size_t wide = (bytes + step - 1) / step * step;
        const char* from = table.is_int8() ? (const char*)table.ints : (const char*)table.floats;
        const std::size_t all = wide * (std::size_t)table.rows;
        rows_.reset(new std::uint8_t[all + 2 * ROW_BYTES]);
        std::uint8_t* const into = rows_.get() + ROW_BYTES - (std::uintptr_t)rows_.get() % ROW_BYTES;
        for (std::size_t row = 0; row < (std::size_t)table.rows; ++row) {
            std::memcpy(into + wide * row, from + bytes * row, bytes);
            std::memset(into + wide * row + bytes, 0, wide - bytes);
        }
        std::memset(into + all, 0, ROW_BYTES);
        table_.stride = (std::ptrdiff_t)(wide / item);
        if (table.is_int8()) table_.ints = (const std::int8_t*)into;
        else table_.floats = (const float*)into;
    }
    if (!table.is_int8() || !kernels.needs_sums) return;
    sums_.resize((std::size_t)table.rows);
    for (int row = 0; row < table.rows; ++row) {
        const std::int8_t* values = table_.ints + row * table_.stride;
        std::int32_t sum = 0;
        for (int k = 0; k < table.columns; ++k) sum += values[k];
        sums_[(std::size_t)row] = sum;
    }
    table_.sums = sums_.data();
}

namespace {

// Up to SCORED_TOGETHER vectors by chosen rows: into (users, choice.count).
void multiply_group(const Kernels& kernels, const Table& table, const Choice& choice,
                    const float* vectors, int users, float* into) {
    const bool is_int8 = table.is_int8();
    const std::size_t floats = operand_bytes(table.columns) / sizeof(float);
    float* const memory = scratch(floats * (std::size_t)users);
    const void* operands[SCORED_TOGETHER];
    float scales[SCORED_TOGETHER];
    float* places[SCORED_TOGETHER];
    for (int u = 0; u < users; ++u) {
        float* const own = memory + floats * (std::size_t)u;
        scales[u] = kernels.operand[is_int8](vectors + (std::ptrdiff_t)u * table.columns, table.columns, own);
        operands[u] = own;
    }
    for (int piece = 0; piece < pieces_of(choice.count); ++piece) {
        const std::int64_t first = (std::int64_t)piece * PIECE;
        for (int u = 0; u < users; ++u) places[u] = into + u * choice.count + first;
        kernels.rows[is_int8](table, operands, scales, users, choice.ids ? choice.ids + first : nullptr,
                              first, size_of(piece, choice.count), places);
    }
}

// Calls work(first, users) for each group of vectors, on threads.
template <class Work>
void in_groups(int threads, int count, Work&& work) {
    const int groups = (count + SCORED_TOGETHER - 1) / SCORED_TOGETHER;
    in_pieces(threads, groups, [&](int group) {
        const int first = group * SCORED_TOGETHER;
        work(first, std::min(SCORED_TOGETHER, count - first));
    });
}

}  // namespace

void multiply(const Kernels& kernels, const Table& table, const float* vectors, int count,
              float* into, int threads) {
    const double work = (double)count * table.rows * table.columns;
    in_groups(threads_worth(threads, work), count, [&](int first, int users) {
        multiply_group(kernels, table, {nullptr, table.rows}, vectors + (std::ptrdiff_t)first * table.columns,
                       users, into + (std::ptrdiff_t)first * table.rows);
    });
}

bool likeliest_rows(const Kernels& kernels, const Table& table, const Choice& choice,
                    const float* vectors, int count, int k, const std::vector<std::int64_t>& hidden,
                    std::int64_t another, const Likeliest& into, int threads) {
    const std::size_t rows = (std::size_t)choice.count, columns = (std::size_t)table.columns;
    const int pieces = pieces_of(choice.count);
    const std::int64_t* const ids = choice.ids;
    const auto of_another = (std::size_t)(ids ? std::lower_bound(ids, ids + rows, another) - ids : another);
    std::atomic<bool> is_finite{true};
    const double work = (double)count * (double)rows * (double)columns;
    in_groups(threads_worth(threads, work), count, [&](int first, int users) {
        float* const scores = scratch_for_scores(rows * (std::size_t)users);
        multiply_group(kernels, table, choice, vectors + (std::size_t)first * columns, users, scores);
        thread_local std::vector<Found> found;
        for (std::size_t u = 0; u < (std::size_t)users; ++u) {
            const float* const own = scores + u * rows;
            Shares* const parts = shares_of_pieces((std::size_t)pieces);
            for (int piece = 0; piece < pieces; ++piece) {
                parts[piece] = kernels.shares(own + piece * PIECE, size_of(piece, choice.count));
            }
            double log_total = 0.0;
            if (!chosen(own, parts, choice, hidden, k, found, &log_total)) is_finite = false;
            for (std::size_t at = 0; at < (std::size_t)k; ++at) {
                const bool is_there = at < found.size();
                const std::size_t place = ((std::size_t)first + u) * (std::size_t)k + at;
                into.ids[place] = is_there ? found[at].id : 0;
                into.logs[place] = is_there ? (float)(found[at].score - log_total) : -INFINITY;
            }
            into.log_of_another[(std::size_t)first + u] = (float)(own[of_another] - log_total);
        }
    });
    return is_finite;
}

bool log_probabilities(const Kernels& kernels, const Table& table, const float* vectors, int count,
                       float* into, int threads) {
    const std::size_t rows = (std::size_t)table.rows, pieces = (std::size_t)pieces_of(table.rows);
    multiply(kernels, table, vectors, count, into, threads);
    std::atomic<bool> is_finite{true};
    in_pieces(threads_worth(threads, 10.0 * count * table.rows), count, [&](int vector) {
        float* const own = into + (std::size_t)vector * rows;
        Shares* const parts = shares_of_pieces(pieces);
        for (std::size_t piece = 0; piece < pieces; ++piece) {
            parts[piece] = kernels.shares(own + piece * PIECE, size_of((int)piece, table.rows));
        }
        const Shares all = together_of(parts, (int)pieces);
        if (!std::isfinite(all.largest)) is_finite = false;
        const float log_total = (float)std::log(all.total);
        for (std::size_t row = 0; row < rows; ++row) own[row] = (own[row] - all.largest) - log_total;
    });
    return is_finite;
}

bool following_rows(const Kernels& kernels, const Table& table, const float* vectors, int count, int k,
                    const Parts& parts, const Following& into, int threads) {
    if (!log_probabilities(kernels, table, vectors, count, into.logs, threads)) return false;
    const Choice inside{parts.inside, parts.inside_count};
    std::vector<float> chosen_logs;
    std::vector<Found> found;
    const auto shares_of = [&](const float* logs, const std::int64_t* ids, std::int64_t size) {
        chosen_logs.resize((std::size_t)size);
        for (std::int64_t at = 0; at < size; ++at) chosen_logs[(std::size_t)at] = logs[ids[at]];
        Shares* const of_pieces = shares_of_pieces((std::size_t)pieces_of(size));
        for (int piece = 0; piece < pieces_of(size); ++piece) {
            of_pieces[piece] = kernels.shares(chosen_logs.data() + piece * PIECE, size_of(piece, size));
        }
        return of_pieces;
    };
    for (int vector = 0; vector < count; ++vector) {
        const float* const logs = into.logs + (std::ptrdiff_t)vector * table.rows;
        const Shares* of_pieces = shares_of(logs, parts.over, parts.over_count);
        const Shares over = together_of(of_pieces, pieces_of(parts.over_count));
        into.log_of_over[vector] = over.largest + (float)std::log(over.total);
        of_pieces = shares_of(logs, parts.inside, parts.inside_count);
        chosen(chosen_logs.data(), of_pieces, inside, {}, k, found);
        for (int at = 0; at < k; ++at) into.going[(std::ptrdiff_t)vector * k + at] = found[(std::size_t)at].id;
    }
    return true;
}

// One layer's packed weights, made when they are first needed.
struct Network::Packing {
    Mutex mutex;
    std::atomic<float*> memory{nullptr};
};

Network::Network(const Kernels& kernels, Model model)
    : kernels_(kernels), model_(std::move(model)), packings_(new Packing[2 * model_.layers.size()]) {
    // int8 products need states from -1 to 1, and gates that do not amplify their rounding, as a
    // division by the largest number of a row would.
    const bool is_int8 = model_.layers.front().weight_hh.is_int8();
    const bool can = model_.cell->is_bounded() && !model_.cell->needs_whole_rows();
    format_ = is_int8 && can ? INT8 : FLOAT32;
    const Table given = model_.output;
    model_.output = kept(given);
    // Of tied weights, the output's copy serves for both, so that the original is never read again.
    if (given.ints == model_.embedding.ints && given.floats == model_.embedding.floats) {
        model_.embedding.ints = model_.output.ints, model_.embedding.floats = model_.output.floats;
        model_.embedding.stride = model_.output.stride;
    }
    if (model_.projection.rows) model_.projection = kept(model_.projection);
}

void Network::remember_words() {
    // A second part of a step, and the stages of a cell that needs whole rows, overwrite the
    // products of the inputs.
    const bool stays = model_.cell->parts() == 1 && !model_.cell->needs_whole_rows();
    const std::size_t width = (std::size_t)model_.cell->gates * (std::size_t)hidden_size();
    const Table& words = model_.embedding;
    const bool are_few = (double)words.rows * (double)width <= MOST_KEPT;
    if (stays && are_few) kept_gates_ = std::make_unique<KeptGates>(words.rows, width);
}

Network::~Network() {
    for (std::size_t k = 0; k < 2 * model_.layers.size(); ++k) {
        if (float* memory = packings_[k].memory.load()) give_back(memory);
    }
}

double Network::step_work() const {
    double work = 0.0;
    for (const Layer& layer : model_.layers) {
        work += (double)layer.weight_ih.rows * layer.weight_ih.columns;
        work += (double)layer.weight_hh.rows * layer.weight_hh.columns;
    }
    return work;
}

Table Network::kept(Table table) {
    tables_.push_back(std::make_unique<KeptTable>(kernels_, table));
    return tables_.back()->table();
}

// Steps of one layer: h and c (batch, H) before, then (T, batch, H) after. Without x, the gates
// already hold the products of the inputs of a single step.
void Network::run(int index, const Sizes& sizes, const float* x, float* h, float* c, float* gates,
                  float* inner, const Packed& packed, int threads, float* tanh_c) const {
    const Layer& layer = model_.layers[(std::size_t)index];
    const CellInfo& cell = *model_.cell;
    if (cell.needs_whole_rows()) {
        thread_local std::vector<float> room;
        const std::size_t past = (std::size_t)(sizes.B * cell.seeing * hidden_size());
        room.resize(past + 5 * (std::size_t)sizes.B);
        std::vector<float> into, back;
        Staged a{};
        a.form.sizes = sizes;
        a.form.cell = &cell, a.form.clip = model_.clip;
        a.input = {layer.weight_ih.columns, x, nullptr, layer.weight_ih.bias}, a.packed = packed;
        if (!packed.is_there) {
            a.input.weight = dense(layer.weight_ih, into), a.form.weight = dense(layer.weight_hh, back);
        }
        a.gates = gates, a.past = room.data(), a.scales = room.data() + past;
        a.h = a.seen = h, a.c = c;
        kernels_.staged->forward[format_](a, threads);
        return;
    }
    Forward a{};
    a.sizes = sizes;
    a.input = {x ? layer.weight_ih.columns : 0, x, layer.weight_ih, layer.weight_ih.bias};
    a.packed = packed, a.cell = &cell, a.clip = model_.clip;
    a.peepholes = layer.peepholes, a.weight = layer.weight_hh, a.bias_n = layer.bias_n;
    a.keeps = tanh_c != nullptr;
    a.gates = gates, a.h = h, a.c = c, a.inner = inner, a.tanh_c = tanh_c;
    a.seen = cell.sees_memory() ? c : h, a.before = cell.has_memory() ? c : h;
    kernels_.forward[format_](a, threads);
}

// The kernels pack weights in the first call that passes them memory for this.
void Network::pack(int index, bool is_wide, float* memory) const {
    const Layer& layer = model_.layers[(std::size_t)index];
    const std::size_t batch = is_wide ? 1 : FEW + 1, H = (std::size_t)hidden_size();
    std::vector<float> zeros(batch * ((std::size_t)layer.weight_ih.columns + 9 * H));
    float* const h = zeros.data() + batch * (std::size_t)layer.weight_ih.columns;
    float *const c = h + 2 * batch * H, *const inner = c + 2 * batch * H, *const gates = inner + batch * H;
    run(index, sizes(1, (int)batch), zeros.data(), h, c, gates, inner, {memory, false}, 1);
}

const float* Network::packed(int index, int batch) const {
    const bool is_wide = batch <= FEW;
    Packing& packing = packings_[(std::size_t)(2 * index + is_wide)];
    if (float* memory = packing.memory.load(std::memory_order_acquire)) return memory;
    const Lock lock(packing.mutex);
    if (float* memory = packing.memory.load(std::memory_order_acquire)) return memory;
    const Layer& layer = model_.layers[(std::size_t)index];
    const int H = hidden_size();
    float* const memory =
        take((std::size_t)(kernels_.packed_floats[format_](H, model_.cell->seeing, H) +
                           kernels_.packed_floats[format_](H, model_.cell->gates, layer.weight_ih.columns)));
    pack(index, is_wide, memory);
    packing.memory.store(memory, std::memory_order_release);
    return memory;
}

// `kept`: memory for the gates of each layer of one step, or null.
void Network::advance_some(const Advance* steps, int count, float* kept) const {
    const std::size_t batch = (std::size_t)count, H = (std::size_t)hidden_size();
    const std::size_t E = (std::size_t)model_.embedding.columns;
    // The hidden states of two layers in turn, since one is the input of the other.
    const std::size_t wide = (std::size_t)model_.cell->gates * H;
    float* const x = scratch(batch * (E + (2 * 2 + 2 + 1 + 1) * H + wide));
    float* const hs = x + batch * E;
    float *const c = hs + 4 * batch * H, *const inner = c + 2 * batch * H;
    float *const tanh_c = inner + batch * H, *const gates = tanh_c + batch * H;
    const std::size_t row = H * sizeof(float);
    for (std::size_t b = 0; b < batch; ++b) row_of(model_.embedding, steps[b].word, x + b * E);
    const float* input = x;
    for (int layer = 0; layer < layers(); ++layer) {
        float* const h = hs + (layer % 2) * 2 * batch * H;
        for (std::size_t b = 0; b < batch; ++b) {
            std::memcpy(h + b * H, steps[b].h + (std::size_t)layer * H, row);
            if (has_memory()) std::memcpy(c + b * H, steps[b].c + (std::size_t)layer * H, row);
        }
        float* const weights = const_cast<float*>(packed(layer, count));
        float* const of_layer = kept ? kept + (std::size_t)layer * wide : gates;
        run(layer, sizes(1, count), input, h, c, of_layer, inner, {weights, true}, 1, kept ? tanh_c : nullptr);
        input = h + batch * H;
        for (std::size_t b = 0; b < batch; ++b) {
            std::memcpy(steps[b].h_after + (std::size_t)layer * H, input + b * H, row);
            if (has_memory()) {
                std::memcpy(steps[b].c_after + (std::size_t)layer * H, c + (batch + b) * H, row);
            }
        }
    }
}

void Network::steps(int layer, int T, int batch, const std::int64_t* begins, const float* x, float* h,
                    float* c, int threads) const {
    const std::size_t H = (std::size_t)hidden_size();
    const std::size_t rows = begins ? (std::size_t)begins[T] : (std::size_t)T * (std::size_t)batch;
    const int at_once = begins ? ENOUGH_ROWS + batch : steps_at_once(T, batch) * batch;
    float* const inner = scratch((rows + (std::size_t)(at_once * model_.cell->gates)) * H);
    float* const weights = const_cast<float*>(packed(layer, batch));
    run(layer, sizes(T, batch, begins), x, h, c, inner + rows * H, inner, {weights, true},
        threads_worth(threads, step_work() * (double)rows));
}

void Network::read(const std::int64_t* words, int batch, float* h, float* c, int threads) const {
    const std::size_t E = (std::size_t)model_.embedding.columns, H = (std::size_t)hidden_size();
    const std::size_t wide = (std::size_t)model_.cell->gates * H, N = (std::size_t)batch;
    float* const x = scratch(N * (E + H + wide));
    float *const inner = x + N * E, *const gates = inner + N * H;
    float* const weights = const_cast<float*>(packed(0, batch));
    const bool keeps = kept_gates_ && batch <= READ_TOGETHER;
    bool are_there = keeps;
    for (std::size_t b = 0; b < N && are_there; ++b) {
        const float* const kept = kept_gates_->of(words[b]);
        if (kept) std::memcpy(gates + b * wide, kept, wide * sizeof(float));
        are_there = kept != nullptr;
    }
    for (std::size_t b = 0; b < N && !are_there; ++b) row_of(model_.embedding, words[b], x + b * E);
    run(0, sizes(1, batch), are_there ? nullptr : x, h, c, gates, inner, {weights, true},
        threads_worth(threads, step_work() * batch));
    for (std::size_t b = 0; b < N && keeps && !are_there; ++b) kept_gates_->keep(words[b], gates + b * wide);
}

void Network::advance(const Advance* steps, int count, int threads) const {
    if (count <= 1) {
        if (count == 1) advance_some(steps, 1);
        return;
    }
    // With few users, all threads take part; with many, one piece for each is enough to share the
    // weights.
    const int most = std::clamp((count + threads - 1) / std::max(threads, 1), 1, TOGETHER);
    const int pieces = (count + most - 1) / most;
    in_pieces(threads_worth(threads, step_work() * count), pieces, [&](int piece) {
        const int first = piece * most;
        advance_some(steps + first, std::min(most, count - first));
    });
}

// Floats that `operand` needs.
std::size_t Network::operand_floats() const {
    const std::size_t hidden = operand_bytes(hidden_size()) / sizeof(float);
    return 2 * operand_bytes(model_.output.columns) / sizeof(float) + hidden;
}

// The output layer's input from a state, prepared for its products, at the memory's beginning.
float Network::operand(const float* h, float* memory) const {
    const std::size_t features = operand_bytes(model_.output.columns) / sizeof(float);
    const float* seen = h + (std::ptrdiff_t)(layers() - 1) * hidden_size();
    if (const Table& projection = model_.projection; projection.rows) {
        float* const operand = memory + 2 * features;
        const float by = kernels_.operand[projection.is_int8()](seen, projection.columns, operand);
        const void* const of_one = operand;
        float* const into = memory + features;
        kernels_.rows[projection.is_int8()](projection, &of_one, &by, 1, nullptr, 0, projection.rows,
                                            &into);
        seen = into;
    }
    return kernels_.operand[model_.output.is_int8()](seen, model_.output.columns, memory);
}

void Network::scores(const float* h, const Choice& choice, float* into, int threads) const {
    const Table& output = model_.output;
    float* const memory = scratch(operand_floats());
    const float scale = operand(h, memory);
    const void* const seen = memory;
    const int pieces = pieces_of(choice.count);
    const double work = (double)choice.count * output.columns;
    in_pieces(pieces < 4 ? 1 : threads_worth(threads, work), pieces, [&](int piece) {
        const std::int64_t first = (std::int64_t)piece * PIECE;
        float* const found = into + first;
        kernels_.rows[output.is_int8()](output, &seen, &scale, 1,
                                        choice.ids ? choice.ids + first : nullptr, first,
                                        size_of(piece, choice.count), &found);
    });
}

bool Network::best(const float* h, const Choice& choice, const std::vector<std::int64_t>& hidden,
                   int k, int threads, std::vector<Found>& found) const {
    found.clear();
    if (choice.count == 0) return true;
    const Table& output = model_.output;
    const int pieces = pieces_of(choice.count);
    float* const scores = scratch_for_scores((std::size_t)choice.count);
    Shares* const parts = shares_of_pieces((std::size_t)pieces);
    float* const memory = scratch(operand_floats());
    const float scale = operand(h, memory);
    const void* const seen = memory;
    const double work = (double)choice.count * output.columns;
    in_pieces(pieces < 4 ? 1 : threads_worth(threads, work), pieces, [&](int piece) {
        const std::int64_t first = (std::int64_t)piece * PIECE;
        const int count = size_of(piece, choice.count);
        float* const into = scores + first;
        kernels_.rows[output.is_int8()](output, &seen, &scale, 1,
                                        choice.ids ? choice.ids + first : nullptr, first, count,
                                        &into);
        parts[piece] = kernels_.shares(into, count);
    });
    return chosen(scores, parts, choice, hidden, k, found);
}

bool Network::best_of_scores(const float* scores, const Choice& choice, const std::vector<std::int64_t>& hidden, int k,
                             std::vector<Found>& found) const {
    found.clear();
    if (choice.count == 0) return true;
    const int pieces = pieces_of(choice.count);
    Shares* const parts = shares_of_pieces((std::size_t)pieces);
    for (int piece = 0; piece < pieces; ++piece) {
        parts[piece] = kernels_.shares(scores + (std::int64_t)piece * PIECE, size_of(piece, choice.count));
    }
    return chosen(scores, parts, choice, hidden, k, found);
}

// The scores of all words for several users, who share the reading of the table. The results for
// each are those of `best`.
void Network::best_of_all(Asked* const* asked, int users, const std::vector<std::int64_t>& hidden,
                          int k) const {
    const Table& output = model_.output;
    const std::int64_t count = output.rows;
    const int pieces = pieces_of(count);
    const std::size_t floats = operand_floats();
    float* const scores = scratch_for_scores((std::size_t)(count * users));
    Shares* const parts = shares_of_pieces((std::size_t)(pieces * users));
    float* const memory = scratch(floats * (std::size_t)users);
    const void* operands[SCORED_TOGETHER];
    float scales[SCORED_TOGETHER];
    float* into[SCORED_TOGETHER];
    for (int u = 0; u < users; ++u) {
        float* const own = memory + floats * (std::size_t)u;
        scales[u] = operand(asked[u]->h, own);
        operands[u] = own;
    }
    for (int piece = 0; piece < pieces; ++piece) {
        const std::int64_t first = (std::int64_t)piece * PIECE;
        const int rows = size_of(piece, count);
        for (int u = 0; u < users; ++u) into[u] = scores + count * u + first;
        kernels_.rows[output.is_int8()](output, operands, scales, users, nullptr, first, rows, into);
        for (int u = 0; u < users; ++u) parts[u * pieces + piece] = kernels_.shares(into[u], rows);
    }
    for (int u = 0; u < users; ++u) {
        asked[u]->is_finite = chosen(scores + count * u, parts + u * pieces, {nullptr, count}, hidden,
                                     k, asked[u]->found);
    }
}

void Network::best_many(Asked* asked, int count, const std::vector<std::int64_t>& hidden, int k,
                        int threads) const {
    double work = 0.0;
    for (int u = 0; u < count; ++u) work += (double)asked[u].choice.count * model_.output.columns;
    const int pieces = (count + SCORED_TOGETHER - 1) / SCORED_TOGETHER;
    in_pieces(threads_worth(threads, work), pieces, [&](int piece) {
        const int first = piece * SCORED_TOGETHER, end = std::min(first + SCORED_TOGETHER, count);
        Asked* of_all[SCORED_TOGETHER];
        int users = 0;
        for (int u = first; u < end; ++u) {
            Asked& one = asked[u];
            const bool is_of_all = !one.choice.ids && one.choice.count == model_.output.rows;
            if (is_of_all) of_all[users++] = &one;
            else one.is_finite = best(one.h, one.choice, hidden, k, 1, one.found);
        }
        if (users > 0) best_of_all(of_all, users, hidden, k);
    });
}

}  // namespace foreword
