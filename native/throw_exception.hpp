// How native code throws. WebAssembly is compiled without exceptions: there JavaScript throws an Error with the
// message, which leaves the library without running any destructor.
#pragma once

#include <cstddef>
#include <cstring>

#if !defined(__cpp_exceptions)
extern "C" [[noreturn]] __attribute__((import_module("foreword"), import_name("throw"))) void foreword_throw(
    const char* message, std::size_t bytes);
#endif

namespace foreword {

template <class Exception>
[[noreturn]] void throw_exception(const Exception& exception) {
#if defined(__cpp_exceptions)
    throw exception;
#else
    foreword_throw(exception.what(), std::strlen(exception.what()));
#endif
}

}  // namespace foreword
