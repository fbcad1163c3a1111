#include "ngrams.hpp"

#include "error.hpp"
#include "vocabulary.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace foreword::core {

namespace {

constexpr std::size_t BLOCK = 64;  // contexts whose counts are added up to find the n-grams of one
constexpr std::size_t LONGEST = 16;  // words of an n-gram
constexpr std::size_t ABSENT = SIZE_MAX;
constexpr float STEPS = 18.0f;  // of a share's code in a factor of e
// So many words in a context for each that is scored: then looking these up is faster than adding up all.
constexpr std::size_t FEW = 16;

int code_of(std::int8_t stored) { return stored + 128; }

const std::array<float, 256>& shares_by_code() {
    static const std::array<float, 256> shares = [] {
        std::array<float, 256> made{};
        for (int code = 0; code < 256; ++code) made[(std::size_t)code] = (float)std::exp(-(double)code / STEPS);
        return made;
    }();
    return shares;
}

float share_of(std::int8_t stored) { return shares_by_code()[(std::size_t)code_of(stored)]; }

}  // namespace

void Ngrams::refuse(const std::string& why) const { throw_error(file_ + " is damaged: " + why + RESTORE); }

Ngrams::Ngrams(const std::map<std::string, Tensor>& arrays, const std::string& file) : file_(file) {
    const auto taken = [&](const std::string& name, std::initializer_list<Tensor::Type> types) {
        const auto found = arrays.find(name);
        const bool is_there = found != arrays.end() && found->second.shape.size() == 1 &&
                              std::find(types.begin(), types.end(), found->second.type) != types.end();
        if (!is_there) refuse("the n-grams lack " + name);
        return &found->second;
    };
    const Tensor* const logs = taken("1.logs", {Tensor::FLOAT32});
    logs_ = logs->floats();
    for (std::size_t word = 0; word < logs->count(); ++word) {
        if (!(logs_[word] <= 0.0f && std::isfinite(logs_[word]))) refuse("1.logs holds no logarithms of probabilities");
        unigrams_.push_back(std::exp(logs_[word]));
    }
    const std::size_t lengths = arrays.size() < 2 ? 1 : (arrays.size() - 2) / 4 + 1;
    const Tensor* const weights = taken("weights", {Tensor::FLOAT32});
    weights_ = weights->floats();
    const bool are_shares = std::all_of(weights_, weights_ + weights->count(), [](float b) { return b >= 0 && b <= 1; });
    if (lengths > LONGEST || weights->count() != lengths || arrays.size() != 4 * (lengths - 1) + 2 || !are_shares) {
        refuse("the weights of the n-grams are not one for each length of at most 16 words, from 0 to 1");
    }
    levels_.reserve(lengths);
    std::size_t contexts = words();
    for (std::size_t length = 2; length <= lengths; ++length) {
        const std::string begin = std::to_string(length) + ".";
        Level level{*taken(begin + "words", {Tensor::INT16, Tensor::INT32}),
                    *taken(begin + "counts", {length == 2 ? Tensor::INT32 : Tensor::INT8}),
                    taken(begin + "shares", {Tensor::INT8})->ints(),
                    taken(begin + "left", {Tensor::INT8})->ints(),
                    contexts,
                    {}};
        const std::size_t count = level.words.count();
        if (arrays.at(begin + "shares").count() != count || arrays.at(begin + "left").count() != contexts ||
            level.counts.count() != contexts) {
            refuse("the arrays of the n-grams of " + std::to_string(length) + " words differ in length");
        }
        std::size_t sum = 0;
        for (std::size_t context = 0; context < contexts; ++context) {
            if (context % BLOCK == 0) level.begins.push_back((std::uint32_t)sum);
            const std::size_t following = count_of(level, context);
            if (following > count - sum) break;
            sum += following;
        }
        if (sum != count || count > UINT32_MAX || level.begins.size() != (contexts + BLOCK - 1) / BLOCK) {
            refuse("the counts of the n-grams of " + std::to_string(length) + " words have another sum");
        }
        check(level, length);
        levels_.push_back(std::move(level));
        contexts = count;
    }
}

void Ngrams::check(const Level& level, std::size_t length) const {
    std::size_t at = 0;
    for (std::size_t context = 0; context < level.contexts; ++context) {
        std::int64_t before = -1;
        for (const std::size_t end = at + count_of(level, context); at < end; ++at) {
            const std::int64_t word = word_at(level, at);
            if (word <= before || word >= (std::int64_t)words()) {
                refuse("the n-grams of " + std::to_string(length) + " words are not in order");
            }
            before = word;
        }
    }
}

