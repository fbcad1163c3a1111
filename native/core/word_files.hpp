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
    Spacing spacing;
    Style style;  // of the training text
    Abbreviations abbreviations;
    Lexicon::Misspellings misspellings;
};

// Of spacing.json and misspellings.json; if the folder lacks them, what custom says. Throws Error: a file holds
// anything but what Foreword writes into it.
WordFiles read_word_files(const Folder& folder);

// The words of rare.txt, which are beyond the vocabulary; none if the folder lacks the file. Throws Error as above.
Texts read_rare(const Folder& folder);

}  // namespace foreword::core
