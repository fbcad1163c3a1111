// States that words advance, and the scores of the next word. Knows ids, no words and no files. The same as `Engine`
// of `foreword.predictor.engine` in Python.
#pragma once

#include "../network.hpp"
#include "ngrams.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace foreword::core {

// The state after some words: a value, which can be copied and returned to.
struct State {
    std::vector<float> parts;  // h, and of an LSTM c: (layers, H) each
    std::uint32_t last;        // the last word's id
    std::vector<std::uint32_t> words = {};  // with n-grams, the last n - 1
};

// What the network does at a word.
struct Trace {
    State after;
    std::vector<float> gates;  // (layers, gates, H), in the order of `Engine::gates`
};

// Several threads may use it at once.
class Engine {
  public:
    // `skips`: the output sees the sum of all layers' h. `threads`: the most that score the words of one user.
    // `ngrams`: those that are mixed with the network; null: none. Throws Error: they have other words.
    Engine(std::shared_ptr<const Network> network, bool skips, int threads, std::shared_ptr<const Ngrams> ngrams);

    // The number of words.
    std::size_t words() const { return (std::size_t)network_->words(); }
    int threads() const { return threads_; }
    std::size_t layers() const { return (std::size_t)network_->layers(); }
    std::size_t hidden_size() const { return (std::size_t)network_->hidden_size(); }
    bool has_memory() const { return network_->has_memory(); }
    // The letter of each gate; none for an Elman network.
    std::string_view gates() const { return network_->cell().letters; }
    // The number of last words in a state.
    std::size_t window() const { return ngrams_ ? ngrams_->order() - 1 : 0; }
    // The state before the end of line with which every text begins.
    State zeros() const;
    // The state at the beginning of a line: zeros, and then the end of the line before, as in training.
    State start() const;
    // Throws Error: there is no such word.
    void advance(State& state, std::uint32_t word) const;
    // Advances a state, and keeps the gates. Throws Error: there is no such word.
    Trace trace(State before, std::uint32_t word) const;
    // The probability of every word as the next, (words). Throws Error: the scores overflow.
    void probabilities(const State& state, float* into) const;
    std::vector<float> probabilities(const State& state) const;
    // The probabilities of some words, given that one of them is the next.
    std::vector<float> probabilities(const State& state, const std::vector<std::int64_t>& words) const;
    // The scores of some words as the next. Throws Error: they overflow.
    std::vector<float> scores(const State& state, const std::vector<std::int64_t>& words) const;
    // The k likeliest words without hidden ones, which still count in the probabilities: by falling
    // probability, then by rising id. Throws Error: the scores overflow.
    std::vector<Found> best(const State& state, int k, const std::vector<std::int64_t>& hidden) const;
    // The same of some words alone, whose probabilities sum to 1.
    std::vector<Found> best_of(const State& state, int k, const std::vector<std::int64_t>& words) const;

  protected:
    // The floats of h, and of a whole state.
    std::size_t part_size() const;
    std::size_t floats() const { return part_size() * (network_->has_memory() ? 2 : 1); }

  private:
    // Advances a state, and fills (layers, n, H) gates unless they are null.
    void advance(State& state, std::uint32_t word, float* gates) const;
    void scores(const State& state, const Choice& choice, float* into) const;
    std::vector<Found> best(const State& state, int k, const Choice& choice,
                            const std::vector<std::int64_t>& hidden) const;
    const float* shown(const State& state, std::vector<float>& room) const;

    std::shared_ptr<const Network> network_;
    bool skips_;
    int threads_;
    std::shared_ptr<const Ngrams> ngrams_;
};

}  // namespace foreword::core
