// The core's exception. The C interface turns it into text.
#pragma once

#include "../throw_exception.hpp"

#include <stdexcept>
#include <string>

namespace foreword::core {

// Its message is for the person who reads it: what was wrong, where, and what to do.
struct Error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

[[noreturn]] inline void throw_error(const std::string& message) { throw_exception(Error(message)); }

// The end of messages on files of a model folder.
constexpr const char* RESTORE = ". Restore it from where it came from, or train the model anew.";

}  // namespace foreword::core
