// Words that are never suggested: offensive ones, and a user's own. Knows no models. The same as
// `foreword.predictor.filter` in Python, whose list of offensive words is a table of the core.
#pragma once

#include "letter_case.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace foreword::core {

// Withholds words in any case, and with a possessive or contracted ending.
class Filter {
  public:
    // `withholds_offensive`: the listed words are withheld. `blocked`: further words, UTF-8.
    Filter(bool withholds_offensive, const std::vector<std::string>& blocked, const LetterCase& letter_case);

    // Whether a folded word is withheld.
    bool blocks(std::string_view fold) const;

  private:
    bool has(std::string_view fold) const;

    bool withholds_offensive_;
    std::set<std::string, std::less<>> blocked_;
};

}  // namespace foreword::core
