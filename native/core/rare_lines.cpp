#include "rare_lines.hpp"

#include "unicode.hpp"
#include "visible.hpp"

#include <algorithm>

namespace foreword::core {

std::optional<LineFault> fault_of(std::string_view lines, const Texts& words) {
    const auto unsafe = [](std::size_t k) { return LineFault{k + 1, std::string(" holds ") + UNSAFE}; };
    if (const std::size_t nul = lines.find('\0'); nul != lines.npos) {
        return unsafe((std::size_t)std::count(lines.begin(), lines.begin() + (std::ptrdiff_t)nul, '\n'));
    }
    const auto others = words.having([](unsigned char c) { return ((c < 0x20) & (c != 0)) | (c >= 0x7f); });
    for (const std::uint32_t k : others) {
        if (!is_plain(words[k])) return unsafe(k);
    }
    const std::size_t sorted = sorted_prefix(words, others, [](std::string_view word) { return casefold(decoded(word)); });
    if (sorted < words.size()) return LineFault{sorted + 1, " is not in alphabetical order"};
    return std::nullopt;
}

}  // namespace foreword::core
