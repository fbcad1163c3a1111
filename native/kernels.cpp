// The kernels for one instruction set. Compiled once for each, with FOREWORD_ISA as its name.
#include "attention.hpp"
#include "checksum.hpp"
#include "loops.hpp"
#include "rows.hpp"
#include "scan.hpp"
#include "softmax.hpp"
#include "step_forward.hpp"
#include "sums.hpp"

#define FOREWORD_TEXT(name) FOREWORD_QUOTED(name)
#define FOREWORD_QUOTED(name) #name

namespace foreword {
namespace FOREWORD_ISA {

extern const StagedKernels staged_kernels;
extern const Kernels kernels;
const Kernels kernels = {
    FOREWORD_TEXT(FOREWORD_ISA),
    {packed_floats<Float32>, packed_floats<BFloat16>, packed_floats<Int8>},
    find_cell,
    {forward<Float32>, FOREWORD_UNLESS_WASM(forward<BFloat16>), forward<Int8>},
    {FOREWORD_UNLESS_WASM(back<Float32>, back<BFloat16>)},
    FOREWORD_UNLESS_WASM(step),
    {FOREWORD_UNLESS_WASM(sums<Float32>, sums<BFloat16>)},
    {FOREWORD_UNLESS_WASM(softmax<Float32Logits>, softmax<BFloat16Logits>)},
    {FOREWORD_UNLESS_WASM(ranks)},
    FOREWORD_UNLESS_WASM(scan),
    FOREWORD_UNLESS_WASM(scan_back),
    {FloatRows::operand, IntRows::operand},
    {by_table<FloatRows>, by_table<IntRows>},
    IntRows::ZERO != 0,
    shares,
    &staged_kernels,
    FOREWORD_UNLESS_WASM(checksum),
    FOREWORD_UNLESS_WASM(look),
    FOREWORD_UNLESS_WASM(tangents),
};

}  // namespace FOREWORD_ISA
}  // namespace foreword
