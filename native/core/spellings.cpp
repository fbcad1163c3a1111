#include "spellings.hpp"

#include "sorted_texts.hpp"
#include "unicode.hpp"

#include <algorithm>
#include <unordered_map>

namespace foreword::core {

namespace {

// The share of P(<unk>) that is given in equal parts to the listed rare words, if there are any.
constexpr double LISTED = 0.5;

bool has_letter_or_digit(std::string_view word) {
    const std::u32string letters = decoded(word);
    return std::any_of(letters.begin(), letters.end(), [](char32_t c) { return is_alphanumeric(c); });
}

}  // namespace

Spellings::Spellings(const Lexicon& lexicon, std::size_t hidden, const RareWords& rare, bool ignores_case)
    : words_(lexicon.size()), rare_(rare.size()) {
    sorted_.reserve((words_ - hidden + rare_) * (ignores_case ? 1 : 3));
    for (std::size_t id = hidden; id < words_; ++id) {
        add(lexicon.word((std::int64_t)id), id, lexicon.letter_case(), ignores_case);
    }
    for (std::size_t k = 0; k < rare_; ++k) add(rare.word(k), words_ + k, lexicon.letter_case(), ignores_case);
    text_.shrink_to_fit();
    std::sort(sorted_.begin(), sorted_.end(), [&](const Spelling& a, const Spelling& b) {
        const int order = std::string_view(text_.data() + a.begin).compare(text_.data() + b.begin);
        return order != 0 ? order < 0 : a.word != b.word ? a.word < b.word : a.kind < b.kind;
    });
    std::vector<std::string_view> counted;
    for (std::size_t k = 0; k < sorted_.size(); ++k) {
        if (sorted_[k].kind != 0 || !has_letter_or_digit(at(k))) continue;
        if (counted.empty() || counted.back() != at(k)) counted.push_back(at(k));
    }
    unlisted_ = LetterModel(counted);
}

// Where a copy of the spelling begins.
std::uint32_t Spellings::stored(std::string_view spelling) {
    const std::uint32_t begin = (std::uint32_t)text_.size();
    text_ += spelling;
    text_ += '\0';
    return begin;
}

void Spellings::add(std::string_view word, std::size_t index, const LetterCase& letter_case, bool ignores_case) {
    const std::u32string letters = decoded(word);
    const std::uint32_t id = (std::uint32_t)index;
    if (ignores_case) {
        sorted_.push_back({stored(encoded(letter_case.lower(letters))), id, 0});
        return;
    }
    const std::string others[] = {encoded(letter_case.capitalised(letters)), encoded(letter_case.upper(letters))};
    sorted_.push_back({stored(word), id, 0});
    for (std::uint32_t kind = 1; kind <= 2; ++kind) {
        const Spelling& before = sorted_.back();  // often the same spelling, which is stored once
        const bool is_same = others[kind - 1] == text_.data() + before.begin;
        sorted_.push_back({is_same ? before.begin : stored(others[kind - 1]), id, kind});
    }
}

std::pair<double, double> Spellings::shared(double unknown) const {
    if (rare_ == 0) return {unknown, 0.0};
    return {unknown - LISTED * unknown, LISTED * unknown / (double)rare_};
}

Spellings::Branches Spellings::branching(std::string_view prefix, const std::vector<double>& shares, double of_rare,
                                         const Kinds& kinds) const {
    Branches branches;
    const auto mass = [&](const Spelling& one) { return (one.word < words_ ? shares[one.word] : of_rare) * kinds[one.kind]; };
    auto [k, high] = range_of(0, sorted_.size(), [&](std::size_t n) { return at(n); }, prefix);
    for (; k < high && at(k).size() == prefix.size(); ++k) branches.whole += mass(sorted_[k]);
    while (k < high) {
        std::size_t end = prefix.size();
        const std::string_view first = at(k);
        const char32_t letter = next_decoded(first, end);
        const auto goes_on_otherwise = [&](std::size_t n) { return !begins_with(at(n), first.substr(0, end)); };
        const std::size_t behind = first_of(k, high, goes_on_otherwise);
        double& sum = branches.masses[letter];
        for (; k < behind; ++k) sum += mass(sorted_[k]);
    }
    return branches;
}

}  // namespace foreword::core
