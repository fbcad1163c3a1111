#include "vocabulary.hpp"

#include "error.hpp"
#include "json.hpp"
#include "letter_case.hpp"
#include "visible.hpp"

#include <algorithm>
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
        bytes += word.name.size();
    }
    for (const auto& [special, id] : {std::pair(UNK, UNK_ID), std::pair(EOS, EOS_ID)}) {
        if (count <= (std::size_t)id || by_id[(std::size_t)id]->name != special) {
            throw_error(wrong(": " + std::string(special) + " has not the id " + std::to_string(id)));
        }
    }
    words_.reserve(count, bytes);
    ids_ = Positions(count);
    const auto word_at = [&](std::size_t id) { return words_[id]; };
    for (std::size_t id = 0; id < count; ++id) {
        words_.add(by_id[id]->name);
        ids_.add(id, word_at);  // the JSON has no name twice
    }
}

std::optional<std::uint32_t> Vocabulary::id(std::string_view wanted) const {
    return ids_.find(wanted, [&](std::size_t id) { return words_[id]; });
}

}  // namespace foreword::core
