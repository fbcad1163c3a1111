// The arguments that Python passes to a kernel: numbers, and tensors with their dtype and shape.
#pragma once

#include <nanobind/nanobind.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace foreword {

enum class Content : std::uint8_t { number, float32, bfloat16, int64 };

// A number, or the address of a tensor's first value; 0 for an absent tensor.
struct Argument {
    std::uintptr_t value = 0;
    Content content = Content::number;
    int dimensions = 0;
    const std::int64_t* shape = nullptr;  // the tensor's own

    std::size_t count() const {
        std::size_t all = 1;
        for (int d = 0; d < dimensions; ++d) all *= (std::size_t)shape[d];
        return all;
    }
};
using Arguments = std::vector<Argument>;

// An argument that the kernel cannot read. In Python it is a RuntimeError, `Misfit`.
struct Misfit : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Sets how torch's tensors are read: by the capsule `torch.Tensor.__dlpack_c_exchange_api__`.
void ask_tensors_by(nanobind::capsule exchange);

// The arguments of a call. Tensors must live as long as these are used.
//
// Throws Misfit where a tensor is not dense, contiguous memory of the CPU with numbers of a kind that
// kernels read. DLPack knows neither negative views nor the length of a storage; Python checks
// these.
Arguments arguments_of(const nanobind::handle& given);

}  // namespace foreword
