// Finds where sentences begin besides after punctuation. Knows written words; no models. The same as
// `foreword.predictor.sentences` in Python, which has the lists.
#pragma once

#include "words.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace foreword::core {

// The abbreviations of a training text, folded by `casefold`.
using Abbreviations = std::set<std::u32string, std::less<>>;

// Whether a full stop right after the last of some words belongs to it: Dr., e.g., J. S. Bach.
bool is_abbreviated(const std::vector<std::u32string>& words, const Abbreviations& known);

// Whether a model that saw few abbreviations predicts better without this one's full stop.
bool is_read_without_stop(const std::vector<std::u32string>& words, const Abbreviations& known);

// Whether a word is an emoji, which like a mark may end a sentence.
bool is_emoji(std::u32string_view raw);
// Whether an emoji may stand for a word within a sentence: I ❤ you.
bool is_heart(char32_t emoji);

// The abbreviations of letters and full stops in a text: e.g., p.m., Ph.D., U.S.
std::vector<Span> dotted(std::u32string_view text);

}  // namespace foreword::core
