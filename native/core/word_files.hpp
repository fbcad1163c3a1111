// What rare.txt, spacing.json and misspellings.json of a model folder say of its words. Knows no networks.
#pragma once

#include "folder.hpp"
#include "lexicon.hpp"
#include "sentences.hpp"
#include "spacing.hpp"
#include "style.hpp"

#include <string>
#include <vector>

namespace foreword::core {

struct WordFiles {
    Texts rare;  // words beyond the vocabulary
    Spacing spacing;
    Style style;  // of the training text
    Abbreviations abbreviations;
    Lexicon::Misspellings misspellings;
};

// Of files that the folder lacks, what custom says. Throws Error: a file holds anything but what Foreword
// writes into it.
WordFiles read_word_files(const Folder& folder);

}  // namespace foreword::core
