#include "letter_tables.hpp"

#include "tokenizer.hpp"
#include "unicode.hpp"
#include "words.hpp"

#include <string>

namespace foreword::core {

LetterTables::LetterTables(const Lexicon& lexicon, const RareWords& rare, const Spacing& spacing)
    : lexicon_(lexicon), rare_(rare), space_before_(lexicon.size(), 1.0), begins_with_letter_(lexicon.size()),
      begins_unspaced_(lexicon.size()) {
    for (std::size_t id = 0; id < lexicon.size(); ++id) {
        const std::u32string word = decoded(lexicon.word((std::int64_t)id));
        begins_with_letter_[id] = id == UNK_ID || is_of_words(word[0]);
        begins_unspaced_[id] = is_unspaced(std::u32string_view(word).substr(0, 1));
        if (id != UNK_ID) space_before_[id] = space_share(word, true, spacing);
    }
}

const Spellings& LetterTables::spellings(bool ignores_case) const {
    const Lock lock(sorting_);
    std::unique_ptr<const Spellings>& sorted = ignores_case ? without_case_ : with_case_;
    if (!sorted) sorted = std::make_unique<const Spellings>(lexicon_, (std::size_t)EOS_ID + 1, rare_, ignores_case);
    return *sorted;
}

}  // namespace foreword::core
