// A model's words by their ids, as tokenizer.json has them. Does not cut text.
#pragma once

#include "texts.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace foreword::core {

// How text becomes words; `foreword.text.tokenizer.TokenizerConfig` says what each one means.
struct TokenizerSettings {
    std::string words = "unicode", case_ = "keep", lines = "sentence", segmenter = "none", language;
};

// Whether this is a language's code (BCP 47), or empty.
bool is_language(std::string_view code);

constexpr std::int64_t UNK_ID = 0, EOS_ID = 1;

class Vocabulary {
  public:
    // Throws Error: the text is not in the form that Foreword writes for these settings.
    Vocabulary(std::string_view json, const TokenizerSettings& settings, const std::string& file);

    std::uint32_t size() const { return (std::uint32_t)words_.size(); }
    // Ends with a NUL. The id is one of this vocabulary's.
    std::string_view word(std::uint32_t id) const { return words_[id]; }
    // None if the vocabulary lacks the word, which is compared byte by byte.
    std::optional<std::uint32_t> id(std::string_view word) const;

  private:
    Texts words_;
    Positions ids_;
};

}  // namespace foreword::core
