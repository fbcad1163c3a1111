// The kernels for one instruction set. Compiled once for each, with FOREWORD_ISA as its name.
#include "checksum.hpp"
#include "elman.hpp"
#include "gru.hpp"
#include "lstm.hpp"
#include "rows.hpp"
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
    {lstm<Float32>, lstm<BFloat16>, lstm<Int8>},
    {lstm_back<Float32>, lstm_back<BFloat16>},
    {gru<Float32>, gru<BFloat16>, gru<Int8>},
    {gru_back<Float32>, gru_back<BFloat16>},
    {elman<Float32>, elman<BFloat16>, elman<Int8>},
    {elman_back<Float32>, elman_back<BFloat16>},
    step,
    {sums<Float32>, sums<BFloat16>},
    {softmax<Float32Logits>, softmax<BFloat16Logits>},
    ranks,
    {FloatRows::operand, IntRows::operand},
    {by_table<FloatRows>, by_table<IntRows>},
    shares,
    &staged_kernels,
    checksum,
};

}  // namespace FOREWORD_ISA
}  // namespace foreword
