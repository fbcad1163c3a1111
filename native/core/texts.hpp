// A list of texts in one buffer, and where each of some texts stands in a list. Knows nothing of what they are.
#pragma once

#include "error.hpp"

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
    Texts(const std::vector<std::string>& texts) {
        for (const std::string& text : texts) add(text);
    }

    // `bytes`: of all texts together.
    void reserve(std::size_t texts, std::size_t bytes) {
        buffer_.reserve(bytes + texts);
        begins_.reserve(texts + 1);
    }
    void add(std::string_view text) {
        buffer_ += text;
        buffer_ += '\0';
        if (buffer_.size() > UINT32_MAX) throw_error("there are too many words: together they have more than 4 GB");
        begins_.push_back((std::uint32_t)buffer_.size());
    }
    std::size_t size() const { return begins_.size() - 1; }
    // A NUL stands behind it.
    std::string_view operator[](std::size_t k) const {
        return {buffer_.data() + begins_[k], begins_[k + 1] - begins_[k] - 1};
    }

  private:
    std::string buffer_;
    std::vector<std::uint32_t> begins_ = {0};  // (texts + 1): where each begins
};

// The positions of texts in a list, found by their hashes.
class Positions {
  public:
    Positions() = default;
    // Of as many texts.
    explicit Positions(std::size_t count) {
        std::size_t size = 4;
        while (size < 2 * count) size *= 2;
        slots_.resize(size);
    }

    // Adds the text at a position; false if an equal one is there. `at`: the text at each position.
    template <class At>
    bool add(std::size_t position, At&& at) {
        std::uint32_t& slot = slots_[slot_of(at(position), at)];
        if (slot != 0) return false;
        slot = (std::uint32_t)position + 1;
        return true;
    }
    template <class At>
    std::optional<std::uint32_t> find(std::string_view text, At&& at) const {
        const std::uint32_t found = slots_[slot_of(text, at)];
        return found != 0 ? std::optional(found - 1) : std::nullopt;
    }

  private:
    // Of the text, or the free one for it.
    template <class At>
    std::size_t slot_of(std::string_view text, At&& at) const {
        std::size_t slot = std::hash<std::string_view>{}(text) & (slots_.size() - 1);
        while (slots_[slot] != 0 && at(slots_[slot] - 1) != text) slot = (slot + 1) & (slots_.size() - 1);
        return slot;
    }

    std::vector<std::uint32_t> slots_;  // positions + 1; 0: none
};

}  // namespace foreword::core
