// Which text can be shown unchanged anywhere, on one line; `foreword.visible` in Python says why.
#pragma once

#include <string_view>

namespace foreword::core {

// The description of refused characters in messages.
constexpr const char* UNSAFE = "a character that a terminal would obey, or that nobody sees";

// Of UTF-8; the same as `foreword.visible.is_plain`.
bool is_plain(std::string_view text);

}  // namespace foreword::core
