// An array in memory that belongs to somebody else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace foreword::core {

struct Tensor {
    enum Type { FLOAT32, INT8, INT16, INT32, INT64 };

    Type type = FLOAT32;
    std::vector<std::int64_t> shape;
    const std::uint8_t* data = nullptr;  // aligned as its type wants
    std::size_t bytes = 0;
    std::size_t room = 0;  // bytes behind them that may be read, too

    std::size_t count() const {
        std::size_t all = 1;
        for (const std::int64_t size : shape) all *= (std::size_t)size;
        return all;
    }
    std::size_t item_size() const;  // in bytes
    const char* type_name() const;  // numpy's
    std::string shape_text() const;  // as Python writes a tuple
    const float* floats() const { return reinterpret_cast<const float*>(data); }
    const std::int8_t* ints() const { return reinterpret_cast<const std::int8_t*>(data); }
};

}  // namespace foreword::core
