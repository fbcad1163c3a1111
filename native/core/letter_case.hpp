// Upper and lower case by the rules of a language. The same as `foreword.text.case` in Python, which gives
// the rules and examples.
#pragma once

#include "vocabulary.hpp"

#include <string>
#include <string_view>

namespace foreword::core {

class LetterCase {
  public:
    // The code of the language (BCP 47); empty if it needs no rules of its own.
    explicit LetterCase(std::string language = {});
    // The rules that the words of a vocabulary show.
    static LetterCase of(const Vocabulary& words);

    const std::string& language() const { return language_; }
    // Whether i is the lower case of İ, and ı that of I.
    bool is_dotless() const { return is_dotless_; }
    // A form that is the same for all cases of a word.
    std::u32string fold(std::u32string_view word) const;
    std::u32string lower(std::u32string_view word) const;
    std::u32string upper(std::u32string_view word) const;
    // With a capital first letter, if the word is all lower case.
    std::u32string capitalised(std::u32string_view word) const;

  private:
    bool is(std::string_view primary) const { return primary_ == primary; }

    std::string language_, primary_;
    bool is_dotless_ = false;
};

}  // namespace foreword::core
