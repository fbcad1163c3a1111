// Checks the words of rare.txt, which has one a line. Knows no folders.
#pragma once

#include "texts.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace foreword::core {

// What is wrong with a line, which is counted from 1.
struct LineFault {
    std::size_t line;
    std::string why;
};

// The first fault of lines in UTF-8, of which `words` was made: a character that cannot be shown, or a word that is not
// in alphabetical order. None if Foreword may have written them.
std::optional<LineFault> fault_of(std::string_view lines, const Texts& words);

}  // namespace foreword::core
