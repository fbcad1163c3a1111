// Finds words that begin as typed except for one typing slip, and whole words with a slip. Knows letters; no
// models. The same as `foreword.predictor.slips` in Python, which has the examples.
//
// All letters are folded and UTF-8.
#pragma once

#include "lexicon.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreword::core {

// Which keys are neighbours.
class Layout {
  public:
    // The rows from the top, each shifted to the right by half a key from the one above.
    explicit Layout(const std::vector<std::u32string>& rows);

    // Whether a finger may hit b instead of a.
    bool are_near(char32_t a, char32_t b) const;

  private:
    struct Key {
        char32_t character;
        int x, y;  // x in halves of a key
    };
    const Key* find(char32_t character) const;

    std::vector<Key> keys_;
};

const Layout& qwerty();
const Layout& qwertz();
const Layout& azerty();

// Words that begin nearly as typed: a range of the lexicon's order, and the probability of the slip.
struct Near {
    std::size_t low, high;
    double weight;
};

// Words whose beginning is one insertion, deletion, replacement or swap away. Ranges may overlap; the best
// weight of a word counts.
std::vector<Near> one_edit(const Lexicon& lexicon, std::string_view typed, const Layout& layout);

// Words of which typed letters are two common slips away: tommorow of tomorrow. Vowels are wrong, missing or
// too many, or letters are doubled or not.
std::vector<Near> two_edits(const Lexicon& lexicon, std::string_view typed);

// The words that letters may be with a slip, with P(typed | word).
std::vector<Weighted> whole_words(const Lexicon& lexicon, std::string_view typed);

// The words with the longest common beginning, of two letters and half of them at least.
std::pair<std::size_t, std::size_t> stem(const Lexicon& lexicon, std::string_view typed);

}  // namespace foreword::core
