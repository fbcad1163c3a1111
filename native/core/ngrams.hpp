// N-grams that are mixed with a network's scores. Knows ids, no words and no files. The same as
// `foreword.ngrams.mixture` in Python, on the arrays of `foreword.ngrams.compact`.
#pragma once

#include "tensor.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace foreword::core {

// Immutable and thread-safe.
class Ngrams {
  public:
    // Their memory must outlive this. Throws Error, which names the file: they do not belong together.
    Ngrams(const std::map<std::string, Tensor>& arrays, const std::string& file);

    // The number of words, and of those of the longest n-grams.
    std::size_t words() const { return unigrams_.size(); }
    std::size_t order() const { return levels_.size() + 1; }

    // Turns a network's scores into those of the mixture.
    //
    // `last`: the ids of the last words, one fewer than `order`. `ids`: the `count` words that are scored; null:
    // all of them.
    void mix(const std::uint32_t* last, const std::int64_t* ids, std::size_t count, float* scores) const;

  private:
    // The n-grams of one length, sorted by their contexts and then by their last words.
    struct Level {
        Tensor words, counts;
        const std::int8_t *shares, *left;
        std::size_t contexts;
        std::vector<std::uint32_t> begins;  // of every 64th context
    };
    struct Range {
        std::size_t begin, end;
    };
    // A context of the last words that is in the table, and what continues it.
    struct Known {
        const Level* level;
        Range range;
        float left;
    };

    [[noreturn]] void refuse(const std::string& why) const;
    void check(const Level& level, std::size_t length) const;
    static std::size_t count_of(const Level& level, std::size_t context);
    static Range range_of(const Level& level, std::size_t context);
    static std::int64_t word_at(const Level& level, std::size_t at);
    static std::size_t place_of(const Level& level, Range range, std::int64_t word);
    std::vector<Known> known(const std::uint32_t* last, std::size_t& length) const;

    std::string file_;
    std::vector<Level> levels_;  // of two words and more
    const float *logs_, *weights_;
    std::vector<float> unigrams_;
};

}  // namespace foreword::core
