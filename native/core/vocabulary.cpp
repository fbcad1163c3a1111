#include "vocabulary.hpp"

#include "error.hpp"
#include "json.hpp"
#include "letter_case.hpp"
#include "visible.hpp"

#include <algorithm>
#include <functional>
#include <iterator>

namespace foreword::core {

namespace {

constexpr std::string_view UNK = "<unk>", EOS = "<eos>";

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

Vocabulary::Vocabulary(std::string_view json, const TokenizerSettings& settings, const std::string& file) {
    const Json document(json, file);
    const Value* const model = document.root().find("model");
    const Value* const words = model ? model->find("vocab") : nullptr;
    const auto wrong = [&](const std::string& why) { return file + why + RESTORE; };
    if (!words || !words->is(Value::OBJECT)) throw_error(wrong(" has no vocabulary"));

    const std::pair<std::string_view, std::string> expected[] = {
        {"version", "\"1.0\""}, {"truncation", "null"}, {"padding", "null"}, {"added_tokens", "[]"},
        {"normalizer", normalizer(settings)}, {"pre_tokenizer", "{\"type\": \"WhitespaceSplit\"}"},
        {"post_processor", "null"}, {"decoder", "null"}};
    const auto other = [&](std::string_view key) {
        return wrong(" was not written by Foreword for this model: its " + std::string(key) +
                     " differs from what it would have written");
    };
    for (const auto& [key, text] : expected) {
        std::string found;
        if (const Value* const value = document.root().find(key)) append_canonical(found, *value);
        if (found != text) throw_error(other(key));
    }
    if (document.root().items.size() != std::size(expected) + 1) throw_error(other("list of keys"));
    const Value *const type = model->find("type"), *const unknown = model->find("unk_token");
    const bool is_whole = model->items.size() == 3 && type && unknown && type->is(Value::STRING);
    if (!is_whole || type->text != "WordLevel" || !unknown->is(Value::STRING) || unknown->text != UNK) {
        throw_error(other("model"));
    }

    const std::size_t count = words->items.size();
    std::vector<const Value*> by_id(count);
    std::size_t bytes = 0;
    for (const Value& word : words->items) {
        const auto id = word.whole();
        if (!id || *id < 0 || (std::size_t)*id >= count || by_id[(std::size_t)*id]) {
            throw_error(wrong(": the words' ids are not 0 to " + std::to_string((std::ptrdiff_t)count - 1)));
        }
        if (!is_plain(word.name)) {
            throw_error(wrong(": the word with the id " + std::to_string(*id) + " holds " + UNSAFE));
        }
        by_id[(std::size_t)*id] = &word;
        bytes += word.name.size() + 1;
    }
    for (const auto& [special, id] : {std::pair(UNK, UNK_ID), std::pair(EOS, EOS_ID)}) {
        if (count <= (std::size_t)id || by_id[(std::size_t)id]->name != special) {
            throw_error(wrong(": " + std::string(special) + " has not the id " + std::to_string(id)));
        }
    }
    if (bytes > UINT32_MAX) throw_error(wrong(" has too many words"));
    text_.reserve(bytes);
    begins_.reserve(count + 1);
    std::size_t size = 4;
    while (size < 2 * count) size *= 2;
    table_.resize(size);
    for (std::size_t id = 0; id < count; ++id) {
        begins_.push_back((std::uint32_t)text_.size());
        text_ += by_id[id]->name;
        text_ += '\0';
    }
    begins_.push_back((std::uint32_t)text_.size());
    for (std::size_t id = 0; id < count; ++id) table_[slot_of(by_id[id]->name)] = (std::uint32_t)id + 1;
}

// The position of the word in the table, or the free one for it.
std::size_t Vocabulary::slot_of(std::string_view wanted) const {
    std::size_t slot = std::hash<std::string_view>{}(wanted) & (table_.size() - 1);
    while (table_[slot] != 0 && word(table_[slot] - 1) != wanted) slot = (slot + 1) & (table_.size() - 1);
    return slot;
}

std::optional<std::uint32_t> Vocabulary::id(std::string_view wanted) const {
    const std::uint32_t found = table_[slot_of(wanted)];
    return found ? std::optional(found - 1) : std::nullopt;
}

}  // namespace foreword::core
