// A model's words by their ids, and back. Does not cut text.
#pragma once

#include "texts.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace foreword::core {

// The words that stand for what the vocabulary lacks, and for the end of a line, and their ids.
constexpr const char *UNK = "<unk>", *EOS = "<eos>";
constexpr std::int64_t UNK_ID = 0, EOS_ID = 1;

// Words are UTF-8.
class Vocabulary {
  public:
    // Adds a word with the next id; false if an equal one is there, and then the vocabulary is of no use.
    bool add(std::string_view word) {
        words_.add(word);
        return ids_.add_last(words_);
    }
    // `bytes`: of all words, and one for each.
    void reserve(std::size_t words, std::size_t bytes) { words_.reserve(words, bytes), ids_.reserve(words); }
    void shrink_to_fit() { words_.shrink_to_fit(); }

    std::size_t size() const { return words_.size(); }
    // Ends with a NUL. The id is one of this vocabulary's.
    std::string_view operator[](std::size_t id) const { return words_[id]; }
    const Texts& texts() const { return words_; }
    // None if the vocabulary lacks the word, which is compared byte by byte.
    std::optional<std::uint32_t> id(std::string_view word) const { return ids_.find(word, words_); }

  private:
    Texts words_;
    Positions ids_;
};

// The one vocabulary of a model, of its tokenizer and of its lexicon.
using SharedVocabulary = std::shared_ptr<const Vocabulary>;

}  // namespace foreword::core
