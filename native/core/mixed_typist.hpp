// Suggests the words of several models in one list, for people who mix languages. Knows no networks. The same as
// `MixedTypist` of `foreword.predictor.mixed_typist` in Python, which explains how the models are weighed.
#pragma once

#include "typist.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace foreword::core {

// P(word | text) is the sum over the models of weight times P(word | text, model). The weights follow the words of the
// text by their frequencies, and a model of little weight is not asked.
class MixedTypist final : public Suggester {
  public:
    // Typists of at least two models. Throws Error: there are fewer.
    explicit MixedTypist(std::vector<Typist> typists);

    bool has_read(std::u32string_view text) const override;
    int threads() const override;
    std::optional<std::vector<Suggestion>> suggest(std::u32string_view text, std::size_t k,
                                                   Ending ending = Ending::EITHER, Choice choice = Choice::WORDS,
                                                   std::size_t most = ALL) override;
    // The weight of each model at the end of a text; they sum to 1.
    std::vector<double> weights(std::u32string_view text, Ending ending);
    void forget() override;

  private:
    std::vector<double> equal() const;
    // The probabilities of a piece of text in each language relative to the highest; none if no language knows it.
    std::vector<double> likelihoods(std::u32string_view piece, bool is_unfinished) const;
    std::vector<double> after(std::vector<double> weights, std::u32string_view piece) const;

    std::vector<Typist> typists_;
    // The last text before a word, from where the weights follow it, and the weights after it.
    std::u32string known_;
    std::vector<double> known_weights_;
};

}  // namespace foreword::core