std::size_t Ngrams::count_of(const Level& level, std::size_t context) {
    if (level.counts.type == Tensor::INT8) return (std::size_t)code_of(level.counts.ints()[context]);
    const std::int32_t count = reinterpret_cast<const std::int32_t*>(level.counts.data)[context];
    return count < 0 ? SIZE_MAX : (std::size_t)count;
}

Ngrams::Range Ngrams::range_of(const Level& level, std::size_t context) {
    std::size_t begin = level.begins[context / BLOCK];
    for (std::size_t k = context / BLOCK * BLOCK; k < context; ++k) begin += count_of(level, k);
    return {begin, begin + count_of(level, context)};
}

std::int64_t Ngrams::word_at(const Level& level, std::size_t at) {
    if (level.words.type == Tensor::INT16) return reinterpret_cast<const std::int16_t*>(level.words.data)[at];
    return reinterpret_cast<const std::int32_t*>(level.words.data)[at];
}

// The place of a word among those after a context, or ABSENT.
std::size_t Ngrams::place_of(const Level& level, Range range, std::int64_t word) {
    std::size_t low = range.begin, high = range.end;
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        if (word_at(level, middle) < word) low = middle + 1;
        else high = middle;
    }
    return low < range.end && word_at(level, low) == word ? low : ABSENT;
}

// The contexts of the last words that are in the table, the shortest first, and the words of the longest that some
// n-gram continues.
std::vector<Ngrams::Known> Ngrams::known(const std::uint32_t* last, std::size_t& length) const {
    std::vector<Known> all;
    const std::size_t n = levels_.size();
    length = 0;
    for (std::size_t words = 1; words <= n; ++words) {
        std::size_t context = last[n - words];
        for (std::size_t k = 1; k < words && context != ABSENT; ++k) {
            // No words from before the beginning of a line.
            const std::uint32_t word = last[n - words + k];
            const Level& level = levels_[k - 1];
            context = word == EOS_ID ? ABSENT : place_of(level, range_of(level, context), word);
        }
        if (context == ABSENT) continue;
        const Level& level = levels_[words - 1];
        const Range range = range_of(level, context);
        all.push_back({&level, range, (float)(code_of(level.left[context]) + 1) / 256.0f});
        if (range.begin < range.end) length = words;
    }
    return all;
}

void Ngrams::mix(const std::uint32_t* last, const std::int64_t* ids, std::size_t count, float* scores) const {
    std::size_t length;
    const std::vector<Known> contexts = known(last, length);
    const float b = weights_[length], a = 1.0f - b;
    if (b == 0.0f || count == 0) return;
    float left = 1.0f;
    for (const Known& one : contexts) left *= one.left;
    const float log_left = std::log(left);
    std::size_t following = 0;
    for (const Known& one : contexts) following += one.range.end - one.range.begin;
    if (ids && count * FEW < following) {
        for (std::size_t k = 0; k < count; ++k) {
            float q = unigrams_[(std::size_t)ids[k]];
            for (const Known& one : contexts) {
                const std::size_t place = place_of(*one.level, one.range, ids[k]);
                q = one.left * q + (place == ABSENT ? 0.0f : share_of(one.level->shares[place]));
            }
            scores[k] = a * scores[k] + b * std::log(q);
        }
        return;
    }
    // What the contexts add to the share that they leave to the probability of a word alone.
    std::vector<float> added(words());
    std::vector<std::uint32_t> touched;
    touched.reserve(following);
    float scale = 1.0f;
    for (auto one = contexts.rbegin(); one != contexts.rend(); ++one) {
        for (std::size_t at = one->range.begin; at < one->range.end; ++at) {
            const std::size_t word = (std::size_t)word_at(*one->level, at);
            if (added[word] == 0.0f) touched.push_back((std::uint32_t)word);
            added[word] += scale * share_of(one->level->shares[at]);
        }
        scale *= one->left;
    }
    const auto log_q = [&](std::size_t word) {
        return added[word] == 0.0f ? logs_[word] + log_left : std::log(added[word] + left * unigrams_[word]);
    };
    if (ids) {
        for (std::size_t k = 0; k < count; ++k) scores[k] = a * scores[k] + b * log_q((std::size_t)ids[k]);
    } else {
        for (std::size_t word = 0; word < count; ++word) {
            scores[word] = a * scores[word] + b * (logs_[word] + log_left);
        }
        for (const std::uint32_t word : touched) scores[word] += b * (log_q(word) - logs_[word] - log_left);
    }
}

}  // namespace foreword::core
