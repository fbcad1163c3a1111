// The staged kernels for one instruction set. Compiled once for each, with FOREWORD_ISA as its name.
#include "staged_back.hpp"
#include "staged_step.hpp"

namespace foreword {
namespace FOREWORD_ISA {

extern const StagedKernels staged_kernels;
const StagedKernels staged_kernels = {
    {staged<Float32>, FOREWORD_UNLESS_WASM(staged<BFloat16>, staged<Int8>)},
    {FOREWORD_UNLESS_WASM(staged_back<Float32>, staged_back<BFloat16>)},
    FOREWORD_UNLESS_WASM(staged_step),
};

}  // namespace FOREWORD_ISA
}  // namespace foreword
