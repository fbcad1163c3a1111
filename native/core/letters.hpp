// Compares letters without apostrophes, accents and syllables. Knows no words and no models. The same as
// `foreword.predictor.letters` in Python, which has the examples. All letters are folded.
#pragma once

#include <string>
#include <string_view>

namespace foreword::core {

// A word without apostrophes and accents, with Korean syllables as typed keys.
std::u32string skeleton(std::u32string_view fold);
// Letters without accents, but with apostrophes.
std::u32string without_accents(std::u32string_view fold);
// Whether a word is written in Korean syllables.
bool is_korean(std::u32string_view fold);
// Whether letters contain apostrophes or accents.
bool has_marks(std::u32string_view fold);
// Whether typed letters begin a word, except for apostrophes and accents that were not typed. Marks that
// were typed must be the word's.
bool leaves_out(std::u32string_view typed, std::u32string_view fold);

}  // namespace foreword::core
