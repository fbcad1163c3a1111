#include "word_files.hpp"

#include "error.hpp"
#include "json.hpp"
#include "rare_lines.hpp"
#include "unicode.hpp"
#include "utf8.hpp"
#include "visible.hpp"
#include "words.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

namespace foreword::core {

namespace {

constexpr std::int64_t VERSION = 1;       // of spacing.json and of misspellings.json
constexpr std::size_t LONGEST_MARK = 8;   // characters of a run of one mark
constexpr std::size_t LONGEST_ABBREVIATION = 12, MOST_ABBREVIATIONS = 256;

// One file, for messages.
class Checked {
  public:
    Checked(const Folder& folder, std::string_view name) : file_(folder.path(name)) {}

    const std::string& file() const { return file_; }
    [[noreturn]] void refuse(const std::string& why) const { throw_error(file_ + " cannot be used: " + why + RESTORE); }

    // A member of an object that must be there.
    const Value& member(const Value& object, std::string_view name) const {
        const Value* const found = object.find(name);
        if (found == nullptr) refuse("it lacks " + std::string(name));
        return *found;
    }

    // Checks that this is an object with no other names than these.
    void has_only(const Value& object, std::initializer_list<std::string_view> names) const {
        if (!object.is(Value::OBJECT)) refuse("it holds something else where an object belongs");
        for (const Value& item : object.items) {
            if (std::find(names.begin(), names.end(), item.name) == names.end()) {
                refuse("it has the unknown key " + std::string(item.name.substr(0, 40)));
            }
        }
    }

    void has_version(const Value& document) const {
        const auto version = member(document, "version").whole();
        if (version && *version > VERSION) {
            throw_error(file_ + " has version " + std::to_string(*version) + "; this Foreword reads up to " +
                        std::to_string(VERSION) + ". It was made by a newer Foreword: use a newer library");
        }
        if (version != VERSION) refuse("its version must be " + std::to_string(VERSION));
    }

    std::pair<std::int64_t, std::int64_t> two_counts(const Value& value) const {
        const bool are_two = value.is(Value::ARRAY) && value.items.size() == 2;
        const std::int64_t first = are_two ? value.items.front().whole().value_or(-1) : -1;
        const std::int64_t second = are_two ? value.items.back().whole().value_or(-1) : -1;
        if (first < 0 || second < 0) refuse("it must have two whole numbers, 0 or more, for each word and mark");
        return {first, second};
    }

    char32_t space(const Value& value) const {
        const std::u32string text = value.is(Value::STRING) ? decoded(value.text) : std::u32string();
        const bool is_space = text.size() == 1 && (text[0] == U'\t' || properties(text[0]).category == Category::Zs);
        if (!is_space) refuse("it must have one space for each side of a mark");
        return text[0];
    }

