// A next-word model from its folder, and states that words advance.
#pragma once

#include "../mutex.hpp"
#include "../network.hpp"
#include "folder.hpp"
#include "tokenizer.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace foreword::core {

// The state after some words: a value, which can be copied and returned to.
struct State {
    std::vector<float> parts;  // h, and of an LSTM c: (layers, H) each
    std::uint32_t last;        // the last word's id
};

// Several threads may use it at once.
class NextWordModel {
  public:
    explicit NextWordModel(std::unique_ptr<Folder> folder);

    const Folder& folder() const { return *folder_; }
    const Vocabulary& vocabulary() const { return folder_->vocabulary(); }
    // Throws Error: words are cut by a segmenter.
    const Tokenizer& tokenizer() const;

    // The state at the beginning of a line: zeros, and then the end of the line before, as in training.
    State start() const;
    // Throws Error: there is no such word.
    void advance(State& state, std::uint32_t word) const;
    // Reads a text that continues after the state: its words, and its line ends. Throws Error, and
    // leaves the state unchanged: words are separated by a segmenter, or lines are wrapped.
    void read_text(State& state, std::string_view text) const;
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

    // The bytes of every state of this model; those that `foreword.predictor.state_bytes` writes in Python.
    std::size_t state_bytes() const;
    void write(const State& state, void* into) const;
    // Throws Error: the bytes are no state, damaged, of another model, or out of range.
    State read(const void* data, std::size_t size) const;

  private:
    State zeros() const;
    std::size_t part_size() const;
    void scores(const State& state, const Choice& choice, float* into) const;
    std::vector<Found> best(const State& state, int k, const Choice& choice,
                            const std::vector<std::int64_t>& hidden) const;
    const float* shown(const State& state, std::vector<float>& room) const;

    std::unique_ptr<Folder> folder_;
    std::vector<std::vector<float>> biases_;
    std::unique_ptr<Network> network_;
    // Made for the first text, since it takes memory that is not needed to work with ids.
    mutable Mutex making_tokenizer_;
    mutable std::unique_ptr<Tokenizer> tokenizer_;
};

}  // namespace foreword::core
