#include "engine.hpp"

#include "error.hpp"
#include "vocabulary.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace foreword::core {

namespace {

// Turns scores into the probabilities that belong to them: their softmax.
void make_shares(float* scores, std::size_t count) {
    if (count == 0) return;
    const float largest = *std::max_element(scores, scores + count);
    double total = 0.0;
    for (std::size_t k = 0; k < count; ++k) total += scores[k] = std::exp(scores[k] - largest);
    for (std::size_t k = 0; k < count; ++k) scores[k] = (float)(scores[k] / total);
}

[[noreturn]] void overflow() {
    throw_error("the model's scores overflow after this text: its weights are too large. Train it anew with a "
                "smaller learning rate");
}

}  // namespace

Engine::Engine(std::shared_ptr<const Network> network, bool skips, int threads, std::shared_ptr<const Ngrams> ngrams)
    : network_(std::move(network)), skips_(skips), threads_(threads), ngrams_(std::move(ngrams)) {
    if (ngrams_ && ngrams_->words() != words()) {
        throw_error("the n-grams are of " + std::to_string(ngrams_->words()) + " words, and the network of " +
                    std::to_string(words()));
    }
}

std::size_t Engine::part_size() const {
    return (std::size_t)network_->layers() * (std::size_t)network_->hidden_size();
}

State Engine::start() const {
    State state = zeros();
    advance(state, (std::uint32_t)EOS_ID);
    return state;
}

State Engine::zeros() const {
    return {std::vector<float>(floats()), (std::uint32_t)EOS_ID,
            std::vector<std::uint32_t>(window(), (std::uint32_t)EOS_ID)};
}

void Engine::advance(State& state, std::uint32_t word) const { advance(state, word, nullptr); }

Trace Engine::trace(State before, std::uint32_t word) const {
    Trace trace{std::move(before), std::vector<float>((std::size_t)network_->cell().gates * part_size())};
    advance(trace.after, word, trace.gates.data());
    if (gates().empty()) trace.gates.clear();
    return trace;
}

void Engine::advance(State& state, std::uint32_t word, float* gates) const {
    if (word >= words()) {
        throw_error("there is no word with the id " + std::to_string(word) + ": the model has " +
                    std::to_string(words()) + " words");
    }
    float* const h = state.parts.data();
    float* const c = network_->has_memory() ? h + part_size() : nullptr;
    const Advance step{(std::int64_t)word, h, c, h, c};
    if (gates) network_->trace(step, gates);
    else network_->advance(&step, 1, 1);
    state.last = word;
    if (state.words.empty()) return;
    std::rotate(state.words.begin(), state.words.begin() + 1, state.words.end());
    state.words.back() = word;
}

// h with what the output layer sees in its last layer.
const float* Engine::shown(const State& state, std::vector<float>& room) const {
    if (!skips_) return state.parts.data();
    const std::size_t H = (std::size_t)network_->hidden_size(), layers = (std::size_t)network_->layers();
    room.assign(state.parts.begin(), state.parts.begin() + (std::ptrdiff_t)part_size());
    float* const last = room.data() + (layers - 1) * H;
    for (std::size_t k = 0; k < H; ++k) {
        float sum = state.parts[k];
        for (std::size_t layer = 1; layer < layers; ++layer) sum += state.parts[layer * H + k];
        last[k] = sum;
    }
    return room.data();
}

void Engine::scores(const State& state, const Choice& choice, float* into) const {
    std::vector<float> room;
    network_->scores(shown(state, room), choice, into, threads_);
    if (ngrams_) ngrams_->mix(state.words.data(), choice.ids, (std::size_t)choice.count, into);
    const float* const end = into + choice.count;
    const bool has_nan = std::any_of((const float*)into, end, [](float score) { return std::isnan(score); });
    if (has_nan || (choice.count > 0 && !std::isfinite(*std::max_element((const float*)into, end)))) overflow();
}

std::vector<float> Engine::scores(const State& state, const std::vector<std::int64_t>& words) const {
    std::vector<float> some(words.size());
    scores(state, {words.data(), (std::int64_t)words.size()}, some.data());
    return some;
}

void Engine::probabilities(const State& state, float* into) const {
    scores(state, {nullptr, (std::int64_t)words()}, into);
    make_shares(into, words());
}

std::vector<float> Engine::probabilities(const State& state) const {
    std::vector<float> shares(words());
    probabilities(state, shares.data());
    return shares;
}

std::vector<float> Engine::probabilities(const State& state, const std::vector<std::int64_t>& words) const {
    std::vector<float> shares = scores(state, words);
    make_shares(shares.data(), shares.size());
    return shares;
}

std::vector<Found> Engine::best(const State& state, int k, const Choice& choice,
                                const std::vector<std::int64_t>& hidden) const {
    std::vector<float> room;
    std::vector<Found> found;
    if (ngrams_) {
        const std::unique_ptr<float[]> mixed(new float[(std::size_t)choice.count]);
        scores(state, choice, mixed.get());
        network_->best_of_scores(mixed.get(), choice, hidden, k, found);
    } else if (!network_->best(shown(state, room), choice, hidden, k, threads_, found)) overflow();
    return found;
}

std::vector<Found> Engine::best(const State& state, int k, const std::vector<std::int64_t>& hidden) const {
    return best(state, k, {nullptr, (std::int64_t)words()}, hidden);
}

std::vector<Found> Engine::best_of(const State& state, int k, const std::vector<std::int64_t>& words) const {
    return best(state, k, {words.data(), (std::int64_t)words.size()}, {});
}

}  // namespace foreword::core