  private:
    std::string file_;
};

MarkCounts mark_of(const Checked& checked, const Value& value) {
    checked.has_only(value, {"before", "after_word", "after_space", "space_before", "space_after", "ends"});
    MarkCounts mark;
    constexpr std::array<std::string_view, 3> POSITIONS = {"before", "after_word", "after_space"};
    for (std::size_t k = 0; k < POSITIONS.size(); ++k) {
        const auto [nothing, space] = checked.two_counts(checked.member(value, POSITIONS[k]));
        mark.gaps[k] = {nothing, space};
    }
    mark.space_before = checked.space(checked.member(value, "space_before"));
    mark.space_after = checked.space(checked.member(value, "space_after"));
    const Value& ends = checked.member(value, "ends");
    if (!ends.is(Value::NOTHING) && !ends.is(Value::BOOLEAN)) checked.refuse("ends must be true, false or null");
    if (ends.is(Value::BOOLEAN)) mark.ends = ends.is_true();
    return mark;
}

Style style_of(const Checked& checked, const Value& options) {
    Style style;
    const std::map<std::string_view, std::u32string*> marks = {
        {"apostrophe", &style.apostrophe}, {"opens", &style.opens},   {"closes", &style.closes},
        {"dash", &style.dash},             {"hyphen", &style.hyphen}, {"short_dash", &style.short_dash},
        {"ellipsis", &style.ellipsis},     {"gershayim", &style.gershayim},
    };
    if (!options.is(Value::OBJECT)) checked.refuse("style is no object");
    for (const Value& option : options.items) {
        const auto found = marks.find(option.name);
        const std::u32string mark = option.is(Value::STRING) ? decoded(option.text) : std::u32string();
        std::u32string reads_as = mark.size() == 1 ? plain_mark(mark[0]) : mark;
        if (option.name == "gershayim" && mark == U"\"") reads_as = *found->second;
        if (found == marks.end() || reads_as != *found->second) {
            checked.refuse("style: " + std::string(option.name.substr(0, 16)) + " has no such mark");
        }
        *found->second = mark;
    }
    return style;
}

void read_spacing(const Folder& folder, WordFiles& files) {
    const auto text = folder.text(SPACING);
    if (!text) return;
    const Checked checked(folder, SPACING);
    const Json json(*text, checked.file());
    const Value& document = json.root();
    checked.has_only(document, {"version", "style", "abbreviations", "marks"});
    checked.has_version(document);
    if (const Value* const style = document.find("style")) files.style = style_of(checked, *style);
    if (const Value* const known = document.find("abbreviations")) {
        if (!known->is(Value::OBJECT) || known->items.size() > MOST_ABBREVIATIONS) {
            checked.refuse("abbreviations is no object of " + std::to_string(MOST_ABBREVIATIONS) + " words at most");
        }
        for (const Value& item : known->items) {
            const std::u32string word = decoded(item.name);
            if (!is_alpha(word) || word.size() > LONGEST_ABBREVIATION || !is_plain(item.name)) {
                checked.refuse("abbreviations has something that is no word");
            }
            checked.two_counts(item);
            files.abbreviations.insert(word);
        }
    }
    const Value& marks = checked.member(document, "marks");
    if (!marks.is(Value::OBJECT)) checked.refuse("marks is no object");
    std::map<std::u32string, MarkCounts, std::less<>> counts;
    for (const Value& item : marks.items) {
        const std::u32string mark = decoded(item.name);
        if (mark.empty() || mark.size() > LONGEST_MARK || !is_plain(item.name)) {
            checked.refuse("marks has something that is no mark");
        }
        counts.emplace(mark, mark_of(checked, item));
    }
    files.spacing = Spacing(std::move(counts));
}

void read_misspellings(const Folder& folder, WordFiles& files) {
    const auto text = folder.text(MISSPELLINGS);
    if (!text) return;
    const Checked checked(folder, MISSPELLINGS);
    const Json json(*text, checked.file());
    checked.has_only(json.root(), {"version", "misspellings"});
    checked.has_version(json.root());
    const Value& misspellings = checked.member(json.root(), "misspellings");
    if (!misspellings.is(Value::OBJECT)) checked.refuse("misspellings is no object");
    const auto check = [&](std::string_view word) {
        if (folder.vocabulary()->id(word).value_or((std::uint32_t)UNK_ID) <= EOS_ID) {
            checked.refuse(std::string(word.substr(0, 40)) + " is no word of the vocabulary");
        }
    };
    std::set<std::string_view> wrong;
    for (const Value& item : misspellings.items) wrong.insert(item.name);
    for (const Value& item : misspellings.items) {
        if (!item.is(Value::STRING)) checked.refuse("a misspelling stands for something that is no text");
        const std::size_t space = item.text.find(' ');
        check(item.text.substr(0, space));
        if (space != item.text.npos) check(item.text.substr(space + 1));
        if (folder.vocabulary()->id(item.name)) {
            check(item.name);
        } else if (item.name.empty() || !is_plain(item.name) || item.name.find(' ') != item.name.npos ||
                   space != item.text.npos) {
            checked.refuse(std::string(item.name.substr(0, 40)) + " is not in the vocabulary, and not one word for another");
        }
        if (wrong.count(item.text) != 0) {
            checked.refuse(std::string(item.text.substr(0, 40)) + " is a word that is meant, and a misspelling itself");
        }
        files.misspellings.emplace_back(item.name, item.text);
    }
}

}  // namespace

WordFiles read_word_files(const Folder& folder) {
    WordFiles files;
    read_spacing(folder, files);
    read_misspellings(folder, files);
    return files;
}

Texts read_rare(const Folder& folder) {
    const auto text = folder.text(RARE);
    if (!text) return {};
    const std::string_view lines = text->substr(0, text->rfind('\n') + 1);
    Texts rare = Texts::of_lines(lines);
    if (const auto fault = fault_of(lines, rare)) {
        Checked(folder, RARE).refuse("line " + std::to_string(fault->line) + fault->why);
    }
    return rare;
}

}  // namespace foreword::core
