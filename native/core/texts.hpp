// A list of texts in one buffer, and where each of some texts stands in a list. Knows nothing of what they are.
#pragma once

#include "error.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace foreword::core {

// Takes a third of the memory of as many strings.
class Texts {
  public:
    Texts() = default;

    // `bytes`: of all texts together.
    void reserve(std::size_t texts, std::size_t bytes) {
        buffer_.reserve(bytes + texts);
        begins_.reserve(texts + 1);
    }
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

  private:
    void must_fit() const {
        if (buffer_.size() > UINT32_MAX) throw_error("there are too many words: together they have more than 4 GB");
    }

    std::string buffer_;
    std::vector<std::uint32_t> begins_ = {0};  // (texts + 1): where each begins
};

// The positions of texts in a list, found by their hashes.
class Positions {
  public:
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
        std::size_t slot = std::hash<std::string_view>{}(text) & (slots_.size() - 1);
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
