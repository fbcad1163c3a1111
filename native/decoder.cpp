#include "decoder.hpp"

#include "parallel.hpp"
#include "thread_pool.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>

namespace foreword {

namespace {

double penalty(std::size_t length, double alpha) { return std::pow((5.0 + (double)length) / 6.0, alpha); }

// A sub-word of a hypothesis, after those of its parent.
struct Node {
    std::ptrdiff_t parent;  // -1: the first
    std::int64_t id;
    float log;
    std::size_t look;  // where the weights stand that the decoder had when it was written
};

struct Sentence {
    int number;
    Automaton* demands;  // null once they limit nothing any more
    std::vector<Finished> finished;
};

}  // namespace

Decoder::Decoder(const Kernels& kernels, DecoderModel model) : kernels_(kernels), model_(std::move(model)) {
    for (const Layer& layer : model_.layers) {
        const auto words = [&](int size) {
            Table table;
            zeros_.emplace_back((std::size_t)size);
            table.rows = 1, table.columns = size, table.stride = size;
            table.floats = zeros_.back().data();
            return table;
        };
        const bool reads_words = layers_.empty() && !model_.feeds;
        const Table inputs = reads_words ? model_.embedding : words(layer.weight_ih.columns);
        const Table output = words(layer.weight_hh.columns);
        layers_.push_back(std::make_unique<Network>(
            kernels, Model{model_.cell, inputs, {layer}, {}, output, model_.clip}));
        if (reads_words) layers_.back()->remember_words();
    }
    if (looks()) model_.query = kept(model_.query);
    model_.combine = kept(model_.combine);
    model_.output = kept(model_.output);
}

Table Decoder::kept(Table table) {
    tables_.push_back(std::make_unique<KeptTable>(kernels_, table));
    return tables_.back()->table();
}

double Decoder::step_work() const {
    double work = (double)model_.output.rows * model_.output.columns;
    for (const auto& layer : layers_) work += layer->step_work();
    return work;
}

void Decoder::resize(Decoders& all, int N, int S) const {
    const std::size_t rows = (std::size_t)N, H = (std::size_t)hidden_size();
    const std::size_t E = (std::size_t)model_.embedding.columns;
    all.N = N;
    all.h.resize(layers_.size());
    for (auto& part : all.h) part.resize(2 * rows * H);
    if (model_.cell->has_memory()) {
        all.c.resize(layers_.size());
        for (auto& part : all.c) part.resize(2 * rows * H);
    }
    all.ids.resize(rows), all.sentences.resize(rows);
    all.features.resize(rows * E), all.fed.resize(model_.feeds ? rows * E : 0);
    all.x.resize(rows * (std::size_t)model_.layers.front().weight_ih.columns);
    all.seen.resize(rows * (std::size_t)model_.combine.columns);
    if (looks()) {
        all.queries.resize(rows * H);
        all.shares.resize(rows * (std::size_t)(model_.heads * S));
    }
}

void Decoder::step(const Sentences& sentences, Decoders& all, int threads) const {
    const std::size_t N = (std::size_t)all.N, H = (std::size_t)hidden_size();
    const std::size_t E = (std::size_t)model_.embedding.columns, wide = (std::size_t)model_.combine.columns;
    const std::size_t inputs = (std::size_t)model_.layers.front().weight_ih.columns;
    for (std::size_t row = 0; row < N && model_.feeds; ++row) {
        row_of(model_.embedding, all.ids[row], all.x.data() + row * inputs);
        std::memcpy(all.x.data() + row * inputs + E, all.fed.data() + row * E, E * sizeof(float));
    }
    const float* x = all.x.data();
    for (std::size_t layer = 0; layer < layers_.size(); ++layer) {
        float* const c = model_.cell->has_memory() ? all.c[layer].data() : nullptr;
        float* const h = all.h[layer].data();
        if (layer == 0 && !model_.feeds) layers_[0]->read(all.ids.data(), all.N, h, c, threads);
        else layers_[layer]->steps(0, 1, all.N, nullptr, x, h, c, threads);
        const float* const after = all.h[layer].data() + N * H;
        x = after;
        if (layer == 0 && looks()) {
            multiply(kernels_, model_.query, after, all.N, all.queries.data(), threads);
            const std::size_t of_one = (std::size_t)sentences.S * H;
            const std::size_t shares = (std::size_t)(model_.heads * sentences.S);
            for (std::size_t row = 0; row < N; ++row) {
                const std::size_t b = (std::size_t)all.sentences[row];
                kernels_.look({model_.heads, (int)H / model_.heads, (int)sentences.lengths[b], sentences.S,
                               model_.energy, all.queries.data() + row * H, sentences.keys + b * of_one,
                               sentences.values + b * of_one, all.shares.data() + row * shares,
                               all.seen.data() + row * wide + H});
            }
        }
        const bool is_last = layer + 1 == layers_.size();
        if (is_last || (layer == 0 && looks())) {
            for (std::size_t row = 0; row < N; ++row) {
                std::memcpy(all.seen.data() + row * wide, after + row * H, H * sizeof(float));
            }
            if (!is_last) x = all.seen.data();
        }
    }
    multiply(kernels_, model_.combine, all.seen.data(), all.N, all.features.data(), threads);
    kernels_.tangents(all.features.data(), N * E);
}

// The state of a decoder, as the start of another one.
void Decoder::copy(const Decoders& from, int row, Decoders& to, int place) const {
    const std::size_t H = (std::size_t)hidden_size(), E = (std::size_t)model_.embedding.columns;
    const std::size_t source = (std::size_t)(from.N + row) * H, target = (std::size_t)place * H;
    for (std::size_t layer = 0; layer < layers_.size(); ++layer) {
        std::memcpy(to.h[layer].data() + target, from.h[layer].data() + source, H * sizeof(float));
        if (!from.c.empty()) {
            std::memcpy(to.c[layer].data() + target, from.c[layer].data() + source, H * sizeof(float));
        }
    }
    if (model_.feeds) {
        std::memcpy(to.fed.data() + (std::size_t)place * E, from.features.data() + (std::size_t)row * E,
                    E * sizeof(float));
    }
}

std::vector<std::vector<Finished>> Decoder::search(const Sentences& sentences, Decoders all,
                                                   const Wanted& wanted, int threads) const {
    const int count = 2 * wanted.beams, heads = model_.heads, S = sentences.S;
    const std::size_t C = (std::size_t)count, E = (std::size_t)model_.embedding.columns;
    std::vector<std::int64_t> never = wanted.never;
    never.push_back(wanted.start), never.push_back(wanted.end);
    std::vector<Sentence> live((std::size_t)sentences.B);
    for (int b = 0; b < sentences.B; ++b) {
        live[(std::size_t)b] = {b, wanted.demands.empty() ? nullptr : wanted.demands[(std::size_t)b], {}};
    }
    std::vector<std::vector<Finished>> results(live.size());
    std::vector<double> scores(live.size(), 0.0);  // of each hypothesis, the same number for each sentence
    std::vector<std::ptrdiff_t> last(live.size(), -1);  // its last sub-word among `nodes`
    std::vector<int> states(live.size(), 0);  // its state of the sentence's automaton
    std::vector<Node> nodes;
    std::vector<float> looks, logs, ends, all_logs;
    std::vector<std::int64_t> ids;
    Decoders next;
    std::size_t K = 1;
    std::fill(all.ids.begin(), all.ids.end(), wanted.start);
    for (int b = 0; b < sentences.B; ++b) all.sentences[(std::size_t)b] = b;

    const auto finished = [&](std::ptrdiff_t node, float log, std::size_t look, std::size_t length) {
        Finished one{{}, {log}, log, {}};
        std::vector<std::size_t> at{look};
        for (; node >= 0; node = nodes[(std::size_t)node].parent) {
            const Node& of = nodes[(std::size_t)node];
            one.ids.push_back(of.id), one.logs.push_back(of.log), at.push_back(of.look);
            one.score += of.log;
        }
        one.score /= penalty(one.logs.size(), wanted.alpha);
        std::reverse(one.ids.begin(), one.ids.end()), std::reverse(one.logs.begin(), one.logs.end());
        if (this->looks()) {
            for (auto place = at.rbegin(); place != at.rend(); ++place) {
                const float* const from = looks.data() + *place;
                one.attention.insert(one.attention.end(), from, from + length);
            }
        }
        return one;
    };
    const auto is_over = [&](const Sentence& one, double best) {
        const std::size_t done = one.finished.size();
        if (best == -INFINITY || done >= (std::size_t)wanted.beams) return true;
        if (done < (std::size_t)wanted.n) return false;
        std::vector<double> sorted;
        for (const Finished& each : one.finished) sorted.push_back(each.score);
        std::sort(sorted.rbegin(), sorted.rend());
        const std::size_t longest = (std::size_t)wanted.longest[one.number];
        return best / penalty(longest, wanted.alpha) <= sorted[(std::size_t)wanted.n - 1];
    };

    for (std::int64_t t = 0; !live.empty(); ++t) {
        step(sentences, all, threads);
        const std::size_t N = (std::size_t)all.N;
        ids.resize(N * C), logs.resize(N * C), ends.resize(N);
        const auto likeliest = [&](const Choice& choice, std::size_t row, int rows, int threads_here) {
            return likeliest_rows(kernels_, model_.output, choice, all.features.data() + row * E, rows, count,
                                  never, wanted.end,
                                  {ids.data() + row * C, logs.data() + row * C, ends.data() + row},
                                  threads_here);
        };
        const bool are_demands =
            std::any_of(live.begin(), live.end(), [](const Sentence& one) { return one.demands; });
        std::atomic<bool> is_finite{true};
        if (are_demands) {
            all_logs.resize(N * (std::size_t)model_.output.rows);
            is_finite = log_probabilities(kernels_, model_.output, all.features.data(), all.N, all_logs.data(),
                                          threads);
        } else if (wanted.words.empty()) {
            is_finite = likeliest({nullptr, model_.output.rows}, 0, all.N, threads);
        } else {
            const double work = (double)N * (double)wanted.words[0].count * (double)E;
            in_pieces(threads_worth(threads, work), (int)live.size(), [&](int r) {
                const Choice& choice = wanted.words[(std::size_t)live[(std::size_t)r].number];
                if (!likeliest(choice, (std::size_t)r * K, (int)K, 1)) is_finite = false;
            });
        }
        if (!is_finite) return {};
        const std::size_t first_look = looks.size();
        if (this->looks()) {
            looks.resize(first_look + N * (std::size_t)S);
            for (std::size_t row = 0; row < N; ++row) {
                float* const mean = looks.data() + first_look + row * (std::size_t)S;
                const float* const shares = all.shares.data() + row * (std::size_t)(heads * S);
                for (int k = 0; k < heads * S; ++k) mean[k % S] += shares[k] / (float)heads;
            }
        }
        // The best continuations of a sentence without demands, from those of each hypothesis.
        const auto free = [&](std::size_t r, bool must_end) {
            std::vector<Continuation> best;
            for (std::size_t k = 0; k < K; ++k) {
                const std::size_t row = r * K + k;
                for (std::size_t at = row * C; at < (row + 1) * C; ++at) {
                    if (must_end) {
                        const bool is_first = at == row * C;
                        ids[at] = is_first ? wanted.end : ids[at];
                        logs[at] = is_first ? ends[row] : -INFINITY;
                    }
                    best.push_back({scores[row] + logs[at], (int)k, ids[at], logs[at]});
                }
            }
            if (K > 1) {
                std::stable_sort(best.begin(), best.end(),
                                 [](const auto& a, const auto& b) { return a.total > b.total; });
            }
            best.resize(C);
            return chosen(std::move(best), wanted.beams, wanted.end);
        };
        const auto demanded = [&](std::size_t r, std::int64_t remaining) {
            const std::int64_t V = model_.output.rows;
            const Hypotheses of_sentence{(int)K, V, all_logs.data() + r * K * (std::size_t)V,
                                         scores.data() + r * K, states.data() + r * K};
            return continued(live[r].demands, of_sentence, remaining, wanted.beams, wanted.end, never);
        };
        std::vector<Sentence> going;
        std::vector<double> next_scores;
        std::vector<std::ptrdiff_t> next_last;
        std::vector<int> parents, next_states;
        for (std::size_t r = 0; r < live.size(); ++r) {
            Sentence& one = live[r];
            const std::int64_t remaining = wanted.longest[one.number] - t;
            Continued next_ones = are_demands ? demanded(r, remaining) : free(r, remaining == 1);
            const std::size_t length = (std::size_t)sentences.lengths[one.number];
            const auto look_of = [&](std::size_t row) { return first_look + row * (std::size_t)S; };
            for (const Continuation& each : next_ones.ending) {
                const std::size_t row = r * K + (std::size_t)each.parent;
                one.finished.push_back(finished(last[row], each.log, look_of(row), length));
            }
            double highest = -INFINITY;
            for (Continuation& each : next_ones.going) {
                if (each.total > -INFINITY) each.total = scores[r * K + (std::size_t)each.parent] + each.log;
                highest = std::max(highest, each.total);
            }
            if (is_over(one, highest)) {
                std::stable_sort(one.finished.begin(), one.finished.end(),
                                 [](const auto& a, const auto& b) { return a.score > b.score; });
                if (one.finished.size() > (std::size_t)wanted.n) one.finished.resize((std::size_t)wanted.n);
                results[(std::size_t)one.number] = std::move(one.finished);
                continue;
            }
            bool are_met = true;
            for (const Continuation& each : next_ones.going) {
                const std::size_t row = r * K + (std::size_t)each.parent;
                next_last.push_back((std::ptrdiff_t)nodes.size());
                nodes.push_back({last[row], each.id, each.log, look_of(row)});
                next_scores.push_back(each.total);
                parents.push_back((int)row);
                next_states.push_back(one.demands ? one.demands->after(states[row], each.id) : 0);
                are_met = are_met && (!one.demands || one.demands->of(next_states.back()).are_met);
            }
            if (are_met) one.demands = nullptr;
            going.push_back(std::move(one));
        }
        if (t == 0) never.pop_back();  // after a first sub-word it may end
        K = (std::size_t)wanted.beams;
        resize(next, (int)parents.size(), S);
        for (std::size_t place = 0; place < parents.size(); ++place) {
            copy(all, parents[place], next, (int)place);
            next.ids[place] = nodes[(std::size_t)next_last[place]].id;
            next.sentences[place] = going[place / K].number;
        }
        std::swap(all, next), live.swap(going), scores.swap(next_scores), last.swap(next_last);
        states.swap(next_states);
    }
    return results;
}

}  // namespace foreword
