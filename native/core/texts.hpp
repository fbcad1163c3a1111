// A list of texts in one buffer, and where each of some texts stands in a list. Knows nothing of what they are.
#pragma once

#include "error.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace foreword::core {

// Takes a third of the memory of as many strings.
class Texts {
  public:
    Texts() = default;

    // `bytes`: of all texts, and a NUL for each.
    void reserve(std::size_t texts, std::size_t bytes) { begins_.reserve(texts + 1), buffer_.reserve(bytes); }
    void add(std::string_view text) {
        buffer_ += text;
        buffer_ += '\0';
        must_fit();
        begins_.push_back((std::uint32_t)buffer_.size());
    }
    // Each of the lines, without what follows the last newline.
    static Texts of_lines(std::string_view lines) {
        Texts texts;
        texts.buffer_ = lines;
        texts.must_fit();
        texts.begins_.reserve((std::size_t)std::count(lines.begin(), lines.end(), '\n') + 1);
        for (std::size_t at = 0; (at = lines.find('\n', at)) != lines.npos;) {
            texts.buffer_[at++] = '\0';
            texts.begins_.push_back((std::uint32_t)at);
        }
        texts.buffer_.resize(texts.begins_.back());
        return texts;
    }
    // Gives back the memory that is reserved for more texts.
    void shrink_to_fit() {
        buffer_.shrink_to_fit();
        begins_.shrink_to_fit();
    }
    std::size_t size() const { return begins_.size() - 1; }
    // A NUL stands behind it.
    std::string_view operator[](std::size_t k) const {
        return {buffer_.data() + begins_[k], begins_[k + 1] - begins_[k] - 1};
    }

    // See `first_bytes`.
    std::uint64_t first_bytes_of(std::size_t k) const { return first_bytes((*this)[k], buffer_.size() - begins_[k]); }
    // The positions of the texts that have a byte of a kind. NUL is of no kind.
    template <class IsOfKind>
    std::vector<std::uint32_t> having(IsOfKind&& is_of_kind) const {
        constexpr std::size_t BLOCK = 64;
        std::vector<std::uint32_t> found;
        std::uint32_t text = 0;
        for (std::size_t begin = 0; begin < buffer_.size(); begin += BLOCK) {
            const std::size_t end = std::min(begin + BLOCK, buffer_.size());
            unsigned char has_any = 0;  // without a branch for each byte, so that many are looked at together
            for (std::size_t at = begin; at < end; ++at) has_any |= (unsigned char)is_of_kind(buffer_[at]);
            for (std::size_t at = begin; has_any != 0 && at < end; ++at) {
                if (!is_of_kind(buffer_[at])) continue;
                while (begins_[text + 1] <= at) ++text;
                if (found.empty() || found.back() != text) found.push_back(text);
                at = begins_[text + 1] - 1;
            }
        }
        return found;
    }

  private:
    void must_fit() const {
        if (buffer_.size() > UINT32_MAX) throw_error("there are too many words: together they have more than 4 GB");
    }

    std::string buffer_;
    std::vector<std::uint32_t> begins_ = {0};  // (texts + 1): where each begins
};

// The number of first texts that are in the order of their folds; equal folds in that of the texts. The fold of a text has
// small letters for A to Z, unless the text is one of the `others`, which rise.
template <class Fold>
std::size_t sorted_prefix(const Texts& texts, const std::vector<std::uint32_t>& others, Fold&& fold) {
    auto other = others.begin();
    bool was_other = false;
    std::uint64_t first_before = 0;
    for (std::size_t k = 0; k < texts.size(); ++k) {
        const bool is_other = other != others.end() && *other == k;
        if (is_other) ++other;
        const std::uint64_t first = small_bytes(texts.first_bytes_of(k));
        // Mostly the first bytes decide.
        if (k > 0 && (is_other || was_other || first <= first_before)) {
            const std::string_view text = texts[k], before = texts[k - 1];
            const int order = is_other || was_other ? fold(before).compare(fold(text)) : small_order(before, text);
            if (order > 0 || (order == 0 && text < before)) return k;
        }
        was_other = is_other, first_before = first;
    }
    return texts.size();
}

// A number that equal texts share, and hardly any two others of a list.
inline std::uint64_t hash_of(std::string_view text) {
    constexpr std::uint64_t ODD = 0x9e3779b97f4a7c15u;
    std::uint64_t hash = text.size();
    const auto mix = [&](std::uint64_t bytes) {
        hash = (hash ^ bytes) * ODD;
        hash ^= hash >> 32;
    };
    std::size_t at = 0;
    for (std::uint64_t bytes; text.size() - at >= sizeof bytes; at += sizeof bytes) {
        std::memcpy(&bytes, text.data() + at, sizeof bytes);
        mix(bytes);
    }
    std::uint64_t rest = 0;
    for (; at < text.size(); ++at) rest = rest << 8 | (unsigned char)text[at];
    mix(rest);
    return hash;
}

// The positions of texts in a list, found by their hashes.
class Positions {
  public:
    // Before any is added.
    void reserve(std::size_t texts) {
        while (2 * slots_.size() < 3 * texts) slots_.resize(2 * slots_.size());
    }
    // Adds the last text of a list, of which all others have been added; false if an equal one is there.
    bool add_last(const Texts& texts) {
        if (2 * slots_.size() < 3 * texts.size()) grow(texts);
        std::uint32_t& slot = slots_[slot_of(texts[texts.size() - 1], texts)];
        if (slot != 0) return false;
        slot = (std::uint32_t)texts.size();
        return true;
    }
    std::optional<std::uint32_t> find(std::string_view text, const Texts& texts) const {
        const std::uint32_t found = slots_[slot_of(text, texts)];
        return found != 0 ? std::optional(found - 1) : std::nullopt;
    }

  private:
    // Of the text, or the free one for it.
    std::size_t slot_of(std::string_view text, const Texts& texts) const {
        std::size_t slot = (std::size_t)hash_of(text) & (slots_.size() - 1);
        while (slots_[slot] != 0 && texts[slots_[slot] - 1] != text) slot = (slot + 1) & (slots_.size() - 1);
        return slot;
    }
    void grow(const Texts& texts) {
        std::vector<std::uint32_t> before(2 * slots_.size());
        before.swap(slots_);
        for (const std::uint32_t position : before) {
            if (position != 0) slots_[slot_of(texts[position - 1], texts)] = position;
        }
    }

    std::vector<std::uint32_t> slots_ = std::vector<std::uint32_t>(4);  // positions + 1; 0: none
};

}  // namespace foreword::core
