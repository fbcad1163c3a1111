#include "tokenizer_file.hpp"

#include "error.hpp"
#include "json.hpp"
#include "letter_case.hpp"
#include "visible.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace foreword::core {

namespace {

constexpr std::size_t SHORTEST = 5;  // bytes of a word with its id: "":0,

// The content that Foreword writes beside the vocabulary, in the canonical form.
std::string normalizer(const TokenizerSettings& settings) {
    const auto replace = [](const char* from, const char* to) {
        return std::string("{\"content\": \"") + to + "\", \"pattern\": {\"String\": \"" + from +
               "\"}, \"type\": \"Replace\"}, ";
    };
    std::string steps;
    if (settings.case_ == "fold") {
        if (LetterCase(settings.language).is_dotless()) {
            steps += replace("I\\u0307", "i") + replace("\\u0130", "i") + replace("I", "\\u0131");
        }
        steps += "{\"type\": \"Lowercase\"}, ";
    }
    steps += "{\"type\": \"NFC\"}, ";
    if (settings.words == "unicode") steps += replace("\\u2019", "'");
    steps.resize(steps.size() - 2);
    return "{\"normalizers\": [" + steps + "], \"type\": \"Sequence\"}";
}

// Reads tokenizer.json member by member, since a tree of it would be ten times as large as the vocabulary.
class TokenizerFile {
  public:
    // `expected`: the number of words, for which memory is reserved if the text can have so many.
    TokenizerFile(std::string_view json, std::size_t expected, const std::string& file)
        : file_(file), json_(json), expected_(std::min(expected, json.size() / SHORTEST)), reader_(json, file) {
        if (reader_.is_object()) {
            read_object(document_, [&](std::string_view name) {
                if (name != "model" || !reader_.is_object()) return false;
                read_object(model_, [&](std::string_view name) { return name == "vocab" && read_words(); });
                return true;
            });
        } else {
            reader_.value();
        }
        reader_.end();
        if (!vocabulary_) throw_error(wrong(" has no vocabulary"));
    }

    void check(const TokenizerSettings& settings) const {
        const std::pair<std::string_view, std::string> expected[] = {
            {"version", "\"1.0\""}, {"truncation", "null"}, {"padding", "null"}, {"added_tokens", "[]"},
            {"normalizer", normalizer(settings)}, {"pre_tokenizer", "{\"type\": \"WhitespaceSplit\"}"},
            {"post_processor", "null"}, {"decoder", "null"}};
        for (const auto& [key, text] : expected) {
            std::string found;
            if (const Value* const value = document_.find(key)) append_canonical(found, *value);
            if (found != text) throw_error(other(key));
        }
        if (document_.items.size() != std::size(expected)) throw_error(other("list of keys"));
        const auto is = [&](std::string_view name, std::string_view text) {
            const Value* const value = model_.find(name);
            return value && value->is(Value::STRING) && value->text == text;
        };
        if (model_.items.size() != 2 || !is("type", "WordLevel") || !is("unk_token", UNK)) throw_error(other("model"));
    }

    // The words by their ids.
    SharedVocabulary vocabulary() const {
        const std::size_t count = ids_.size();
        std::vector<std::uint32_t> by_id(count, (std::uint32_t)count);  // positions in the file
        for (std::size_t k = 0; k < count; ++k) {
            const std::int64_t id = ids_[k];
            if (id < 0 || (std::size_t)id >= count || by_id[(std::size_t)id] != count) {
                throw_error(wrong(": the words' ids are not 0 to " + std::to_string((std::ptrdiff_t)count - 1)));
            }
            if (!is_plain((*vocabulary_)[k])) {
                throw_error(wrong(": the word with the id " + std::to_string(id) + " holds " + UNSAFE));
            }
            by_id[(std::size_t)id] = (std::uint32_t)k;
        }
        for (const auto& [special, id] : {std::pair(UNK, UNK_ID), std::pair(EOS, EOS_ID)}) {
            if (count <= (std::size_t)id || (*vocabulary_)[by_id[(std::size_t)id]] != special) {
                throw_error(wrong(": " + std::string(special) + " has not the id " + std::to_string(id)));
            }
        }
        if (std::is_sorted(by_id.begin(), by_id.end())) return vocabulary_;
        const auto sorted = std::make_shared<Vocabulary>();
        for (const std::uint32_t k : by_id) sorted->add((*vocabulary_)[k]);
        return sorted;
    }

  private:
    // Reads an object's members into `object`, except for those that `reads` reads.
    template <class Reads>
    void read_object(Value& object, Reads&& reads) {
        object.kind = Value::OBJECT;
        std::set<std::string_view> names;
        reader_.object([&](std::string_view name) {
            if (!reads(name)) {
                object.items.push_back(reader_.value());
                object.items.back().name = name;
            }
            return names.insert(name).second;
        });
    }

    bool read_words() {
        if (!reader_.is_object()) return false;
        const auto words = std::make_shared<Vocabulary>();
        words->reserve(expected_, json_.size());
        ids_.reserve(expected_);
        reader_.object([&](std::string_view word) {
            ids_.push_back(reader_.whole().value_or(-1));
            return words->add(word);
        });
        words->shrink_to_fit();
        vocabulary_ = words;
        return true;
    }

    std::string wrong(const std::string& why) const { return file_ + why + RESTORE; }
    std::string other(std::string_view key) const {
        return wrong(" was not written by Foreword for this model: its " + std::string(key) +
                     " differs from what it would have written");
    }

    const std::string& file_;
    std::string_view json_;
    std::size_t expected_;
    JsonReader reader_;
    Value document_, model_;  // without the model, and without its words
    std::vector<std::int64_t> ids_;
    SharedVocabulary vocabulary_;  // in the file's order
};

}  // namespace

bool is_language(std::string_view code) {
    constexpr std::size_t MOST_PARTS = 4;
    std::size_t at = 0;
    for (std::size_t part = 0; part < MOST_PARTS; ++part) {
        const std::size_t first = at;
        const auto is_letter = [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
        const auto may_stand = [&](char c) { return is_letter(c) || (part > 0 && c >= '0' && c <= '9'); };
        while (at < code.size() && may_stand(code[at])) ++at;
        if (at - first < 2 || at - first > (part == 0 ? 3u : 8u)) break;
        if (at == code.size()) return true;
        if (code[at] != '-' && code[at] != '_') break;
        ++at;
    }
    return code.empty();
}

SharedVocabulary read_vocabulary(std::string_view json, const TokenizerSettings& settings, std::size_t expected,
                                 const std::string& file) {
    const TokenizerFile read(json, expected, file);
    read.check(settings);
    return read.vocabulary();
}

}  // namespace foreword::core
