// The kernels for one instruction set. Compiled once for each, with FOREWORD_ISA as its name.
#include "elman.hpp"
#include "gru.hpp"
#include "lstm.hpp"
#include "sums.hpp"

#define FOREWORD_TEXT(name) FOREWORD_QUOTED(name)
#define FOREWORD_QUOTED(name) #name

namespace foreword {
namespace FOREWORD_ISA {

extern const Kernels kernels;
const Kernels kernels = {FOREWORD_TEXT(FOREWORD_ISA), lstm, lstm_back, gru, gru_back, elman,
                         elman_back, sums, LANES, DEPTH, HEIGHT};

}  // namespace FOREWORD_ISA
}  // namespace foreword
