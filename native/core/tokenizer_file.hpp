// A model's tokenizer.json, as Foreword writes it. Does not cut text.
#pragma once

#include "vocabulary.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace foreword::core {

// How text becomes words; `foreword.text.tokenizer.TokenizerConfig` says what each one means.
struct TokenizerSettings {
    std::string words = "unicode", case_ = "keep", lines = "sentence", segmenter = "none", language;
    bool new_words = false;
};

// Whether this is a language's code (BCP 47), or empty.
bool is_language(std::string_view code);

// `expected`: how many words it probably has. Throws Error: the text is not in the form that Foreword writes for these
// settings.
SharedVocabulary read_vocabulary(std::string_view json, const TokenizerSettings& settings, std::size_t expected,
                                 const std::string& file);

}  // namespace foreword::core
